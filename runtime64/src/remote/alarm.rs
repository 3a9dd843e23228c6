//! The watch: one thread that sees to it, for all workers of the process, that what takes too long is ended.
//!
//! A call blocks its thread, so another one watches the time. Setting an alarm is a store in the path of a call; the watch
//! is woken only if it would otherwise look too late. What it finds when it looks decides: a call that has returned has
//! taken its alarm back.

use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::control::{Control, Ending};
use super::lasting_thread::no_thread;

/// A moment, in microseconds since the first one that anybody asked for; 0 is none.
type Moment = u64;

/// When a worker is to be ended unless it has done its work by then.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    due: AtomicU64,
    /// When the watch looks at it next; it may look more often.
    looked_at: AtomicU64,
}

/// Stands for the moment of an alarm that has gone off: the worker is being ended.
const FIRED: Moment = Moment::MAX;

/// An alarm that was set. Dropped, it is taken back, and the one before it holds again.
#[derive(Debug)]
pub struct Deadline {
    control: Arc<Control>,
    before: Moment,
}

impl Deadline {
    /// Has a worker ended at a moment, if nothing earlier ends it.
    pub(super) fn new(control: &Arc<Control>, at: Instant) -> Self {
        let alarm = &control.alarm;
        let before = alarm.due.load(Ordering::Relaxed);
        let due = if before == 0 { moment(at) } else { moment(at).min(before) };
        // Either the watch finds this moment when it looks, or it is found here that it has looked: both are stores
        // followed by loads in one order that all threads see. An alarm that has gone off stays so.
        if before != FIRED && alarm.due.compare_exchange(before, due, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            let looked_at = alarm.looked_at.load(Ordering::SeqCst);
            if looked_at == 0 || looked_at > due {
                alarm.looked_at.store(due, Ordering::SeqCst);
                WATCH.add(due, look(Arc::downgrade(control), due));
            }
        }
        Self { control: Arc::clone(control), before }
    }

    /// Takes it back, and tells whether it was too late for that: it has gone off, and the worker is being ended.
    pub(crate) fn take_back(self) -> bool {
        self.has_fired_when_taken_back()
    }

    fn has_fired_when_taken_back(&self) -> bool {
        let alarm = &self.control.alarm;
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

/// Looks whether a worker is over its time.
fn look(control: Weak<Control>, planned: Moment) -> Action {
    Box::new(move || {
        let Some(control) = control.upgrade() else { return };
        let alarm = &control.alarm;
        // A look that was planned since then comes for itself.
        let _ = alarm.looked_at.compare_exchange(planned, 0, Ordering::SeqCst, Ordering::SeqCst);
        let due = alarm.due.load(Ordering::SeqCst);
        if due == 0 || due == FIRED {
            return;
        }
        if due <= moment(Instant::now()) {
            // A call that returns at this moment and takes its alarm back comes first, or finds that it was too late.
            if alarm.due.compare_exchange(due, FIRED, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                control.end(Ending::Expired);
            }
        } else if alarm.looked_at.compare_exchange(0, due, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            WATCH.add(due, look(Arc::downgrade(&control), due));
        }
    })
}

/// Starts the thread, if it does not run. It is there before any worker is, so that whatever has a worker can rely on it.
///
/// # Errors
/// The system refuses a thread. The next call tries again.
pub(super) fn start() -> io::Result<()> {
    let mut state = WATCH.lock();
    if !state.is_watched {
        let started = thread::Builder::new().spawn(|| WATCH.run());
        started.map_err(|error| no_thread("watches the time", &error))?;
        state.is_watched = true;
    }
    Ok(())
}

/// Has something done on the watch's thread after some time. It must not block. Before the first worker is started it may stay
/// undone.
pub(super) fn after(pause: Duration, action: impl FnOnce() + Send + 'static) {
    WATCH.add(moment(Instant::now() + pause), Box::new(action));
}

/// An instant as a moment, which is never 0.
pub(super) fn moment(at: Instant) -> Moment {
    u64::try_from(at.saturating_duration_since(first()).as_micros()).unwrap_or(Moment::MAX).clamp(1, FIRED - 1)
}

/// The instant of a moment, unless it is too far away for one.
pub(super) fn instant(moment: Moment) -> Option<Instant> {
    first().checked_add(Duration::from_micros(moment))
}

fn first() -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    *FIRST.get_or_init(Instant::now)
}

type Action = Box<dyn FnOnce() + Send>;

/// The watch of this process.
static WATCH: Watch = Watch {
    state: Mutex::new(State { is_watched: false, next: 0, pending: BTreeMap::new() }),
    changed: Condvar::new(),
};

/// What is to be done, in its order.
struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Whether the thread was started.
    is_watched: bool,
    next: u64,
    /// By moment, and by a number that tells apart what has the same one.
    pending: BTreeMap<(Moment, u64), Action>,
}

impl Watch {
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches the time, for ever.
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
                // Whatever becomes of one, the others still have their time.
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
