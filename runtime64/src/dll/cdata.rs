//! C data in Lua: objects in memory, their parts, and pointers.

use std::fmt;
use std::sync::Arc;

use mlua::{AnyUserData, Lua, UserDataRef, Value as LuaValue};

use super::address_space::AddressSpace;
use super::memory::Location;
use super::module::Module;
use super::types::{Ctype, Form};
use crate::error::{Error, ErrorKind};
use finalizer::Guard;

mod callback_methods;
mod cast;
mod elements;
mod finalizer;
mod handle;
mod index;
mod initialise;
mod iterate;
mod metamethods;
mod new;
mod operators;
mod part;
mod pointer;
mod show;
mod userdata;

pub(super) use cast::{cast, current_space, kept_callback, null};
pub(super) use elements::{bytes_behind, bytes_of_elements};
pub(super) use finalizer::{finish, run_all as run_finalizers, set as set_finalizer};
pub(super) use handle::Handle;
pub(super) use initialise::bytes_of;
pub(super) use new::{copy_of, new};
pub(super) use part::Part;
pub(super) use pointer::{RequiredPointer, address_for, agree};
pub(super) use show::{declaration, describe};
pub(super) use userdata::{converted_number, integer, number_of, unboxed};

/// Prepares a Lua state for C data. `call` calls through pointers to functions.
pub(super) fn install(lua: &Lua, module: &Module, call: metamethods::CallPointer) -> mlua::Result<()> {
    metamethods::install(lua, module, call)
}

/// Lets metatypes have functions for unknown names from now on, which slows down each access a little.
pub(super) fn follow_fields(lua: &Lua) -> mlua::Result<()> {
    metamethods::function(lua, "follow_fields")?.call(())
}

/// A C object in memory, a part of one, or a pointer.
#[derive(Clone)]
pub(super) struct Cdata {
    pub(super) ctype: Arc<Ctype>,
    /// The location of an object, or the target of a pointer.
    pub(super) location: Location,
    pub(super) kind: CdataKind,
    /// Whether the userdata has a guard as its user value, which runs a finalizer once the last userdata with it is
    /// collected.
    guard: Guard,
}

/// Whether a value is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CdataKind {
    /// In memory: written in place, and passed by address.
    Object,
    /// An address that is not itself in memory.
    Pointer,
}

impl Cdata {
    /// An object at a location.
    pub(super) fn object(ctype: Arc<Ctype>, location: Location) -> Self {
        Self { ctype, location, kind: CdataKind::Object, guard: Guard::default() }
    }

    /// A pointer to a location.
    pub(super) fn pointer(ctype: Arc<Ctype>, location: Location) -> Self {
        Self { ctype, location, kind: CdataKind::Pointer, guard: Guard::default() }
    }

    /// A pointer as a Lua value: nil for NULL.
    pub(super) fn pointer_value(
        lua: &Lua,
        ctype: &Arc<Ctype>,
        address: u64,
        space: &AddressSpace,
    ) -> mlua::Result<LuaValue> {
        if address == 0 {
            return Ok(LuaValue::Nil);
        }
        Self::pointer(Arc::clone(ctype), Location::foreign(address, space.clone())).into_lua(lua)
    }

    pub(super) fn into_lua(self, lua: &Lua) -> mlua::Result<LuaValue> {
        lua.create_userdata(self).map(LuaValue::UserData)
    }

    /// The address space of its location.
    pub(super) fn space(&self) -> &AddressSpace {
        self.location.space()
    }

    /// Whether it is an object that contains a pointer, which is dereferenced like that pointer.
    pub(super) fn holds_pointer(&self) -> bool {
        self.kind == CdataKind::Object && matches!(self.ctype.form, Form::Pointer(_))
    }

    /// The target of a pointer or of an object that contains one; otherwise the object's own location.
    pub(super) fn leads_to(&self, doing: &dyn fmt::Display) -> Result<Location, Error> {
        if !self.holds_pointer() {
            return Ok(self.location.clone());
        }
        let mut bytes = [0; 8];
        self.location.read(doing, 0, &mut bytes[..self.pointer_bytes()])?;
        Ok(Location::foreign(u64::from_le_bytes(bytes), self.space().clone()))
    }

    /// The number of bytes at its target, as far as known.
    pub(super) fn bytes_there(&self) -> Option<u64> {
        match self.kind {
            CdataKind::Object if !self.holds_pointer() => {
                // An array that ends a struct has the size of the memory.
                let is_open = matches!(&self.ctype.form, Form::Array(array) if array.is_open);
                let known = self.ctype.bytes().ok().filter(|_| !is_open);
                match (known, self.location.bytes()) {
                    (Some(known), Some(there)) => Some(known.min(there)),
                    (known, there) => known.or(there),
                }
            }
            CdataKind::Object => None,
            CdataKind::Pointer => self.location.bytes(),
        }
    }

    fn pointer_bytes(&self) -> usize {
        self.ctype.abi.pointer_bytes() as usize
    }

    fn error(&self, kind: ErrorKind, reason: impl fmt::Display) -> Error {
        Error::new(kind, format!("{}: {reason}", self.ctype.ty))
    }
}

/// The C data in a Lua value.
pub(super) fn of(value: &LuaValue) -> Option<UserDataRef<Cdata>> {
    value.as_userdata()?.borrow::<Cdata>().ok()
}

/// Whether a value is a pointer to a function.
pub(super) fn is_function_pointer(value: &LuaValue) -> bool {
    of(value).is_some_and(|cdata| points_to_function(&cdata))
}

/// Whether C data is a pointer to a function.
pub(super) fn points_to_function(cdata: &Cdata) -> bool {
    cdata.ctype.pointee().is_some_and(|pointee| matches!(pointee.form, Form::Function(_)))
}

/// The name of the type of C data.
pub(super) fn type_of(userdata: &AnyUserData) -> Option<String> {
    userdata.borrow::<Cdata>().ok().map(|cdata| cdata.ctype.ty.to_string())
}
