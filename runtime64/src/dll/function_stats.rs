//! What is counted about each function: calls, failures, and how long they took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

mod latencies;

pub(super) use latencies::Latencies;

/// How many calls are timed before only some are.
const ALL_TIMED: u64 = 256;

/// Of later ones every so many is: looking at the clock twice would be a noticeable part of a short call.
const TIMED: u64 = 16;

/// What is counted about one function of a library.
#[derive(Debug, Default)]
pub(super) struct FunctionStats {
    calls: AtomicU64,
    errors: AtomicU64,
    latencies: Latencies,
}

impl FunctionStats {
    /// Counts a call that begins, and gives its beginning if it is to be timed.
    #[inline]
    pub(super) fn begin(&self) -> Option<Instant> {
        // One thread runs Lua, so that two steps are enough, and cheaper than one that excludes others.
        let calls = self.calls.load(Ordering::Relaxed);
        self.calls.store(calls + 1, Ordering::Relaxed);
        (calls < ALL_TIMED || calls.is_multiple_of(TIMED)).then(Instant::now)
    }

    /// A call has returned.
    #[inline]
    pub(super) fn end(&self, begun: Option<Instant>) {
        if let Some(begun) = begun {
            self.latencies.add(begun.elapsed());
        }
    }

    /// A call has failed.
    pub(super) fn fail(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls have begun.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many have failed.
    pub(super) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// How long those that were timed took.
    pub(super) fn latencies(&self) -> &Latencies {
        &self.latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_calls_are_timed_and_then_some() {
        let function_stats = FunctionStats::default();
        let timed = |count: u64| (0..count).filter(|_| function_stats.begin().is_some()).count() as u64;
        assert_eq!(timed(ALL_TIMED), ALL_TIMED);
        assert_eq!(timed(10 * TIMED), 10);
        assert_eq!((function_stats.calls(), function_stats.errors()), (ALL_TIMED + 10 * TIMED, 0));
    }
}
