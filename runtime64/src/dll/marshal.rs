//! Conversion of arguments and results between Lua and messages, with strict checks.

use mlua::{Lua, Table, Value as LuaValue};
use protocol::Value;

use super::address_space::AddressSpace;
use super::cdata::{self, Cdata, RequiredPointer, address_for};
use super::conversion_error::ConversionError;
use super::describe::wrong_type;
use super::memory::{Access, Persistent};
use super::module::Module;
use super::text::Encoding;
use super::types::{Conversion, Ctype, Form, Prototype, Strings};
use crate::c;
use crate::error::{Error, ErrorKind};

/// Converts a Lua value to a message value.
#[inline]
pub(super) fn to_wire(
    conversion: &Conversion,
    value: &LuaValue,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<Value, ConversionError> {
    match conversion {
        Conversion::Void => Err(ConversionError::new(ErrorKind::Type, "void has no values")),
        Conversion::Number(number, _) => number.to_wire(&*cdata::unboxed(value, access)?),
        Conversion::Pointer { ctype, strings } => match value {
            LuaValue::String(string) => string_to_wire(&string.as_bytes(), *strings, access),
            LuaValue::Table(table) if points_to_const(ctype) => table_to_wire((ctype, *strings), table, space, access),
            value => {
                let address = address_for(value, &RequiredPointer { ctype, space }, access)?;
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

/// Converts a table to the target of a pointer, lent to the worker for the duration of the call.
pub(super) fn table_to_wire(
    (pointer, strings): (&Ctype, Strings),
    table: &Table,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<Value, ConversionError> {
    // Text must be zero-terminated, which a table of numbers need not be.
    let is_text = matches!(strings, Strings::Text(_) | Strings::Wide(_));
    let target =
        pointer.pointee().filter(|target| !matches!(target.form, Form::Function(_) | Form::Opaque(_)) && !is_text);
    let target = target.ok_or_else(|| wrong_type("a pointer, an object or nil", &LuaValue::Table(table.clone())))?;
    let bytes = cdata::bytes_behind(&target, table, space, access)?;
    access.lend(&bytes, 0)
}

/// Converts an argument of a callback to Lua: text stays a pointer, as it may be anything, and a record becomes a copy.
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

/// Converts the result of a callback to a message value.
pub(super) fn callback_result(
    prototype: &Prototype,
    value: &LuaValue,
    space: &AddressSpace,
) -> Result<Value, ConversionError> {
    match &prototype.result {
        Conversion::Void => Ok(Value::Nil),
        Conversion::Record { ctype, .. } => cdata::bytes_of(ctype, value, space, &mut Persistent).map(Value::Bytes),
        conversion => to_wire(conversion, value, space, &mut Persistent),
    }
}

/// Converts a message value to Lua. `space` is the address space of addresses in it.
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
    let message = format!("the worker returned {value:?}, which does not match the function's type");
    Error::new(ErrorKind::Protocol, message).into()
}

/// Converts a string argument: its bytes are lent to the worker for the duration of the call.
pub(super) fn string_to_wire(
    bytes: &[u8],
    strings: Strings,
    access: &mut dyn Access,
) -> Result<Value, ConversionError> {
    match strings {
        Strings::None => {
            let reason = "a Lua string is not writable; pass a buffer such as dll.new(\"char[?]\", size), or declare \
                          the parameter const if the library only reads it";
            Err(ConversionError::new(ErrorKind::Type, reason))
        }
        Strings::Text(encoding) => access.lend(&encoding.encode_terminated(bytes)?, 1),
        Strings::Bytes => access.lend(bytes, 1),
        Strings::Wide(width) => access.lend(&Encoding::Wide(width).encode_terminated(bytes)?, width.bytes()),
    }
}
