//! Declared constants as Lua values.

use mlua::{Lua, Value as LuaValue};

use crate::c::ConstantValue;
use crate::error::{Error, ErrorKind};

/// The Lua value of a constant. An unsigned 64-bit constant becomes the integer with the same bits.
pub(in crate::dll) fn constant_to_lua(lua: &Lua, name: &str, value: Option<ConstantValue>) -> mlua::Result<LuaValue> {
    let unsupported = |what: &str| {
        let message = format!("the constant '{name}' {what}");
        mlua::Error::from(Error::new(ErrorKind::Declaration, message))
    };
    match value {
        Some(ConstantValue::Integer(value)) => {
            match i64::try_from(value).or_else(|_| u64::try_from(value).map(|bits| bits as i64)) {
                Ok(value) => Ok(LuaValue::Integer(value)),
                Err(_) => Err(unsupported("does not fit 64 bits")),
            }
        }
        Some(ConstantValue::Float(value)) => Ok(LuaValue::Number(value)),
        Some(ConstantValue::String(bytes)) => lua.create_string(&bytes).map(LuaValue::String),
        Some(ConstantValue::WideString(text)) => lua.create_string(&text).map(LuaValue::String),
        Some(ConstantValue::Pointer(address)) => Ok(LuaValue::Integer(address as i64)),
        None => Err(unsupported("has no value for this worker's ABI")),
    }
}
