//! Deadlines: what is to happen at a moment unless it is called off before.
//!
//! A call blocks its thread, so another one watches the time, for all workers of the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

/// Something that happens at a moment, unless this is dropped before.
pub struct Deadline {
    key: Key,
}

/// The moment, and a number that tells apart what has the same one.
type Key = (Instant, u64);

type Action = Box<dyn FnOnce() + Send>;

/// What is to happen, in its order.
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

impl Deadline {
    /// Has `action` run at a moment, on another thread.
    pub(super) fn new(at: Instant, action: impl FnOnce() + Send + 'static) -> Self {
        let watch = watch();
        let mut state = watch.lock();
        let key = (at, state.next);
        state.next += 1;
        state.pending.insert(key, Box::new(action));
        watch.changed.notify_one();
        Self { key }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        watch().lock().pending.remove(&self.key);
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deadline").field("at", &self.key.0).finish()
    }
}

impl Watch {
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
            let left = at.saturating_duration_since(Instant::now());
            if !left.is_zero() {
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

/// The watch of this process, whose thread is started with the first deadline.
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_due_happens_in_its_order() {
        let (told, heard) = mpsc::channel();
        let now = Instant::now();
        let at = |milliseconds, word: &'static str| {
            let told = told.clone();
            Deadline::new(now + Duration::from_millis(milliseconds), move || told.send(word).unwrap_or_default())
        };
        let _late = at(20, "late");
        let _early = at(5, "early");
        drop(at(10, "called off"));
        let heard: Vec<_> = (0..2).filter_map(|_| heard.recv_timeout(Duration::from_secs(10)).ok()).collect();
        assert_eq!(heard, ["early", "late"]);
    }
}
