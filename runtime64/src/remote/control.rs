//! What any thread may do to a worker that runs, while another one waits for it: end it, and say why.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::alarm::Alarm;
use super::process::Process;

/// Why the host has ended a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// What it did took longer than it was given.
    Expired = 1,
    /// Somebody interrupted what it did.
    Interrupted = 2,
    /// A script asked for it.
    Dismissed = 3,
}

/// The process of a worker that runs, and what is known of its end.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) process: Process,
    pub(super) alarm: Alarm,
    /// The first [`Ending`], or 0.
    ending: AtomicU8,
    /// Whether a thread waits for the worker's answer at this moment.
    is_awaited: AtomicBool,
}

impl Control {
    fn new(process: Process) -> Self {
        Self { process, alarm: Alarm::default(), ending: AtomicU8::new(0), is_awaited: AtomicBool::new(false) }
    }

    /// Ends the worker now, whatever it does. The first reason counts.
    pub(super) fn end(&self, why: Ending) {
        // Whoever waits learns of the end by the process, and then reads the reason: it comes first.
        let _ = self.ending.compare_exchange(0, why as u8, Ordering::AcqRel, Ordering::Acquire);
        self.process.kill();
    }

    /// Why the host has ended it, if it has.
    pub(super) fn ending(&self) -> Option<Ending> {
        let ending = self.ending.load(Ordering::Acquire);
        [Ending::Expired, Ending::Interrupted, Ending::Dismissed].into_iter().find(|known| *known as u8 == ending)
    }

    /// Says whether a thread waits for the answer.
    #[inline]
    pub(super) fn set_awaited(&self, is_awaited: bool) {
        self.is_awaited.store(is_awaited, Ordering::Relaxed);
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited.load(Ordering::Relaxed)
    }
}

/// A worker's control in the hands of who runs it: dropped, the process has ended, though another thread may look at it at that
/// moment.
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
