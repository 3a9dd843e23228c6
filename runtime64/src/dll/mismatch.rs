//! Why a value does not fit.

use crate::error::ErrorKind;

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
}
