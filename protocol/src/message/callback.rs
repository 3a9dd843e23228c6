//! Callbacks: functions of the worker that call the host.
//!
//! While the host waits for the answer to [`Invoke`](crate::Invoke), [`InvokeBatch`](crate::InvokeBatch),
//! [`AwaitJob`](crate::AwaitJob) or [`Poll`], the worker may send [`CallbackInvocation`], as a message of kind
//! [`CALLBACK`](crate::link::CALLBACK). The host answers with [`CallbackReply`], of kind
//! [`CALLBACK_REPLY`](crate::link::CALLBACK_REPLY), and continues to wait. Before that it may send requests, which
//! may in turn invoke callbacks: the two sides take turns, and the innermost conversation ends first.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::{Signature, Value};

/// Creates functions of one signature whose invocations are forwarded to the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateCallbacks {
    /// The signature with which the library calls them.
    pub signature: Signature,
    /// The number of functions, at most [`limits::CALLBACKS`].
    pub count: u32,
}

/// Created functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callbacks {
    /// The id of the first function; the others have consecutive ids.
    pub first: u32,
    /// Their addresses in the worker.
    #[serde(deserialize_with = "limits::bounded::<{ limits::CALLBACKS }, _, _>")]
    pub addresses: Vec<u64>,
}

/// Sets whether calls of a callback wait for the host. By default they do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueCallback {
    /// The callback's id.
    pub callback: u32,
    /// Whether callers on the library's own threads return at once, while their calls are queued for the host.
    pub is_queued: bool,
    /// The result for those callers; nil also stands for zero.
    pub answer: Value,
}

/// A call of a callback. Its arguments follow; [`decode_callback`](crate::decode_callback) decodes both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackInvocation {
    /// The callback's id.
    pub callback: u32,
    /// The caller's `errno`.
    pub errno: i32,
    /// The caller's `GetLastError()`.
    pub last_error: u32,
    /// Whether the caller is a thread started by the library.
    pub is_foreign: bool,
    /// Whether the caller has already returned, so that the result is discarded.
    pub is_queued: bool,
    /// The number of calls dropped before this one because the queue was full.
    pub lost: u32,
}

/// The result of a callback for its caller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackReply {
    /// The result, a record as its bytes; nil also stands for zero.
    pub result: Value,
}

/// Serves callbacks that wait for the host. If there are none, waits for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// The maximum waiting time.
    pub milliseconds: u32,
}

/// The result of [`Poll`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The number of callbacks served in the meantime.
    pub count: u32,
}
