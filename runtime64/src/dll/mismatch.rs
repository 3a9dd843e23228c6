//! Why a value does not fit.

use super::failure;
use crate::error::ErrorKind;
use crate::remote::RemoteError;

/// Why a value does not fit, without the place: the caller knows function and parameter.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) kind: ErrorKind,
    pub(super) reason: String,
}

impl Mismatch {
    pub(super) fn new(kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// A value that could not be put where it belongs.
    pub(super) fn from_remote(error: &RemoteError) -> Self {
        Self::new(failure::kind_of(error), error.to_string())
    }
}
