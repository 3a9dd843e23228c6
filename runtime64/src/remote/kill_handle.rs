//! Terminates a running worker from any thread, also while another one waits for it, and records the reason.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::process::Process;
use super::watchdog::Alarm;

/// The reason why the host has terminated a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillReason {
    /// It exceeded its deadline.
    Expired = 1,
    /// Its work was interrupted.
    Interrupted = 2,
    /// A script requested it.
    Dismissed = 3,
}

/// The process of a running worker, and the reason for its end.
#[derive(Debug)]
pub(super) struct KillHandle {
    pub(super) process: Process,
    pub(super) alarm: Alarm,
    /// The first [`KillReason`], or 0.
    kill_reason: AtomicU8,
    /// Whether a thread is currently waiting for the worker's answer.
    is_awaited: AtomicBool,
}

impl KillHandle {
    fn new(process: Process) -> Self {
        Self { process, alarm: Alarm::default(), kill_reason: AtomicU8::new(0), is_awaited: AtomicBool::new(false) }
    }

    /// Terminates the worker at once. Only the first reason is kept.
    pub(super) fn kill(&self, why: KillReason) {
        // A waiting thread learns of the end from the process, and then reads the reason; so the reason is stored
        // first.
        let _ = self.kill_reason.compare_exchange(0, why as u8, Ordering::AcqRel, Ordering::Acquire);
        self.process.kill();
    }

    /// The reason why the host has terminated it, if it has.
    pub(super) fn kill_reason(&self) -> Option<KillReason> {
        let kill_reason = self.kill_reason.load(Ordering::Acquire);
        [KillReason::Expired, KillReason::Interrupted, KillReason::Dismissed]
            .into_iter()
            .find(|known| *known as u8 == kill_reason)
    }

    /// Records whether a thread waits for the answer.
    #[inline]
    pub(super) fn set_awaited(&self, is_awaited: bool) {
        self.is_awaited.store(is_awaited, Ordering::Relaxed);
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited.load(Ordering::Relaxed)
    }
}

/// A worker's kill handle, held by its owner: once dropped, the process has ended, though another thread may be
/// accessing it at that time.
#[derive(Debug)]
pub(super) struct OwnedKillHandle(Arc<KillHandle>);

impl OwnedKillHandle {
    pub(super) fn of(process: Process) -> Self {
        Self(Arc::new(KillHandle::new(process)))
    }
}

impl Deref for OwnedKillHandle {
    type Target = Arc<KillHandle>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for OwnedKillHandle {
    fn drop(&mut self) {
        self.0.process.end();
    }
}
