//! Terminating a running worker from any thread, while another one waits for it, with a reason.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::process::Process;
use super::watchdog::Alarm;

/// The reason why the host has terminated a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It exceeded its deadline.
    Expired = 1,
    /// Its work was interrupted.
    Interrupted = 2,
    /// A script requested it.
    Dismissed = 3,
}

/// The process of a running worker, and the reason for its end.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) process: Process,
    pub(super) alarm: Alarm,
    /// The first [`Ending`], or 0.
    ending: AtomicU8,
    /// Whether a thread is currently waiting for the worker's answer.
    is_awaited: AtomicBool,
}

impl Control {
    fn new(process: Process) -> Self {
        Self { process, alarm: Alarm::default(), ending: AtomicU8::new(0), is_awaited: AtomicBool::new(false) }
    }

    /// Terminates the worker at once. Only the first reason is kept.
    pub(super) fn end(&self, why: Ending) {
        // A waiting thread learns of the end from the process, and then reads the reason; so the reason is stored
        // first.
        let _ = self.ending.compare_exchange(0, why as u8, Ordering::AcqRel, Ordering::Acquire);
        self.process.kill();
    }

    /// The reason why the host has terminated it, if it has.
    pub(super) fn ending(&self) -> Option<Ending> {
        let ending = self.ending.load(Ordering::Acquire);
        [Ending::Expired, Ending::Interrupted, Ending::Dismissed].into_iter().find(|known| *known as u8 == ending)
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

/// A worker's control, held by its owner: once dropped, the process has ended, though another thread may be accessing
/// it at that time.
#[derive(Debug)]
pub(super) struct OwnedControl(Arc<Control>);

impl OwnedControl {
    pub(super) fn of(process: Process) -> Self {
        Self(Arc::new(Control::new(process)))
    }
}

impl Deref for OwnedControl {
    type Target = Arc<Control>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for OwnedControl {
    fn drop(&mut self) {
        self.0.process.end();
    }
}
