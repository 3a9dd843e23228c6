//! Whose address space something is of.

use std::fmt;
use std::sync::Arc;

use crate::c::Abi;
use crate::dll::abi::abi_of;
use crate::dll::mismatch::Mismatch;
use crate::error::ErrorKind;
use crate::remote::{Generation, Session, Worker};

/// Whose address space an address is of: a worker, and which start of it.
#[derive(Clone, Debug)]
pub(in crate::dll) struct Owner {
    pub(in crate::dll) worker: Arc<Worker>,
    pub(in crate::dll) generation: Generation,
}

/// Whose addresses a session's answers hold.
pub(in crate::dll) fn owner(worker: &Arc<Worker>, session: &Session<'_>) -> Owner {
    Owner { worker: Arc::clone(worker), generation: session.generation() }
}

impl Owner {
    #[inline]
    pub(in crate::dll) fn is(&self, other: &Owner) -> bool {
        Arc::ptr_eq(&self.worker, &other.worker) && self.generation == other.generation
    }

    /// The ABI of the worker.
    pub(in crate::dll) fn abi(&self) -> Abi {
        abi_of(self.worker.kind())
    }

    /// Whether something of this owner means anything in a request that `other` will execute. `what` names it.
    pub(in crate::dll) fn check(&self, other: &Owner, what: &dyn fmt::Display) -> Result<(), Mismatch> {
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
