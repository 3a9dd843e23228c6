//! Statistics of a worker.

use std::sync::atomic::{AtomicU64, Ordering};

use super::ArenaUse;

/// The statistics of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The number of starts.
    pub starts: u64,
    /// The number of times it died, or was terminated for its behaviour.
    pub deaths: u64,
    /// The number of times it was replaced while healthy.
    pub recycled: u64,
    /// The number of requests sent to it, in all generations.
    pub requests: u64,
    /// The number of these requests that called functions.
    pub calls: u64,
    /// The number of bytes sent to it, and received from it, in messages and as memory for the duration of a call.
    pub sent: u64,
    /// See [`sent`](Self::sent).
    pub received: u64,
    /// Whether it is running.
    pub is_running: bool,
    /// Further statistics of the running worker, if it is not busy with a call at this time.
    pub running: Option<RunningStatistics>,
}

/// Further statistics of the running worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningStatistics {
    /// The use of the shared memory, or the reason why messages travel through the plain channel.
    pub arena: Result<ArenaUse, String>,
    /// The reason why the shared memory's latest growth failed.
    pub refusal: Option<String>,
    /// Its memory use, in bytes, if the system reports it.
    pub resident: Option<u64>,
}

/// Counters that are changed while the worker is held, and can be read at any time.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) starts: Counter,
    pub(super) deaths: Counter,
    pub(super) recycled: Counter,
    pub(super) requests: Counter,
    pub(super) calls: Counter,
    pub(super) sent: Counter,
    pub(super) received: Counter,
    /// 1 while the worker is running.
    pub(super) running: Counter,
}

impl Counters {
    pub(super) fn statistics(&self, running: Option<RunningStatistics>) -> Statistics {
        Statistics {
            starts: self.starts.get(),
            deaths: self.deaths.get(),
            recycled: self.recycled.get(),
            requests: self.requests.get(),
            calls: self.calls.get(),
            sent: self.sent.get(),
            received: self.received.get(),
            is_running: self.running.get() != 0,
            running,
        }
    }
}

/// A counter that only the thread that holds the worker changes.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    pub(super) fn add(&self, count: u64) {
        // There is only one writer, so two steps suffice, and cost less than an atomic addition.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    pub(super) fn set(&self, count: u64) {
        self.0.store(count, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
