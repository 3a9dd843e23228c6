//! A failed request, as data.

use serde::{Deserialize, Serialize};

/// The kind of a [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// The library could not be loaded.
    Load,
    /// The library has no symbol of that name.
    Symbol,
    /// A signature that cannot be called, such as a `void` parameter.
    Signature,
    /// An address that cannot be read.
    Memory,
    /// The function returned with an unbalanced stack: its declaration has the wrong calling convention.
    Convention,
    /// The request itself was invalid: an unknown number, a malformed body, an id that was never issued.
    Protocol,
}

/// The reason a request failed. The worker continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The kind of failure.
    pub kind: FaultKind,
    /// A description for users.
    pub message: String,
    /// The operating system's error number, if any.
    pub code: Option<i64>,
}

impl Fault {
    /// A fault without an operating system's error number.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None }
    }
}
