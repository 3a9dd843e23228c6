//! When Lua should look for objects that are of no use any more: it sees how many there are, not how large they are.

use std::sync::atomic::{AtomicU64, Ordering};

/// How much may be allocated before the first collection, in bytes, and at least between two of them.
const LEAST: u64 = 16 << 20;

/// The bytes that were allocated since the last collection.
#[derive(Debug)]
pub(super) struct Garbage {
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
    pub(super) fn is_due(&self, bytes: u64) -> bool {
        let before = self.allocated.fetch_add(bytes, Ordering::Relaxed);
        before.saturating_add(bytes) > self.threshold.load(Ordering::Relaxed)
    }

    /// A collection has left this much in use.
    pub(super) fn collected(&self, used: u64) {
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
        assert!(!garbage.is_due(LEAST));
        assert!(garbage.is_due(1));
        garbage.collected(4 * LEAST);
        assert!(!garbage.is_due(4 * LEAST));
        assert!(garbage.is_due(1));
        garbage.collected(0);
        assert!(!garbage.is_due(LEAST));
        assert!(garbage.is_due(u64::MAX - LEAST));
    }
}
