//! When to run Lua's garbage collector for C objects, of which Lua sees only a small part.

use std::sync::atomic::{AtomicU64, Ordering};

/// The approximate cost of an object beyond its own bytes and the part that Lua sees.
const OVERHEAD: u64 = 256;

/// The minimum number of bytes allocated between two collections.
const MIN_THRESHOLD: u64 = 1 << 20;

/// The bytes allocated since the last collection.
#[derive(Debug)]
pub(in crate::dll) struct Garbage {
    allocated: AtomicU64,
    threshold: AtomicU64,
}

impl Default for Garbage {
    fn default() -> Self {
        Self { allocated: AtomicU64::new(0), threshold: AtomicU64::new(MIN_THRESHOLD) }
    }
}

impl Garbage {
    /// Counts an object and returns whether a collection is due.
    pub(in crate::dll) fn is_due(&self, bytes: u64) -> bool {
        let cost = bytes.saturating_add(OVERHEAD);
        let before = self.allocated.fetch_add(cost, Ordering::Relaxed);
        before.saturating_add(cost) > self.threshold.load(Ordering::Relaxed)
    }

    /// Records that a collection has left `used` bytes in use in total. The next collection is due when that may have
    /// doubled, so that collecting, which visits everything in use, costs a fixed share of the time.
    pub(in crate::dll) fn collected(&self, used: u64) {
        self.allocated.store(0, Ordering::Relaxed);
        self.threshold.store(used.max(MIN_THRESHOLD), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_is_due_when_the_memory_in_use_may_have_doubled() {
        let garbage = Garbage::default();
        assert!(!garbage.is_due(MIN_THRESHOLD - OVERHEAD));
        assert!(garbage.is_due(0), "objects without bytes cost memory too");
        garbage.collected(4 * MIN_THRESHOLD);
        assert!(!garbage.is_due(4 * MIN_THRESHOLD - OVERHEAD));
        assert!(garbage.is_due(1));
        garbage.collected(0);
        assert!(!garbage.is_due(MIN_THRESHOLD - OVERHEAD));
        assert!(garbage.is_due(u64::MAX));
    }
}
