//! Jobs: calls that the worker makes on separate threads while the host continues.

use serde::{Deserialize, Serialize};

use crate::Value;

/// Calls a prepared function on another thread. A worker decodes it with [`decode_invoke`](crate::decode_invoke).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StartJob<'a> {
    /// The function's id.
    pub function: u32,
    /// As in [`Invoke`](crate::Invoke).
    pub address: u64,
    /// As in [`Invoke`](crate::Invoke); memory they point to must stay valid until the job is done.
    pub arguments: &'a [Value],
}

/// A job in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The job's id.
    pub id: u32,
}

/// Waits for a job and returns the result of its call, or nil if it is not done in time. The worker then forgets the
/// job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitJob {
    /// The job's id.
    pub job: u32,
    /// The maximum waiting time; `None` waits forever.
    pub milliseconds: Option<u32>,
}

/// Limits the job that the next request starts: if it is not done within this time, the worker exits, with a crash
/// report of the cause [`Expired`](crate::Cause::Expired). The worker enforces the limit, since the host learns that
/// a job is done only when it asks. A worker that cannot enforce it rejects the request before the job starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitJob {
    /// The time limit, from now on.
    pub milliseconds: u32,
}

/// Cancels a job, unless its function has already been called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelJob {
    /// The job's id.
    pub job: u32,
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// It was cancelled; its function is not called.
    Withdrawn,
    /// Its function is being called.
    Running,
    /// Its function has returned.
    Done,
}
