//! Why a value does not fit.

use std::fmt;

use super::failure;
use crate::error::{Error, ErrorKind};
use crate::remote::RemoteError;

/// Why a value does not fit, without the place: the caller knows function and parameter.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) kind: ErrorKind,
    pub(super) reason: String,
    /// The address that could not be accessed, if that is the reason.
    address: Option<u64>,
}

impl Mismatch {
    pub(super) fn new(kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), address: None }
    }

    /// The same, of a part of what was being put: the part is named before the reason.
    pub(super) fn within(self, part: impl fmt::Display) -> Self {
        Self { reason: format!("{part}: {}", self.reason), ..self }
    }

    /// A value that could not be put where it belongs.
    pub(super) fn from_remote(error: &RemoteError) -> Self {
        let address = match error {
            RemoteError::Unmapped { address, .. } => Some(*address),
            _ => None,
        };
        Self { address, ..Self::new(failure::kind_of(error), error.to_string()) }
    }

    /// The error, now that the place is known.
    pub(super) fn at(self, place: impl fmt::Display) -> Error {
        Error::new(self.kind, format!("{place}: {}", self.reason)).with_address(self.address)
    }
}

/// What is wrong with memory that a value was to be taken from.
impl From<Error> for Mismatch {
    fn from(error: Error) -> Self {
        Self { kind: error.kind, reason: error.message, address: error.context.address }
    }
}
