//! `dll.cast`: pointers to other types, and to and from integers.

use mlua::{Lua, Value as LuaValue};

use super::convert::{Conversion, describe};
use super::failure::from_remote;
use super::mismatch::Mismatch;
use super::module::{Module, owner};
use super::object::Object;
use super::place::located;
use super::pointer::{Owner, Pointer};
use super::signature::conversion;
use crate::c;
use crate::error::{Error, ErrorKind};

/// The value as one of another type.
pub(super) fn cast(lua: &Lua, module: &Module, ty: &c::Type, value: &LuaValue) -> mlua::Result<LuaValue> {
    let refused = || {
        let message = format!("dll.cast: {} cannot become {ty}", describe(value));
        mlua::Error::from(Error::new(ErrorKind::Type, message))
    };
    let pointer = pointer_of(value).map_err(|mismatch| located("dll.cast", mismatch))?;
    match (conversion(ty, module.abi()), value, pointer) {
        (Some(Conversion::Pointer { .. }), LuaValue::Nil, _) => Ok(LuaValue::Nil),
        (Some(Conversion::Pointer { target, .. }), _, Some(pointer)) => {
            lua.create_userdata(pointer.retyped(target)).map(LuaValue::UserData)
        }
        (Some(Conversion::Pointer { target, .. }), LuaValue::Integer(address), _) => {
            let highest = if module.abi().pointer_bytes() == 4 { u64::from(u32::MAX) } else { u64::MAX };
            let address = *address as u64;
            if address > highest {
                let message = format!("dll.cast: {address:#x} is no address of a 32-bit worker");
                return Err(Error::new(ErrorKind::Range, message).into());
            }
            to_pointer(lua, address, target, current_owner(module)?)
        }
        (Some(Conversion::Unsigned64), _, Some(pointer)) => Ok(LuaValue::Integer(pointer.address() as i64)),
        (Some(Conversion::Integer { minimum, maximum, .. }), _, Some(pointer)) => {
            let address = pointer.address() as i64;
            if (minimum..=maximum).contains(&address) {
                return Ok(LuaValue::Integer(address));
            }
            let message =
                format!("dll.cast: the address {address:#x} does not fit {ty}; uintptr_t holds every address");
            Err(Error::new(ErrorKind::Range, message).into())
        }
        _ => Err(refused()),
    }
}

/// The pointer that a value is, or that leads to the object it is.
fn pointer_of(value: &LuaValue) -> Result<Option<Pointer>, Mismatch> {
    let LuaValue::UserData(userdata) = value else {
        return Ok(None);
    };
    if let Ok(pointer) = userdata.borrow::<Pointer>() {
        return Ok(Some(pointer.clone()));
    }
    match userdata.borrow::<Object>() {
        Ok(object) => object.pointer_to(object.shape().pointee().clone()).map(Some),
        Err(_) => Ok(None),
    }
}

fn to_pointer(lua: &Lua, address: u64, target: c::Type, owner: Owner) -> mlua::Result<LuaValue> {
    match address {
        0 => Ok(LuaValue::Nil),
        address => lua.create_userdata(Pointer::new(address, target, owner)).map(LuaValue::UserData),
    }
}

/// An address given as a number is one of the worker that runs now.
fn current_owner(module: &Module) -> Result<Owner, Error> {
    let worker = module.worker(module.kind());
    let session = worker.session().map_err(|error| from_remote(error, worker.kind(), "dll.cast"))?;
    Ok(owner(worker, &session))
}
