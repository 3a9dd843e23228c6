//! Counters for each function: calls, failures and latencies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

mod latencies;

pub(super) use latencies::Latencies;

/// The number of first calls that are all timed.
const ALL_TIMED: u64 = 256;

/// Of the later calls every n-th is timed: reading the clock twice would be a noticeable part of a short call.
const TIMED: u64 = 16;

/// The counters of one function of a library.
#[derive(Debug, Default)]
pub(super) struct FunctionStats {
    calls: AtomicU64,
    errors: AtomicU64,
    latencies: Latencies,
}

impl FunctionStats {
    /// Counts the start of a call and returns its time if the call is to be timed.
    #[inline]
    pub(super) fn begin(&self) -> Option<Instant> {
        // Only one thread runs Lua, so a load and a store suffice; an atomic addition would cost more.
        let calls = self.calls.load(Ordering::Relaxed);
        self.calls.store(calls + 1, Ordering::Relaxed);
        (calls < ALL_TIMED || calls.is_multiple_of(TIMED)).then(Instant::now)
    }

    /// Records that a call has returned.
    #[inline]
    pub(super) fn end(&self, begun: Option<Instant>) {
        if let Some(begun) = begun {
            self.latencies.add(begun.elapsed());
        }
    }

    /// Records that a call has failed.
    pub(super) fn fail(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of calls started.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The number of calls that failed.
    pub(super) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// The latencies of the timed calls.
    pub(super) fn latencies(&self) -> &Latencies {
        &self.latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_calls_are_all_timed_and_later_ones_sampled() {
        let function_stats = FunctionStats::default();
        let timed = |count: u64| (0..count).filter(|_| function_stats.begin().is_some()).count() as u64;
        assert_eq!(timed(ALL_TIMED), ALL_TIMED);
        assert_eq!(timed(10 * TIMED), 10);
        assert_eq!((function_stats.calls(), function_stats.errors()), (ALL_TIMED + 10 * TIMED, 0));
    }
}
