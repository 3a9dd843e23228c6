//! What is counted about a worker.

use std::sync::atomic::{AtomicU64, Ordering};

use super::ArenaUse;

/// A worker in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many times it was started.
    pub starts: u64,
    /// How many times it has died, or was ended because of what it did.
    pub deaths: u64,
    /// How many times it was replaced though it was well.
    pub recycled: u64,
    /// How many requests it was sent, in all generations.
    pub requests: u64,
    /// How many of them were calls of functions.
    pub calls: u64,
    /// How many bytes it was sent and has sent, in messages and as memory for the length of a call.
    pub sent: u64,
    /// See [`sent`](Self::sent).
    pub received: u64,
    /// Whether it runs.
    pub is_running: bool,
    /// More of the worker that runs now, if it is not busy with a call at this moment.
    pub running: Option<RunningStatistics>,
}

/// The figures of the worker that runs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningStatistics {
    /// The memory that is shared, or why messages travel through the plain channel.
    pub arena: Result<ArenaUse, String>,
    /// Why the shared memory could not grow when it was last to.
    pub refusal: Option<String>,
    /// How much memory it has, in bytes, where the system tells.
    pub resident: Option<u64>,
}

/// What is counted while the worker is held, and read at any time.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) starts: Counter,
    pub(super) deaths: Counter,
    pub(super) recycled: Counter,
    pub(super) requests: Counter,
    pub(super) calls: Counter,
    pub(super) sent: Counter,
    pub(super) received: Counter,
    /// 1 while the worker runs.
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

/// A count that one thread changes at a time, whoever holds the worker.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    pub(super) fn add(&self, count: u64) {
        // There is one writer, so that two steps are enough, and cheaper than one that excludes others.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    pub(super) fn set(&self, count: u64) {
        self.0.store(count, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
