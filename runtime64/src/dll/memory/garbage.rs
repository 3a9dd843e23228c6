//! When Lua should look for objects that are of no use any more: it sees a small part of each alone.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an object costs beside its own bytes and what Lua sees of it, about.
const OVERHEAD: u64 = 256;

/// How much may be allocated between two collections at least, in bytes.
const LEAST: u64 = 1 << 20;

/// The bytes that were allocated since the last collection.
#[derive(Debug)]
pub(in crate::dll) struct Garbage {
    allocated: AtomicU64,
    threshold: AtomicU64,
}

impl Default for Garbage {
    fn default() -> Self {
        Self { allocated: AtomicU64::new(0), threshold: AtomicU64::new(LEAST) }
    }
}

impl Garbage {
    /// Counts an object, and tells whether it is time to collect.
    pub(in crate::dll) fn is_due(&self, bytes: u64) -> bool {
        let cost = bytes.saturating_add(OVERHEAD);
        let before = self.allocated.fetch_add(cost, Ordering::Relaxed);
        before.saturating_add(cost) > self.threshold.load(Ordering::Relaxed)
    }

    /// A collection has left this much in use, all in all. The next one comes when that may have doubled, so that
    /// collecting, which looks at all that is in use, costs a fixed share of the time.
    pub(in crate::dll) fn collected(&self, used: u64) {
        self.allocated.store(0, Ordering::Relaxed);
        self.threshold.store(used.max(LEAST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_come_when_what_is_in_use_may_have_doubled() {
        let garbage = Garbage::default();
        assert!(!garbage.is_due(LEAST - OVERHEAD));
        assert!(garbage.is_due(0), "objects without bytes cost something too");
        garbage.collected(4 * LEAST);
        assert!(!garbage.is_due(4 * LEAST - OVERHEAD));
        assert!(garbage.is_due(1));
        garbage.collected(0);
        assert!(!garbage.is_due(LEAST - OVERHEAD));
        assert!(garbage.is_due(u64::MAX));
    }
}
