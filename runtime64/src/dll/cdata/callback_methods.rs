//! `:free()` and `:set()` of callbacks, which are identified by address as in LuaJIT, so that any pointer to one works.

use mlua::{Lua, Value as LuaValue};

use super::Cdata;
use crate::dll::callback_registry::table_of;
use crate::dll::describe::describe;
use crate::error::{Error, ErrorKind};

/// The method of pointers to functions with this name.
pub(super) fn method_of(lua: &Lua, cdata: &Cdata, name: &str) -> mlua::Result<Option<LuaValue>> {
    if !super::points_to_function(cdata) {
        return Ok(None);
    }
    let method = match name {
        "free" => lua.create_function(|_, this: LuaValue| Ok(free(&this)?))?,
        "set" => lua.create_function(|_, (this, function): (LuaValue, LuaValue)| Ok(set(&this, &function)?))?,
        _ => return Ok(None),
    };
    Ok(Some(LuaValue::Function(method)))
}

fn free(this: &LuaValue) -> Result<(), Error> {
    let cdata = callback(this, "free")?;
    let location = cdata.leads_to(&"free")?;
    let space = location.space();
    let freed = table_of(space).is_some_and(|callbacks| callbacks.free(space.generation, location.address()));
    if freed { Ok(()) } else { Err(not_a_callback(&cdata)) }
}

fn set(this: &LuaValue, function: &LuaValue) -> Result<(), Error> {
    let LuaValue::Function(function) = function else {
        let message = format!("set: expected a function, got {}", describe(function));
        return Err(Error::new(ErrorKind::Type, message));
    };
    let cdata = callback(this, "set")?;
    let location = cdata.leads_to(&"set")?;
    let space = location.space();
    let mut before = None;
    let changed = table_of(space).is_some_and(|callbacks| {
        callbacks.change(space.generation, location.address(), |bound| {
            before = Some(std::mem::replace(&mut bound.function, function.clone()));
        })
    });
    if changed { Ok(()) } else { Err(not_a_callback(&cdata)) }
}

/// Frees the callback, if any, behind a pointer to a function that is being closed.
pub(super) fn free_closed(cdata: &Cdata) {
    if super::points_to_function(cdata)
        && let Ok(location) = cdata.leads_to(&"close")
        && let Some(callbacks) = table_of(location.space())
    {
        callbacks.free(location.space().generation, location.address());
    }
}

fn callback(this: &LuaValue, method: &str) -> Result<Cdata, Error> {
    let cdata = super::of(this).filter(|cdata| super::points_to_function(cdata));
    cdata.map(|cdata| cdata.clone()).ok_or_else(|| {
        let message = format!("{method}: expected a callback, got {}", describe(this));
        Error::new(ErrorKind::Type, message)
    })
}

fn not_a_callback(cdata: &Cdata) -> Error {
    let message = format!("{}: it is not a callback, or was already freed", cdata.ctype.ty);
    Error::new(ErrorKind::Callback, message)
}
