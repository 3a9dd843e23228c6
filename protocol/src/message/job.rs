//! Jobs: calls that the worker makes on threads of their own while the host does something else.

use serde::{Deserialize, Serialize};

use crate::Value;

/// Has a prepared function called on another thread. A worker takes it apart with
/// [`decode_invoke`](crate::decode_invoke).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StartJob<'a> {
    /// The function's id.
    pub function: u32,
    /// As in [`Invoke`](crate::Invoke).
    pub address: u64,
    /// As in [`Invoke`](crate::Invoke); memory that they lead to must stay until the job is done.
    pub arguments: &'a [Value],
}

/// A call under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The id to name it by.
    pub id: u32,
}

/// Waits for a job and answers what its call came to, or nil if it is not done in time. The worker then forgets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitJob {
    /// Its id.
    pub job: u32,
    /// How long to wait at most; none waits for ever.
    pub milliseconds: Option<u32>,
}

/// Limits the job that the next request starts: if it is not done after this time, the worker ends, with last words of the cause
/// [`Expired`](crate::Cause::Expired). The worker watches the time, since the host learns that a job is done only when it asks. A
/// worker that cannot watch it refuses the request before anything is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitJob {
    /// How long it may take from now on.
    pub milliseconds: u32,
}

/// Takes a job back, unless its function has been called already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelJob {
    /// Its id.
    pub job: u32,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// It was taken back; its function is not called.
    Withdrawn,
    /// Its function is being called.
    Running,
    /// Its function has returned.
    Done,
}
