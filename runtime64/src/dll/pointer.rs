//! Addresses in a worker, as Lua sees them.

use std::fmt;
use std::sync::Arc;

use mlua::{Lua, MetaMethod, UserData, UserDataMethods, Value as LuaValue};

use super::convert::{describe, integer};
use super::element::{Element, ScalarBytes};
use super::mismatch::Mismatch;
use super::module::abi_of;
use super::place::Place;
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, Generation, Worker};

/// Whose address space an address is of: a worker, and which start of it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) worker: Arc<Worker>,
    pub(super) generation: Generation,
}

impl Owner {
    pub(super) fn is(&self, other: &Owner) -> bool {
        Arc::ptr_eq(&self.worker, &other.worker) && self.generation == other.generation
    }

    /// Whether something of this owner means anything in a request that `other` will execute. `what` names it.
    pub(super) fn check(&self, other: &Owner, what: &dyn fmt::Display) -> Result<(), Mismatch> {
        if self.is(other) {
            return Ok(());
        }
        let reason = if Arc::ptr_eq(&self.worker, &other.worker) {
            format!("{what} is of a worker that has ended; what was there is gone")
        } else {
            let (one, other) = (self.worker.kind(), other.worker.kind());
            format!("{what} is of the {one} worker and means nothing in the {other} one")
        };
        Err(Mismatch::new(ErrorKind::Stale, reason))
    }
}

/// A pointer that a library gave: the address, what it points to, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Pointer {
    address: u64,
    target: c::Type,
    owner: Owner,
    /// The memory it leads into, if a script made it: it stays as long as this.
    memory: Option<Arc<Allocation>>,
}

impl Pointer {
    /// A pointer to `target` at an address of `owner`.
    pub(super) fn new(address: u64, target: c::Type, owner: Owner) -> Self {
        Self { address, target, owner, memory: None }
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
        self.owner.check(owner, self)?;
        Ok(self.address)
    }

    /// The same pointer, which keeps the memory that it leads into alive.
    pub(super) fn into_part_of(self, memory: Arc<Allocation>) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// A pointer to another type at the same address.
    pub(super) fn retyped(&self, target: c::Type) -> Self {
        Self { target, ..self.clone() }
    }

    /// Where an address near this one leads.
    pub(super) fn place(&self, address: u64) -> Place {
        Place::at(address, self.owner.clone(), self.memory.as_ref())
    }

    /// How what it points to is read and written, and where element `key` of it is.
    fn element(&self, key: &LuaValue) -> Result<(Element, Place), Error> {
        let error = |reason: String, kind| Error::new(kind, format!("{}: {reason}", pointer_type(&self.target)));
        let index = match key {
            LuaValue::Integer(index) => *index,
            other => integer(other).map_err(|_| {
                error(format!("there is no field {}; elements have numbers", describe(other)), ErrorKind::Type)
            })?,
        };
        let element = Element::of(&self.target, abi_of(self.owner.worker.kind())).ok_or_else(|| {
            let reason = "what it points to cannot be read; dll.cast makes it a pointer to something that can";
            error(reason.to_owned(), ErrorKind::Type)
        })?;
        let address =
            index.checked_mul(element.bytes as i64).and_then(|offset| self.address.checked_add_signed(offset));
        let address =
            address.ok_or_else(|| error(format!("element {index} is beyond all memory"), ErrorKind::Range))?;
        Ok((element, self.place(address)))
    }

    fn index(&self, lua: &Lua, key: &LuaValue) -> mlua::Result<LuaValue> {
        let (element, place) = self.element(key)?;
        let mut bytes: ScalarBytes = [0; 8];
        place.read(self, &mut bytes[..element.bytes])?;
        element.read(lua, bytes, &self.owner)
    }

    fn set_index(&self, key: &LuaValue, value: &LuaValue) -> mlua::Result<()> {
        let (element, place) = self.element(key)?;
        if element.is_const() {
            let message = format!("{self}: it points to const and what is there may not be written");
            return Err(Error::new(ErrorKind::Type, message).into());
        }
        let bytes = element.write(value, &self.owner).map_err(|mismatch| {
            Error::new(mismatch.kind, format!("{self}: element {}: {}", describe(key), mismatch.reason))
        })?;
        Ok(place.write(self, &bytes[..element.bytes])?)
    }
}

/// Whether a pointer to one type can be passed as a pointer to the other: C converts `void *` to and from all others.
pub(super) fn agree(one: &c::Type, other: &c::Type) -> bool {
    one.is_void() || other.is_void() || one.resolve() == other.resolve()
}

pub(super) fn pointer_type(target: &c::Type) -> String {
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
        methods.add_meta_method(MetaMethod::Index, |lua, pointer, key: LuaValue| pointer.index(lua, &key));
        methods.add_meta_method(MetaMethod::NewIndex, |_, pointer, (key, value): (LuaValue, LuaValue)| {
            pointer.set_index(&key, &value)
        });
        methods.add_meta_function(MetaMethod::Eq, |_, (left, right): (LuaValue, LuaValue)| {
            Ok(super::place::same(&left, &right))
        });
    }
}
