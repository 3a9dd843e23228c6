//! The watch: one thread that sees to it, for all workers of the process, that what takes too long is ended.
//!
//! A call blocks its thread, so another one watches the time. Setting an alarm is a store in the path of a call; the watch
//! is woken only if it would otherwise look too late. What it finds when it looks decides: a call that has returned has
//! taken its alarm back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::control::{Control, Ending};

/// A moment, in microseconds since the first one that anybody asked for; 0 is none.
type Moment = u64;

/// When a worker is to be ended unless it has done its work by then.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    due: AtomicU64,
    /// When the watch looks at it next; it may look more often.
    looked_at: AtomicU64,
}

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
        // followed by loads in one order that all threads see.
        alarm.due.store(due, Ordering::SeqCst);
        let looked_at = alarm.looked_at.load(Ordering::SeqCst);
        if looked_at == 0 || looked_at > due {
            alarm.looked_at.store(due, Ordering::SeqCst);
            watch().add(due, look(Arc::downgrade(control), due));
        }
        Self { control: Arc::clone(control), before }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.control.alarm.due.store(self.before, Ordering::Release);
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
        if due == 0 {
            return;
        }
        if due <= moment(Instant::now()) {
            control.end(Ending::Expired);
        } else if alarm.looked_at.compare_exchange(0, due, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            watch().add(due, look(Arc::downgrade(&control), due));
        }
    })
}

/// A worker's end that is planned for what it does beside the call that is waited for. Dropped, it is called off.
#[derive(Debug)]
pub struct Limit(Key);

impl Limit {
    /// Has a worker ended at a moment.
    pub(super) fn new(control: &Arc<Control>, at: Instant) -> Self {
        let control = Arc::downgrade(control);
        let end = move || {
            if let Some(control) = control.upgrade() {
                control.end(Ending::Expired);
            }
        };
        Self(watch().add(moment(at), Box::new(end)))
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        watch().lock().pending.remove(&self.0);
    }
}

/// Has something done on the watch's thread after some time. It must not block.
pub(super) fn after(pause: Duration, action: impl FnOnce() + Send + 'static) {
    watch().add(moment(Instant::now() + pause), Box::new(action));
}

fn moment(at: Instant) -> Moment {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let first = *FIRST.get_or_init(Instant::now);
    u64::try_from(at.saturating_duration_since(first).as_micros()).unwrap_or(Moment::MAX).max(1)
}

type Action = Box<dyn FnOnce() + Send>;

/// A moment, and a number that tells apart what has the same one.
type Key = (Moment, u64);

/// What is to be done, in its order.
#[derive(Default)]
struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next: u64,
    pending: BTreeMap<Key, Action>,
}

impl Watch {
    fn add(&self, at: Moment, action: Action) -> Key {
        let mut state = self.lock();
        let key = (at, state.next);
        state.next += 1;
        let is_first = state.pending.keys().next().is_none_or(|first| key < *first);
        state.pending.insert(key, action);
        if is_first {
            self.changed.notify_one();
        }
        key
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
                action();
                state = self.lock();
            }
        }
    }
}

/// The watch of this process, whose thread is started when it is first needed.
fn watch() -> &'static Watch {
    static WATCH: OnceLock<&'static Watch> = OnceLock::new();
    WATCH.get_or_init(|| {
        let watch: &'static Watch = Box::leak(Box::default());
        thread::spawn(|| watch.run());
        watch
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_is_due_happens_in_its_order() {
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
