//! Values accepted as pointers: pointers of the same type, objects by address, arrays by the address of the first
//! element.

use std::fmt;

use mlua::Value as LuaValue;

use super::{Cdata, CdataKind};
use crate::c::{self, Abi, Basic};
use crate::dll::address_space::AddressSpace;
use crate::dll::callback_registry;
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::wrong_type;
use crate::dll::library;
use crate::dll::memory::Access;
use crate::dll::types::{Ctype, Form};
use crate::error::ErrorKind;

/// The type of a required pointer, and the address space it must belong to.
pub(in crate::dll) struct RequiredPointer<'a> {
    pub(in crate::dll) ctype: &'a Ctype,
    pub(in crate::dll) space: &'a AddressSpace,
}

impl RequiredPointer<'_> {
    /// A description of the accepted values.
    fn words(&self) -> &'static str {
        match self.target().function() {
            Some(_) => "a function, a pointer to one or nil",
            None => "a pointer, an object or nil",
        }
    }

    /// The target type.
    fn target(&self) -> &c::Type {
        match &self.ctype.form {
            Form::Pointer(pointee) => pointee.ty(),
            _ => &self.ctype.ty,
        }
    }
}

/// The address of a value where a pointer is required: 0 for nil, the address of C data with a compatible type.
pub(in crate::dll) fn address_for(
    value: &LuaValue,
    needed: &RequiredPointer<'_>,
    access: &mut dyn Access,
) -> Result<u64, ConversionError> {
    match value {
        LuaValue::Nil => Ok(0),
        LuaValue::UserData(userdata) => {
            if let Ok(cdata) = userdata.borrow::<Cdata>() {
                return cdata.address_as(needed, access);
            }
            match library::address_of(userdata, needed.ctype, needed.space)? {
                Some(address) => Ok(address),
                None => Err(wrong_type(needed.words(), value)),
            }
        }
        LuaValue::Function(function) if needed.target().function().is_some() => {
            access.callback(function, needed.ctype, needed.space)
        }
        other => Err(wrong_type(needed.words(), other)),
    }
}

impl Cdata {
    /// Its address as the required pointer.
    fn address_as(&self, needed: &RequiredPointer<'_>, access: &mut dyn Access) -> Result<u64, ConversionError> {
        let target = needed.target();
        if self.location.is_closed() {
            let reason = format!("the {} was closed; its memory is gone", self.ctype.ty);
            return Err(ConversionError::new(ErrorKind::Stale, reason));
        }
        match (self.kind, self.ctype.form.pointee()) {
            (CdataKind::Pointer, Some(pointee)) => {
                if self.location.is_null() {
                    return Ok(0);
                }
                self.space().check(needed.space, self)?;
                if target.function().is_some() {
                    callback_registry::check_alive(self.location.address(), self.space())?;
                }
                self.agrees(pointee, target).map(|()| self.location.address())
            }
            // An object that contains a pointer is converted to that pointer, unless a pointer to such a pointer is
            // required.
            (CdataKind::Object, Some(pointee)) if agree(pointee, target, self.ctype.abi) => {
                let mut bytes = [0; 8];
                self.location.read_through(access, &mut bytes[..self.ctype.abi.pointer_bytes() as usize])?;
                self.space().check(needed.space, &self.ctype.ty)?;
                self.agrees(pointee, target)?;
                Ok(u64::from_le_bytes(bytes))
            }
            _ => self.object_address(needed),
        }
    }

    /// The address of an object.
    fn object_address(&self, needed: &RequiredPointer<'_>) -> Result<u64, ConversionError> {
        self.space().check(needed.space, &self.ctype.ty)?;
        let target = needed.target();
        let whole = &self.ctype.ty;
        if agree(whole, target, self.ctype.abi) {
            return self.agrees(whole, target).map(|()| self.location.address());
        }
        let decayed = match &self.ctype.form {
            Form::Array(array) => &array.element.ty,
            _ => whole,
        };
        self.agrees(decayed, target).map(|()| self.location.address())
    }

    /// Checks that a pointer to `own` may be passed as a pointer to `target`.
    fn agrees(&self, own: &c::Type, target: &c::Type) -> Result<(), ConversionError> {
        let pointer = || target.clone().pointer_to();
        let shown: &dyn fmt::Display = if self.kind == CdataKind::Pointer { self } else { &self.ctype.ty };
        if !agree(own, target, self.ctype.abi) {
            let reason = format!("expected {}, got {shown}; use dll.cast if the conversion is intended", pointer());
            return Err(ConversionError::new(ErrorKind::Type, reason));
        }
        if own.is_const() && !target.is_const() {
            let reason =
                format!("expected {}, but {shown} is const or points to const data; dll.cast removes const", pointer());
            return Err(ConversionError::new(ErrorKind::Type, reason));
        }
        Ok(())
    }
}

impl Form {
    /// The target of a pointer, as declared.
    fn pointee(&self) -> Option<&c::Type> {
        match self {
            Form::Pointer(pointee) => Some(pointee.ty()),
            _ => None,
        }
    }
}

/// Whether a pointer to one type can be passed as a pointer to the other, ignoring qualifiers: C converts `void *` to
/// and from all others; integers of the same size are accepted for each other, as in LuaJIT, since programs mix `char`
/// and `BYTE` freely.
pub(in crate::dll) fn agree(one: &c::Type, other: &c::Type, abi: Abi) -> bool {
    if one.is_void() || other.is_void() {
        return true;
    }
    match (one.resolve(), other.resolve()) {
        (c::Type::Basic(one), c::Type::Basic(other)) => one == other || same_integer(*one, *other, abi),
        (c::Type::Pointer(one), c::Type::Pointer(other)) => one.is_void() == other.is_void() && agree(one, other, abi),
        (c::Type::Array(one), c::Type::Array(other)) if one.length == other.length => {
            agree(&one.element, &other.element, abi)
        }
        (one, other) => one == other,
    }
}

/// Whether two integer types have the same size. `_Bool` does not count as an integer.
fn same_integer(one: Basic, other: Basic, abi: Abi) -> bool {
    let bytes = |basic| abi.integer(basic).filter(|_| basic != Basic::Bool).map(|integer| integer.bytes);
    bytes(one).is_some() && bytes(one) == bytes(other)
}
