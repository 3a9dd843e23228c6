//! Whose address space something is of.

use std::fmt;
use std::sync::Arc;

use super::abi::abi_of;
use super::mismatch::Mismatch;
use crate::c::Abi;
use crate::error::ErrorKind;
use crate::remote::{Generation, Session, Worker};

/// Whose address space an address is of: a worker, and which start of it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) worker: Arc<Worker>,
    pub(super) generation: Generation,
}

/// Whose addresses a session's answers hold.
pub(super) fn owner(worker: &Arc<Worker>, session: &Session<'_>) -> Owner {
    Owner { worker: Arc::clone(worker), generation: session.generation() }
}

impl Owner {
    #[inline]
    pub(super) fn is(&self, other: &Owner) -> bool {
        Arc::ptr_eq(&self.worker, &other.worker) && self.generation == other.generation
    }

    /// The ABI of the worker.
    pub(super) fn abi(&self) -> Abi {
        abi_of(self.worker.kind())
    }

    /// Whether something of this owner means anything in a request that `other` will execute. `what` names it.
    pub(super) fn check(&self, other: &Owner, what: &dyn fmt::Display) -> Result<(), Mismatch> {
        if self.is(other) {
            return Ok(());
        }
        let (worker, other) = (&self.worker, &other.worker);
        let reason = if Arc::ptr_eq(worker, other) {
            format!("{what} is of {}", worker.ended(self.generation))
        } else {
            format!("{what} is of {worker} and means nothing in {other}")
        };
        Err(Mismatch::new(ErrorKind::Stale, reason))
    }
}
