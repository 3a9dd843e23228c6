//! Addresses in a worker, as Lua sees them.

use std::fmt;
use std::sync::Arc;

use mlua::{MetaMethod, UserData, UserDataMethods, Value as LuaValue};

use super::mismatch::Mismatch;
use crate::c;
use crate::error::ErrorKind;
use crate::remote::{Generation, Worker};

/// Whose address space an address is of: a worker, and which start of it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) worker: Arc<Worker>,
    pub(super) generation: Generation,
}

impl Owner {
    fn is(&self, other: &Owner) -> bool {
        Arc::ptr_eq(&self.worker, &other.worker) && self.generation == other.generation
    }
}

/// A pointer that a library gave: the address, what it points to, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Pointer {
    address: u64,
    target: c::Type,
    owner: Owner,
}

impl Pointer {
    /// A pointer to `target` at an address of `owner`.
    pub(super) fn new(address: u64, target: c::Type, owner: Owner) -> Self {
        Self { address, target, owner }
    }

    /// What it points to.
    pub(super) fn target(&self) -> &c::Type {
        &self.target
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The address, whatever has become of what was there.
    pub(super) fn address(&self) -> u64 {
        self.address
    }

    /// The address, for a parameter that points to `target`, in a call that `owner` will execute.
    pub(super) fn address_for(&self, target: &c::Type, owner: &Owner) -> Result<u64, Mismatch> {
        self.address_in(owner)?;
        if agree(&self.target, target) {
            return Ok(self.address);
        }
        let reason =
            format!("{} is needed, not {self}; dll.cast converts, if you know that it is right", pointer_type(target));
        Err(Mismatch::new(ErrorKind::Type, reason))
    }

    /// The address, in a request that `owner` will execute.
    pub(super) fn address_in(&self, owner: &Owner) -> Result<u64, Mismatch> {
        if self.owner.is(owner) {
            return Ok(self.address);
        }
        let reason = if Arc::ptr_eq(&self.owner.worker, &owner.worker) {
            format!("{self} is of a worker that has ended; what it pointed to is gone")
        } else {
            format!(
                "{self} is of the {} worker and means nothing in the {} one",
                self.owner.worker.kind(),
                owner.worker.kind()
            )
        };
        Err(Mismatch::new(ErrorKind::Stale, reason))
    }
}

/// Whether a pointer to one type can be passed as a pointer to the other: C converts `void *` to and from all others.
fn agree(one: &c::Type, other: &c::Type) -> bool {
    one.is_void() || other.is_void() || one.resolve() == other.resolve()
}

fn pointer_type(target: &c::Type) -> String {
    target.clone().pointer_to().to_string()
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.owner.worker.kind().pointer_bits() / 4);
        write!(formatter, "{} 0x{:0digits$x}", pointer_type(&self.target), self.address)
    }
}

impl UserData for Pointer {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, pointer, ()| Ok(pointer.to_string()));
        methods.add_meta_function(MetaMethod::Eq, |_, (left, right): (LuaValue, LuaValue)| {
            let (LuaValue::UserData(left), LuaValue::UserData(right)) = (left, right) else {
                return Ok(false);
            };
            let (Ok(left), Ok(right)) = (left.borrow::<Pointer>(), right.borrow::<Pointer>()) else {
                return Ok(false);
            };
            Ok(left.address == right.address && left.owner.is(&right.owner))
        });
    }
}
