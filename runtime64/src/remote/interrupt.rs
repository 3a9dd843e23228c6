//! Interrupts: another thread calls off what is being done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::alarm;
use super::control::{Control, Ending};

/// When a request is looked at again: a thread that was about to wait may not have been seen to.
const LOOKS: [Duration; 3] = [Duration::from_millis(2), Duration::from_millis(20), Duration::from_millis(200)];

/// Calls off what the workers of one Lua state do, and tells whoever runs Lua to stop. Clones are one and the same.
///
/// A request is met once: by the call that is under way, whose worker is ended, or else by the first that is made.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_requested: AtomicBool,
    running: Mutex<Vec<Weak<Control>>>,
}

impl Interrupt {
    /// Asks for it, from any thread. It does not wait.
    pub fn request(&self) {
        self.0.is_requested.store(true, Ordering::SeqCst);
        self.end_awaited();
        for pause in LOOKS {
            let again = self.clone();
            alarm::after(pause, move || again.end_awaited());
        }
    }

    /// Whether it was asked for and not met yet.
    #[inline]
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.is_requested.load(Ordering::Relaxed)
    }

    /// Meets the request. Tells whether there was one.
    pub fn take(&self) -> bool {
        self.0.is_requested.swap(false, Ordering::SeqCst)
    }

    /// From now on a worker's call is among those that are called off.
    pub(super) fn watch(&self, control: &Arc<Control>) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|known| known.strong_count() > 0);
        running.push(Arc::downgrade(control));
    }

    /// Ends the workers that a thread waits for, if the request has not been met meanwhile.
    fn end_awaited(&self) {
        if !self.is_requested() {
            return;
        }
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        for control in running.iter().filter_map(Weak::upgrade).filter(|control| control.is_awaited()) {
            control.end(Ending::Interrupted);
        }
    }
}
