//! Interrupting workers and Lua code from another thread.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::kill_handle::{KillHandle, KillReason};
use super::watchdog;

/// When to check again after a request: a thread that was about to wait may not have been visible as waiting.
const LOOKS: [Duration; 3] = [Duration::from_millis(2), Duration::from_millis(20), Duration::from_millis(200)];

/// Interrupts the workers of one Lua state, and asks the code that runs Lua to stop. Clones share their state.
///
/// A request is met once: by the call in progress, whose worker is terminated, or else by the next call. If code has
/// met a request and continued, the next request is final: it is met again and again until it is
/// [cleared](Self::clear).
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<InterruptFlags>);

#[derive(Debug, Default)]
struct InterruptFlags {
    is_requested: AtomicBool,
    /// Whether a request was met since the last [`clear`](Interrupt::clear).
    was_met: AtomicBool,
    is_final: AtomicBool,
    /// Whether a worker was terminated for the last request: the thread that waits for it will notice.
    is_under_way: AtomicBool,
    /// The deadline of the running code, as a moment of the [watchdog]; 0 if there is none.
    deadline: AtomicU64,
    running: Mutex<Vec<Weak<KillHandle>>>,
    /// Notified when a request is made or met.
    changed: Condvar,
}

impl Interrupt {
    /// Requests an interrupt, from any thread, without waiting for it to take effect.
    pub fn request(&self) {
        if self.0.was_met.load(Ordering::SeqCst) {
            self.0.is_final.store(true, Ordering::SeqCst);
        }
        self.0.is_under_way.store(false, Ordering::SeqCst);
        self.0.is_requested.store(true, Ordering::SeqCst);
        self.end_awaited();
        for pause in LOOKS {
            let again = self.clone();
            watchdog::after(pause, move || again.end_awaited());
        }
    }

    /// Whether a request was made that is not met yet.
    #[inline]
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.is_requested.load(Ordering::Relaxed)
    }

    /// Whether all code meets the request until it is cleared.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.0.is_final.load(Ordering::SeqCst)
    }

    /// Meets the request. Returns whether there was one.
    pub fn take(&self) -> bool {
        if self.is_final() {
            return true;
        }
        let was_requested = self.0.is_requested.swap(false, Ordering::SeqCst);
        if was_requested {
            self.0.was_met.store(true, Ordering::SeqCst);
            self.tell();
        }
        was_requested
    }

    /// Discards all requests, when the interruptible code has ended or not begun yet.
    pub fn clear(&self) {
        if !self.is_requested() && !self.0.was_met.load(Ordering::Relaxed) {
            return;
        }
        for flag in [&self.0.is_final, &self.0.was_met, &self.0.is_requested] {
            flag.store(false, Ordering::SeqCst);
        }
        self.tell();
    }

    /// Waits for `length`, or until an interrupt is requested. Returns whether one was, and meets that request.
    #[must_use]
    pub fn pause(&self, length: Duration) -> bool {
        let waited = self.0.changed.wait_timeout_while(self.running(), length, |_| !self.is_requested());
        drop(waited);
        self.is_requested() && self.take()
    }

    /// Waits, for at most `limit`, until the request has been met or a worker was terminated for it. Returns whether
    /// that happened.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> bool {
        let is_unheard = || self.is_requested() && !self.0.is_under_way.load(Ordering::SeqCst);
        let waited = self.0.changed.wait_timeout_while(self.running(), limit, |_| is_unheard());
        drop(waited);
        !is_unheard()
    }

    /// Sets the deadline of the running code: the one of a call whose callback runs. It applies to all calls made
    /// meanwhile.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.0.deadline.store(deadline.map_or(0, watchdog::moment), Ordering::Relaxed);
    }

    /// The deadline of the running code, if there is one.
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.0.deadline.load(Ordering::Relaxed) {
            0 => None,
            moment => watchdog::instant(moment),
        }
    }

    /// Adds a worker to those whose calls an interrupt ends.
    pub(super) fn watch(&self, kill_handle: &Arc<KillHandle>) {
        let mut running = self.running();
        running.retain(|known| known.strong_count() > 0);
        running.push(Arc::downgrade(kill_handle));
    }

    /// Terminates the workers that a thread waits for, if the request has not been met meanwhile.
    fn end_awaited(&self) {
        if !self.is_requested() {
            return;
        }
        let running = self.running();
        for kill_handle in running.iter().filter_map(Weak::upgrade).filter(|kill_handle| kill_handle.is_awaited()) {
            kill_handle.kill(KillReason::Interrupted);
            self.0.is_under_way.store(true, Ordering::SeqCst);
        }
        self.0.changed.notify_all();
    }

    /// Wakes the threads that wait for a change. A thread that has just read the flags holds the lock until it sleeps.
    fn tell(&self) {
        let running = self.running();
        self.0.changed.notify_all();
        drop(running);
    }

    fn running(&self) -> MutexGuard<'_, Vec<Weak<KillHandle>>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Long enough that a test has failed if it waits for this time.
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_request_is_met_once_and_the_next_one_for_good() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.take());
        interrupt.request();
        assert!(interrupt.is_requested() && !interrupt.is_final());
        assert!(interrupt.take());
        assert!(!interrupt.take());
        interrupt.request();
        assert!(interrupt.is_final());
        assert!(interrupt.take() && interrupt.take() && interrupt.is_requested());
        interrupt.clear();
        assert!(!interrupt.is_requested() && !interrupt.is_final() && !interrupt.take());
        interrupt.request();
        assert!(!interrupt.is_final());
    }

    #[test]
    fn a_request_ends_a_pause() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.pause(Duration::ZERO));
        let paused = thread::scope(|scope| {
            let paused = scope.spawn(|| interrupt.pause(LONG));
            interrupt.request();
            paused.join()
        });
        assert!(paused.expect("no panic"));
        assert!(!interrupt.is_requested());
    }

    #[test]
    fn meeting_a_request_ends_the_wait_for_that() {
        let interrupt = Interrupt::default();
        assert!(interrupt.wait(Duration::ZERO));
        interrupt.request();
        assert!(!interrupt.wait(Duration::ZERO));
        let met = thread::scope(|scope| {
            let met = scope.spawn(|| interrupt.wait(LONG));
            interrupt.take();
            met.join()
        });
        assert!(met.expect("no panic"));
    }
}
