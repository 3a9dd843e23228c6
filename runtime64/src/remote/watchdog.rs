//! The watchdog: one thread that enforces deadlines for all workers of the process.
//!
//! A call blocks its thread, so another thread watches the time. Setting an alarm is a store in the path of a call; the
//! watchdog is woken only if it would otherwise check too late. It decides by the state at the time of the check: a
//! call that has returned has withdrawn its alarm.

use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::kill_handle::{KillHandle, KillReason};
use super::lasting_thread::no_thread;

/// A time in microseconds since the first one requested; 0 means none.
type Moment = u64;

/// The time at which a worker is terminated unless it finishes its work before.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    due: AtomicU64,
    /// The time of the watchdog's next planned check of this alarm; it may check more often.
    looked_at: AtomicU64,
}

/// The value of `due` once an alarm has fired: the worker is being terminated.
const FIRED: Moment = Moment::MAX;

/// An alarm that was set. Dropping it withdraws it and restores the previous one.
#[derive(Debug)]
pub struct Deadline {
    kill_handle: Arc<KillHandle>,
    before: Moment,
}

impl Deadline {
    /// Terminates a worker at a given time, unless an earlier alarm does.
    pub(super) fn new(kill_handle: &Arc<KillHandle>, at: Instant) -> Self {
        let alarm = &kill_handle.alarm;
        let before = alarm.due.load(Ordering::Relaxed);
        let due = if before == 0 { moment(at) } else { moment(at).min(before) };
        // Either the watchdog finds this time when it checks, or this thread finds that it has checked: both are stores
        // followed by loads in one order that all threads see. An alarm that has fired stays fired.
        if before != FIRED && alarm.due.compare_exchange(before, due, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            let looked_at = alarm.looked_at.load(Ordering::SeqCst);
            if looked_at == 0 || looked_at > due {
                alarm.looked_at.store(due, Ordering::SeqCst);
                WATCHDOG.add(due, look(Arc::downgrade(kill_handle), due));
            }
        }
        Self { kill_handle: Arc::clone(kill_handle), before }
    }

    /// Withdraws the alarm. Returns whether that was too late: it has fired, and the worker is being terminated.
    pub(crate) fn take_back(self) -> bool {
        self.has_fired_when_taken_back()
    }

    fn has_fired_when_taken_back(&self) -> bool {
        let alarm = &self.kill_handle.alarm;
        let mut due = alarm.due.load(Ordering::Acquire);
        while due != FIRED {
            match alarm.due.compare_exchange(due, self.before, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return false,
                Err(now) => due = now,
            }
        }
        true
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.has_fired_when_taken_back();
    }
}

/// Checks whether a worker has exceeded its deadline.
fn look(kill_handle: Weak<KillHandle>, planned: Moment) -> Action {
    Box::new(move || {
        let Some(kill_handle) = kill_handle.upgrade() else { return };
        let alarm = &kill_handle.alarm;
        // If another check was planned meanwhile, it will run separately.
        let _ = alarm.looked_at.compare_exchange(planned, 0, Ordering::SeqCst, Ordering::SeqCst);
        let due = alarm.due.load(Ordering::SeqCst);
        if due == 0 || due == FIRED {
            return;
        }
        if due <= moment(Instant::now()) {
            // A call that returns at this time and withdraws its alarm either succeeds first, or finds that the alarm
            // has fired.
            if alarm.due.compare_exchange(due, FIRED, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                kill_handle.kill(KillReason::Expired);
            }
        } else if alarm.looked_at.compare_exchange(0, due, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            WATCHDOG.add(due, look(Arc::downgrade(&kill_handle), due));
        }
    })
}

/// Starts the thread if it is not running. It starts before any worker does, so that code with a worker can rely on it.
///
/// # Errors
/// The system refuses a thread. The next call tries again.
pub(super) fn start() -> io::Result<()> {
    let mut state = WATCHDOG.lock();
    if !state.is_started {
        let started = thread::Builder::new().spawn(|| WATCHDOG.run());
        started.map_err(|error| no_thread("enforces deadlines", &error))?;
        state.is_started = true;
    }
    Ok(())
}

/// Runs an action on the watchdog's thread after some time. It must not block. Before the first worker starts, it may
/// not run at all.
pub(super) fn after(pause: Duration, action: impl FnOnce() + Send + 'static) {
    WATCHDOG.add(moment(Instant::now() + pause), Box::new(action));
}

/// Converts an instant to a moment, which is never 0.
pub(super) fn moment(at: Instant) -> Moment {
    u64::try_from(at.saturating_duration_since(first()).as_micros()).unwrap_or(Moment::MAX).clamp(1, FIRED - 1)
}

/// Converts a moment to an instant, unless it is too far away for one.
pub(super) fn instant(moment: Moment) -> Option<Instant> {
    first().checked_add(Duration::from_micros(moment))
}

fn first() -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    *FIRST.get_or_init(Instant::now)
}

type Action = Box<dyn FnOnce() + Send>;

/// The watchdog of this process.
static WATCHDOG: Watchdog = Watchdog {
    state: Mutex::new(Schedule { is_started: false, next: 0, pending: BTreeMap::new() }),
    changed: Condvar::new(),
};

/// The pending actions in the order of their times.
struct Watchdog {
    state: Mutex<Schedule>,
    changed: Condvar,
}

struct Schedule {
    /// Whether the thread was started.
    is_started: bool,
    next: u64,
    /// Keyed by time, and by a number that distinguishes actions of the same time.
    pending: BTreeMap<(Moment, u64), Action>,
}

impl Watchdog {
    fn add(&self, at: Moment, action: Action) {
        let mut state = self.lock();
        let key = (at, state.next);
        state.next += 1;
        let is_first = state.pending.keys().next().is_none_or(|first| key < *first);
        state.pending.insert(key, action);
        if is_first {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs due actions, for ever.
    fn run(&self) {
        let mut state = self.lock();
        loop {
            let Some((at, _)) = state.pending.keys().next().copied() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = at.saturating_sub(moment(Instant::now()));
            if left > 0 {
                let left = Duration::from_micros(left);
                state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            if let Some((_, action)) = state.pending.pop_first() {
                drop(state);
                // If one action panics, the others still run on time.
                let _ = panic::catch_unwind(AssertUnwindSafe(action));
                state = self.lock();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_is_due_happens_in_its_order() {
        start().expect("a thread");
        let (told, heard) = mpsc::channel();
        for (milliseconds, word) in [(20, "late"), (5, "early")] {
            let told = told.clone();
            after(Duration::from_millis(milliseconds), move || told.send(word).unwrap_or_default());
        }
        let heard: Vec<_> = (0..2).filter_map(|_| heard.recv_timeout(Duration::from_secs(10)).ok()).collect();
        assert_eq!(heard, ["early", "late"]);
    }

    #[test]
    fn moments_keep_their_order_and_none_is_no_moment() {
        let now = Instant::now();
        assert!(moment(now) > 0);
        assert!(moment(now) < moment(now + Duration::from_millis(1)));
    }
}
