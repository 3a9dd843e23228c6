//! Callbacks: functions of the worker that have the host called.
//!
//! While the host waits for the answer to [`Invoke`](crate::Invoke), [`InvokeBatch`](crate::InvokeBatch),
//! [`AwaitJob`](crate::AwaitJob) or [`Poll`], the worker may send [`Called`], as a message of the kind
//! [`CALLBACK`](crate::link::CALLBACK). The host answers with [`CallbackReply`], of the kind
//! [`CALLBACK_REPLY`](crate::link::CALLBACK_REPLY), and goes on waiting. Before that it may send requests, which may
//! themselves lead to callbacks: the two sides take turns, and the innermost conversation ends first.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::{Signature, Value};

/// Makes functions of one signature whose calls become calls of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateCallbacks {
    /// How the library will call them.
    pub signature: Signature,
    /// How many, at most [`limits::CALLBACKS`].
    pub count: u32,
}

/// Functions that were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callbacks {
    /// The id of the first one; the others follow it.
    pub first: u32,
    /// Where they lie in the worker.
    #[serde(deserialize_with = "limits::bounded::<{ limits::CALLBACKS }, _, _>")]
    pub addresses: Vec<u64>,
}

/// Says whether calls of a callback wait for the host. They do until this is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueCallback {
    /// Its id.
    pub callback: u32,
    /// Whether callers on the library's own threads go on at once, while their calls are kept for the host.
    pub is_queued: bool,
    /// What those callers get; nil also stands for zero.
    pub answer: Value,
}

/// A callback was called. Its arguments follow; [`decode_called`](crate::decode_called) takes both apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// Its id.
    pub callback: u32,
    /// The caller's `errno`.
    pub errno: i32,
    /// The caller's `GetLastError()`.
    pub last_error: u32,
    /// Whether the caller is a thread of the library's own.
    pub is_foreign: bool,
    /// Whether the caller has gone on, so that nobody is interested in the result.
    pub is_queued: bool,
    /// How many calls were dropped before this one, since too many were queued.
    pub lost: u32,
}

/// What a callback gives its caller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackReply {
    /// The result, a record as its bytes; nil also stands for zero.
    pub result: Value,
}

/// Has callbacks served that wait for the host. If there is none, waits for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// How long it waits at most.
    pub milliseconds: u32,
}

/// What [`Poll`] came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// How many callbacks were served meanwhile.
    pub count: u32,
}
