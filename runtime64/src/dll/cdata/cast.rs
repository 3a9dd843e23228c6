//! `dll.cast`: C's conversions that may lose information or are unchecked.

use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};

use super::{Cdata, finalizer, integer};
use crate::dll::address_space::AddressSpace;
use crate::dll::callback_registry;
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::describe;
use crate::dll::failure::from_remote;
use crate::dll::library;
use crate::dll::memory::{Location, Persistent};
use crate::dll::module::Module;
use crate::dll::types::{Ctype, Form, Number};
use crate::error::{Error, ErrorKind};

/// Converts a value to another type: pointers to and from pointers and integers, numbers to numbers.
pub(in crate::dll) fn cast(lua: &Lua, module: &Module, ctype: &Arc<Ctype>, value: &LuaValue) -> mlua::Result<LuaValue> {
    match &ctype.form {
        Form::Pointer(_) => to_pointer(lua, module, ctype, value),
        Form::Number(number) => Ok(to_number(ctype, number, value)?),
        _ => {
            let message = format!("dll.cast: cannot convert {} to {}", describe(value), ctype.ty);
            Err(Error::new(ErrorKind::Type, message).into())
        }
    }
}

fn to_pointer(lua: &Lua, module: &Module, ctype: &Arc<Ctype>, value: &LuaValue) -> mlua::Result<LuaValue> {
    match value {
        LuaValue::Nil => Ok(LuaValue::Nil),
        LuaValue::Integer(_) | LuaValue::Number(_) => {
            let address = address(module, value)?;
            Cdata::pointer_value(lua, ctype, address, &current_space(module)?)
        }
        LuaValue::UserData(userdata) => {
            if let Some(cdata) = super::of(value) {
                let location = cdata.leads_to(&"dll.cast")?;
                if location.is_closed() {
                    return Err(
                        Error::new(ErrorKind::Stale, format!("dll.cast: the {} was closed", cdata.ctype.ty)).into()
                    );
                }
                drop(cdata);
                if location.is_null() && location.bytes().is_none() {
                    return Ok(LuaValue::Nil);
                }
                return finalizer::derive(lua, userdata, Cdata::pointer(Arc::clone(ctype), location));
            }
            match library::resolved(userdata)? {
                Some((address, space)) => Cdata::pointer_value(lua, ctype, address, &space),
                None => Err(cannot(ctype, value)),
            }
        }
        LuaValue::Function(function) if ctype.ty.function().is_some() => {
            let space = current_space(module)?;
            kept_callback(lua, ctype, &space, || callback_registry::keep(function, ctype, &space))
        }
        LuaValue::String(_) => {
            let message = format!(
                "dll.cast: cannot convert a string to {}, as it is not in the worker's memory; \
                 dll.new(\"char[?]\", #s + 1, s) makes a copy that is",
                ctype.ty
            );
            Err(Error::new(ErrorKind::Type, message).into())
        }
        other => Err(cannot(ctype, other)),
    }
}

/// The pointer to a callback, which `keep` makes and which lives until it is freed.
pub(in crate::dll) fn kept_callback(
    lua: &Lua,
    pointer: &Arc<Ctype>,
    space: &AddressSpace,
    keep: impl FnOnce() -> Result<u64, ConversionError>,
) -> mlua::Result<LuaValue> {
    let refused = |error: ConversionError| error.at(format_args!("dll.callback: {}", pointer.ty));
    Cdata::pointer_value(lua, pointer, keep().map_err(refused)?, space)
}

fn cannot(ctype: &Ctype, value: &LuaValue) -> mlua::Error {
    Error::new(ErrorKind::Type, format!("dll.cast: cannot convert {} to {}", describe(value), ctype.ty)).into()
}

/// A number as an address. Negative numbers are converted as C's integers of the worker's width.
fn address(module: &Module, value: &LuaValue) -> Result<u64, Error> {
    let located = |error: ConversionError| error.at("dll.cast");
    let address = integer(value).map_err(located)?;
    if module.abi().pointer_bytes() == 8 {
        return Ok(address as u64);
    }
    match (u32::try_from(address), i32::try_from(address)) {
        (Ok(address), _) => Ok(address.into()),
        (_, Ok(negative)) => Ok((negative as u32).into()),
        _ => {
            let message = format!("dll.cast: {address:#x} is not an address of a 32-bit worker");
            Err(Error::new(ErrorKind::Range, message))
        }
    }
}

fn to_number(ctype: &Ctype, number: &Number, value: &LuaValue) -> Result<LuaValue, Error> {
    let located = |error: ConversionError| error.at(format_args!("dll.cast: {}", ctype.ty));
    let Some(cdata) = super::of(value) else {
        if let LuaValue::UserData(userdata) = value
            && let Some((address, _)) = library::resolved(userdata)?
        {
            return address_to_number(ctype, number, value, address);
        }
        return number.cast(value).map_err(located);
    };
    if let Some(held) = super::converted_number(value, &mut Persistent).map_err(located)? {
        return number.cast(&held).map_err(located);
    }
    let location = cdata.leads_to(&"dll.cast")?;
    if location.is_closed() {
        return Err(Error::new(ErrorKind::Stale, format!("dll.cast: the {} was closed", cdata.ctype.ty)));
    }
    address_to_number(ctype, number, value, location.address())
}

/// Converts an address to an integer, which wraps and truncates as in C; `uintptr_t` holds every address.
fn address_to_number(ctype: &Ctype, number: &Number, value: &LuaValue, address: u64) -> Result<LuaValue, Error> {
    let cannot =
        || Error::new(ErrorKind::Type, format!("dll.cast: cannot convert {} to {}", describe(value), ctype.ty));
    match number {
        Number::Integer { .. } | Number::Unsigned64 | Number::Bool => {
            number.cast(&LuaValue::Integer(address as i64)).map_err(|_| cannot())
        }
        _ => Err(cannot()),
    }
}

/// The address space of the running worker, to which addresses given as numbers belong.
pub(in crate::dll) fn current_space(module: &Module) -> Result<AddressSpace, Error> {
    let worker = module.worker(module.kind());
    let session = worker.session().map_err(|error| from_remote(error, worker, "dll.cast"))?;
    Ok(AddressSpace::of(worker, &session))
}

/// `dll.nullptr`: NULL as an object, for code that needs one.
pub(in crate::dll) fn null(module: &Module) -> Result<Cdata, Error> {
    let ctype = module.types().named(b"void *", module.abi())?;
    let worker = Arc::clone(module.worker(module.kind()));
    Ok(Cdata::pointer(ctype, Location::foreign(0, AddressSpace { worker, generation: 0 })))
}
