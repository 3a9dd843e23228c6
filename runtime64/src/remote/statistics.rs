//! What is counted about a worker.

use super::ArenaUse;

/// A worker in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many times it was started.
    pub starts: u64,
    /// How many requests it was sent, in all generations.
    pub requests: u64,
    /// How many of them were calls of functions.
    pub calls: u64,
    /// Of the worker that runs now, if one does.
    pub running: Option<RunningStatistics>,
}

/// The figures of the worker that runs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningStatistics {
    /// The memory that is shared, or why messages travel through the plain channel.
    pub arena: Result<ArenaUse, String>,
}
