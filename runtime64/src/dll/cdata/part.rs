//! Parts of objects: read as Lua values and written from them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};

use super::initialise::{WriteTarget, bytes_of, put};
use super::{Cdata, unboxed};
use crate::c::BitField;
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::describe;
use crate::dll::memory::{Location, Persistent};
use crate::dll::module::Module;
use crate::dll::types::{Ctype, Form, Number, NumberBytes};
use crate::error::{Error, ErrorKind};

/// A part of an object: an element, a field, or the value of a variable.
pub(in crate::dll) struct Part<'a> {
    pub(in crate::dll) ctype: Cow<'a, Arc<Ctype>>,
    pub(in crate::dll) location: Cow<'a, Location>,
    /// The offset from the location.
    pub(in crate::dll) offset: u64,
    /// The bits of a bit-field.
    pub(in crate::dll) bits: Option<BitField>,
    /// Whether the object that contains it is read-only.
    pub(in crate::dll) is_const: bool,
}

impl Part<'_> {
    /// The value: numbers and pointers are copied, others become views.
    #[inline]
    pub(in crate::dll) fn read(&self, lua: &Lua, doing: &dyn fmt::Display) -> mlua::Result<LuaValue> {
        match (&self.ctype.form, self.bits) {
            (Form::Number(number), None) => {
                let mut bytes = NumberBytes::default();
                self.location.read(doing, self.offset, &mut bytes[..self.scalar_bytes()])?;
                Ok(number.value_of(&bytes))
            }
            (Form::Number(number), Some(bits)) => Ok(number.of_bits(self.window(doing, bits)?, bits)),
            (Form::Pointer(_), _) => {
                let mut bytes = [0; 8];
                self.location.read(doing, self.offset, &mut bytes[..self.scalar_bytes()])?;
                Cdata::pointer_value(lua, &self.ctype, u64::from_le_bytes(bytes), self.location.space())
            }
            _ => self.view(lua).into_lua(lua),
        }
    }

    /// The part as an object that refers to the same memory.
    fn view(&self, lua: &Lua) -> Cdata {
        let ctype = if self.is_const && !self.ctype.is_const {
            self.ctype.constant(Module::of_state(lua).as_ref().map(Module::types))
        } else {
            Arc::clone(&self.ctype)
        };
        Cdata::object(ctype, self.location.moved(self.offset as i64))
    }

    /// Sets the value. A value that does not fit changes nothing.
    pub(in crate::dll) fn write(&self, doing: &dyn fmt::Display, value: &LuaValue) -> Result<(), Error> {
        if self.is_const || self.ctype.is_const {
            let message = format!("{doing}: it is const and cannot be written");
            return Err(Error::new(ErrorKind::Type, message));
        }
        let refused = |error: ConversionError| error.at(doing);
        match (&self.ctype.form, self.bits) {
            (Form::Number(number), None) => {
                let value = unboxed(value, &mut Persistent).map_err(refused)?;
                let bytes = number.to_bytes(&value).map_err(refused)?;
                self.location.write(doing, self.offset, &bytes[..self.scalar_bytes()])
            }
            (Form::Number(number), Some(bits)) => self.write_bits(doing, number, bits, value),
            (Form::Pointer(_), _) => {
                let mut bytes = [0; 8];
                let bytes = &mut bytes[..self.scalar_bytes()];
                let target = &mut WriteTarget { space: self.location.space(), access: &mut Persistent };
                put(bytes, &self.ctype, value, target).map_err(refused)?;
                self.location.write(doing, self.offset, bytes)
            }
            _ if self.ctype.holds_const() => {
                let message = format!(
                    "{doing}: it has const parts and cannot be assigned as a whole; the other parts can be set"
                );
                Err(Error::new(ErrorKind::Type, message))
            }
            _ => {
                let bytes = bytes_of(&self.ctype, value, self.location.space(), &mut Persistent).map_err(refused)?;
                self.location.write(doing, self.offset, &bytes)
            }
        }
    }

    /// The size of a number or pointer, which is always known.
    #[inline]
    fn scalar_bytes(&self) -> usize {
        self.ctype.bytes().map_or(0, |bytes| bytes as usize)
    }

    /// The bytes that contain the bits.
    fn window(&self, doing: &dyn fmt::Display, bits: BitField) -> Result<u128, Error> {
        let mut bytes = NumberBytes::default();
        self.location.read(doing, self.offset, &mut bytes[..bits.bytes()])?;
        Ok(u128::from_le_bytes(bytes))
    }

    fn write_bits(
        &self,
        doing: &dyn fmt::Display,
        number: &Number,
        bits: BitField,
        value: &LuaValue,
    ) -> Result<(), Error> {
        let refused = |error: ConversionError| error.at(doing);
        let value = unboxed(value, &mut Persistent).map_err(refused)?;
        let value = number.bits(&value, bits.width).map_err(refused)?;
        let window = bits.set(self.window(doing, bits)?, value);
        self.location.write(doing, self.offset, &window.to_le_bytes()[..bits.bytes()])
    }
}

/// An access to a part, for messages.
pub(super) struct FieldAccess<'a> {
    pub(super) cdata: &'a Cdata,
    pub(super) key: &'a LuaValue,
}

impl fmt::Display for FieldAccess<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ty = &self.cdata.ctype.ty;
        match self.key {
            LuaValue::String(name) => write!(formatter, "{ty}: field '{}'", name.to_string_lossy()),
            key => write!(formatter, "{ty}: element {}", describe(key)),
        }
    }
}
