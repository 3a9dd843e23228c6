//! The address space of a worker in one of its generations.

use std::fmt;
use std::sync::Arc;

use super::abi::abi_of;
use super::conversion_error::ConversionError;
use crate::c::Abi;
use crate::error::ErrorKind;
use crate::remote::{Generation, Session, Worker};

/// The address space of a worker in one of its generations.
#[derive(Clone, Debug)]
pub(super) struct AddressSpace {
    pub(super) worker: Arc<Worker>,
    pub(super) generation: Generation,
}

impl AddressSpace {
    /// The address space of the worker that a session holds.
    pub(super) fn of(worker: &Arc<Worker>, session: &Session<'_>) -> Self {
        Self { worker: Arc::clone(worker), generation: session.generation() }
    }

    #[inline]
    pub(super) fn is(&self, other: &AddressSpace) -> bool {
        Arc::ptr_eq(&self.worker, &other.worker) && self.generation == other.generation
    }

    /// The ABI of the worker.
    pub(super) fn abi(&self) -> Abi {
        abi_of(self.worker.kind())
    }

    /// Checks that an item of this address space, named by `what`, may be used in a request to `other`.
    pub(super) fn check(&self, other: &AddressSpace, what: &dyn fmt::Display) -> Result<(), ConversionError> {
        if self.is(other) {
            return Ok(());
        }
        let (worker, other) = (&self.worker, &other.worker);
        let reason = if Arc::ptr_eq(worker, other) {
            format!("{what} belongs to {}", worker.ended(self.generation))
        } else {
            format!("{what} belongs to {worker} and is not valid in {other}")
        };
        Err(ConversionError::new(ErrorKind::Stale, reason))
    }
}
