//! Arguments and results: from Lua to the wire and back, checked strictly.

use mlua::{Lua, Table, Value as LuaValue};
use protocol::Value;

use super::address_space::AddressSpace;
use super::cdata::{self, Cdata, PointerNeeded, address_for};
use super::conversion_error::ConversionError;
use super::describe::wrong_type;
use super::memory::{Access, Lasting};
use super::module::Module;
use super::text::Encoding;
use super::types::{Conversion, Ctype, Form, Prototype, Strings};
use crate::c;
use crate::error::{Error, ErrorKind};

/// From Lua to the wire.
#[inline]
pub(super) fn to_wire(
    conversion: &Conversion,
    value: &LuaValue,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<Value, ConversionError> {
    match conversion {
        Conversion::Void => Err(ConversionError::new(ErrorKind::Type, "no value can be void")),
        Conversion::Number(number, _) => number.to_wire(&*cdata::unboxed(value, access)?),
        Conversion::Pointer { ctype, strings } => match value {
            LuaValue::String(string) => string_to_wire(&string.as_bytes(), *strings, access),
            LuaValue::Table(table) if points_to_const(ctype) => table_to_wire((ctype, *strings), table, space, access),
            value => {
                let address = address_for(value, &PointerNeeded { ctype, space }, access)?;
                Ok(if address == 0 { Value::Nil } else { Value::Integer(address as i64) })
            }
        },
        Conversion::Record { ctype, .. } => {
            let bytes = cdata::bytes_of(ctype, value, space, access)?;
            access.lend(&bytes, 0)
        }
    }
}

fn points_to_const(pointer: &Ctype) -> bool {
    pointer.ty.pointee().is_some_and(c::Type::is_const)
}

/// A table as what a pointer leads to, which is lent to the worker for the length of the call.
pub(super) fn table_to_wire(
    (pointer, strings): (&Ctype, Strings),
    table: &Table,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<Value, ConversionError> {
    // Text ends at a zero, which a table of numbers need not have.
    let is_text = matches!(strings, Strings::Text(_) | Strings::Wide(_));
    let target =
        pointer.pointee().filter(|target| !matches!(target.form, Form::Function(_) | Form::Opaque(_)) && !is_text);
    let target = target.ok_or_else(|| wrong_type("a pointer, an object or nil", &LuaValue::Table(table.clone())))?;
    let bytes = cdata::bytes_behind(&target, table, space, access)?;
    access.lend(&bytes, 0)
}

/// From the wire to Lua, of what a library gives a callback: text is a pointer, as it may be anything but text, and a record
/// a copy.
pub(super) fn argument_to_lua(
    lua: &Lua,
    module: &Module,
    conversion: &Conversion,
    value: &Value,
    space: &AddressSpace,
) -> mlua::Result<LuaValue> {
    match (conversion, value) {
        (Conversion::Record { ctype, .. }, Value::Bytes(bytes)) => cdata::copy_of(lua, module, ctype, bytes, space),
        (Conversion::Pointer { ctype, .. }, Value::Integer(address)) => {
            Cdata::pointer_value(lua, ctype, *address as u64, space)
        }
        (conversion, value) => to_lua(conversion, lua, value.clone(), space),
    }
}

/// The result of a Lua function as it travels to the library.
pub(super) fn callback_result(
    prototype: &Prototype,
    value: &LuaValue,
    space: &AddressSpace,
) -> Result<Value, ConversionError> {
    match &prototype.result {
        Conversion::Void => Ok(Value::Nil),
        Conversion::Record { ctype, .. } => cdata::bytes_of(ctype, value, space, &mut Lasting).map(Value::Bytes),
        conversion => to_wire(conversion, value, space, &mut Lasting),
    }
}

/// From the wire to Lua. `space` is where an address belongs.
#[inline]
pub(super) fn to_lua(conversion: &Conversion, lua: &Lua, value: Value, space: &AddressSpace) -> mlua::Result<LuaValue> {
    match (conversion, value) {
        (_, Value::Nil) => Ok(LuaValue::Nil),
        (Conversion::Pointer { strings: Strings::Text(encoding), .. }, Value::Bytes(bytes)) => {
            lua.create_string(encoding.decode(&bytes)).map(LuaValue::String)
        }
        (Conversion::Pointer { ctype, .. }, Value::Integer(address)) => {
            Cdata::pointer_value(lua, ctype, address as u64, space)
        }
        (Conversion::Number(number, _), value) => number.value_of_wire(&value).ok_or_else(|| unexpected(&value)),
        (_, other) => Err(unexpected(&other)),
    }
}

#[cold]
fn unexpected(value: &Value) -> mlua::Error {
    let message = format!("the worker answered with {value:?}, which the function's type cannot be");
    Error::new(ErrorKind::Protocol, message).into()
}

/// A string as an argument: its bytes are lent to the worker for the length of the call.
pub(super) fn string_to_wire(
    bytes: &[u8],
    strings: Strings,
    access: &mut dyn Access,
) -> Result<Value, ConversionError> {
    match strings {
        Strings::None => {
            let reason = "a Lua string is never writable; the parameter needs a buffer, such as dll.new(\"char[?]\", size) \
                          (or declare it const if the library only reads it)";
            Err(ConversionError::new(ErrorKind::Type, reason))
        }
        Strings::Text(encoding) => access.lend(&encoding.encode_terminated(bytes)?, 1),
        Strings::Bytes => access.lend(bytes, 1),
        Strings::Wide(width) => access.lend(&Encoding::Wide(width).encode_terminated(bytes)?, width.bytes()),
    }
}
