//! A failed request, as data.

use serde::{Deserialize, Serialize};

/// What kind of failure a [`Fault`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// The library could not be loaded.
    Load,
    /// The library has no such symbol.
    Symbol,
    /// A signature that cannot be called, such as a `void` parameter.
    Signature,
    /// An address that cannot be read.
    Memory,
    /// The function returned with the stack moved: it is not called as its declaration says.
    Convention,
    /// The request itself was wrong: an unknown number, a malformed body, an id that was never given.
    Protocol,
}

/// Why a request failed. The worker goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: FaultKind,
    /// What happened, in words a person can act on.
    pub message: String,
    /// The operating system's error number, where there is one.
    pub code: Option<i64>,
}

impl Fault {
    /// A fault without an operating system's error number.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None }
    }
}
