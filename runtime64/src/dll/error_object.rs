//! The error object in Lua: any error of this runtime, with fields.

use mlua::{Lua, Value};

use crate::error::{Crash, Error, ErrorKind};
use crate::remote::Started;

/// Gives errors raised by Rust functions their fields and a `tostring` that returns the message alone.
///
/// mlua raises a Rust error as a userdata whose metatable supports neither. Each Lua state has one such metatable; it
/// is reached through an error that is raised for this purpose.
pub(super) fn install(lua: &Lua) -> mlua::Result<()> {
    let probe = lua.create_function(|_, ()| -> mlua::Result<()> {
        Err(Error::new(ErrorKind::Protocol, "probe for the metatable of errors").into())
    })?;
    let index = lua.create_function(|lua, (object, field): (Value, Value)| match (object, field) {
        (Value::Error(error), Value::String(name)) => field_of(lua, &error, &name.to_str()?),
        _ => Ok(Value::Nil),
    })?;
    let describe = lua.create_function(|_, object: Value| match object {
        Value::Error(error) => Ok(message(&error)),
        other => other.to_string(),
    })?;
    let source = "local probe, index, describe = ...
        local _, failure = pcall(probe)
        local metatable = debug.getmetatable(failure)
        metatable.__index, metatable.__tostring, metatable.__name = index, describe, 'error'";
    lua.load(source).set_name("=dll").call::<()>((probe, index, describe))
}

/// The message of an error without the stack traceback that mlua appends.
fn message(error: &mlua::Error) -> String {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.message.clone();
    }
    let mut innermost = error;
    while let mlua::Error::CallbackError { cause, .. } = innermost {
        innermost = cause;
    }
    innermost.to_string()
}

fn is_argument_error(error: &mlua::Error) -> bool {
    use mlua::Error::{BadArgument, FromLuaConversionError};
    let is = |error: &mlua::Error| matches!(error, BadArgument { .. } | FromLuaConversionError { .. });
    is(error) || error.chain().any(|link| link.downcast_ref().is_some_and(is))
}

fn field_of(lua: &Lua, error: &mlua::Error, name: &str) -> mlua::Result<Value> {
    let Some(known) = error.downcast_ref::<Error>() else {
        // mlua's own argument errors are about values of the wrong type.
        return match name {
            "kind" if is_argument_error(error) => lua.create_string(ErrorKind::Type.word()).map(Value::String),
            "message" => lua.create_string(message(error)).map(Value::String),
            _ => Ok(Value::Nil),
        };
    };
    let text = |text: Option<&str>| match text {
        Some(text) => lua.create_string(text).map(Value::String),
        None => Ok(Value::Nil),
    };
    let context = &known.context;
    match name {
        "kind" => text(Some(known.kind.word())),
        "message" => text(Some(&known.message)),
        "library" => text(context.library.as_deref()),
        "func" => text(context.function.as_deref()),
        "code" => Ok(context.code.map_or(Value::Nil, Value::Integer)),
        "address" => Ok(context.address.map_or(Value::Nil, |address| Value::Integer(address as i64))),
        "started" => text(context.started.map(Started::word)),
        "index" => Ok(context.index.map_or(Value::Nil, |index| Value::Integer(index as i64))),
        "errno" => Ok(context.errno.map_or(Value::Nil, |number| Value::Integer(number.into()))),
        "lasterror" => Ok(context.last_error.map_or(Value::Nil, |number| Value::Integer(number.into()))),
        "detail" => text(context.detail.as_deref()),
        "call" => text(context.call.as_deref()),
        _ => context.crash.as_ref().map_or(Ok(Value::Nil), |crash| crash_field(lua, crash, name)),
    }
}

fn crash_field(lua: &Lua, crash: &Crash, name: &str) -> mlua::Result<Value> {
    let text = match name {
        "cause" => Some(crash.cause),
        "exception" => crash.exception.as_deref(),
        "module" => crash.module.as_deref(),
        "symbol" => crash.symbol.as_deref(),
        "access" => crash.access,
        "thread" => crash.thread,
        "dump" => {
            let path = crash.dump.as_ref().map(|path| path.as_os_str().as_encoded_bytes());
            return path.map_or(Ok(Value::Nil), |path| lua.create_string(path).map(Value::String));
        }
        "offset" => return Ok(crash.offset.map_or(Value::Nil, |offset| Value::Integer(offset as i64))),
        "registers" if !crash.registers.is_empty() => {
            let registers = crash.registers.iter().map(|(name, value)| (*name, *value as i64));
            return lua.create_table_from(registers).map(Value::Table);
        }
        _ => None,
    };
    text.map_or(Ok(Value::Nil), |text| lua.create_string(text).map(Value::String))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> Lua {
        // Only the metatable is tested, but it needs `debug` and the runtime to be set up.
        let runtime = crate::Runtime::builder().build().expect("the runtime can be built");
        let raise: mlua::Function = runtime
            .lua()
            .create_function(|_, ()| -> mlua::Result<()> {
                let error = Error::new(ErrorKind::Crash, "Reset crashed").in_library("device.dll").in_function("Reset");
                Err(error.with_code(11).with_address(16).into())
            })
            .expect("the function can be created");
        runtime.lua().globals().set("raise", raise).expect("the global can be set");
        runtime.lua().clone()
    }

    #[test]
    fn an_error_has_fields_and_one_message() {
        let source = "local ok, e = pcall(raise)
            return ok, type(e), e.kind, e.message, e.library, e.func, e.code, e.address, e.detail, tostring(e)";
        type Fields = (bool, String, String, String, String, String, i64, i64, Option<String>, String);
        let fields: Fields = state().load(source).call(()).expect("the chunk runs");
        let expected =
            (false, "userdata", "crash", "Reset crashed", "device.dll", "Reset", 11, 16, None, "Reset crashed");
        let text = |text: &str| text.to_owned();
        assert_eq!(
            fields,
            (
                expected.0,
                text(expected.1),
                text(expected.2),
                text(expected.3),
                text(expected.4),
                text(expected.5),
                expected.6,
                expected.7,
                expected.8,
                text(expected.9)
            )
        );
    }

    #[test]
    fn an_error_passes_through_nested_calls_whole() {
        let source = "local ok, e = pcall(function() return pcall(error, select(2, pcall(raise))) end)
            return select(2, pcall(function() raise() end)).kind";
        assert_eq!(state().load(source).call::<String>(()).expect("the chunk runs"), "crash");
    }
}
