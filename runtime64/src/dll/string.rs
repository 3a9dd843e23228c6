//! `dll.string`: bytes out of a worker's memory.

use mlua::{Lua, Value as LuaValue};
use protocol::{ReadString, Value};

use super::convert::{describe, integer, wrong_type};
use super::failure::from_remote;
use super::mismatch::Mismatch;
use super::module::owner;
use super::pointer::Pointer;
use crate::error::{Error, ErrorKind};

/// The bytes at a pointer up to their zero, or `length` of them. A Lua string is given back as it is, or cut to
/// `length`; nil stays nil, since it is NULL.
pub(super) fn string(lua: &Lua, value: &LuaValue, length: Option<&LuaValue>) -> mlua::Result<LuaValue> {
    let length = length.filter(|length| !length.is_nil()).map(checked_length).transpose()?;
    let userdata = match value {
        LuaValue::Nil => return Ok(LuaValue::Nil),
        LuaValue::String(string) => {
            let bytes = string.as_bytes();
            let end = length.map_or(bytes.len(), |length| bytes.len().min(length as usize));
            return lua.create_string(&bytes[..end]).map(LuaValue::String);
        }
        LuaValue::UserData(userdata) if userdata.is::<Pointer>() => userdata,
        other => return Err(located(wrong_type("a pointer or a string", other)).into()),
    };
    let pointer = userdata.borrow::<Pointer>()?;
    let worker = &pointer.owner().worker;
    let failure = |error| from_remote(error, worker.kind(), "dll.string");
    let mut session = worker.session().map_err(failure)?;
    let address = pointer.address_in(&owner(worker, &session)).map_err(located)?;
    let failure = |error| from_remote(error, worker.kind(), "dll.string").with_address(address);
    let read = session.call(&ReadString { address, length }).map_err(failure)?;
    // The worker is given back before Lua allocates: that may run finalizers, and those may call it.
    drop(session);
    match read {
        Value::Bytes(bytes) => lua.create_string(&bytes).map(LuaValue::String),
        _ => Ok(LuaValue::Nil),
    }
}

fn checked_length(value: &LuaValue) -> Result<u32, Error> {
    integer(value).ok().and_then(|length| u32::try_from(length).ok()).ok_or_else(|| {
        let message =
            format!("dll.string: the length must be an integer from 0 to {}, not {}", u32::MAX, describe(value));
        Error::new(ErrorKind::Range, message)
    })
}

fn located(mismatch: Mismatch) -> Error {
    Error::new(mismatch.kind, format!("dll.string: {}", mismatch.reason))
}
