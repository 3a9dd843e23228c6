//! `callback`, `poll`: Lua functions that a library keeps, and those that wait for the host.

use std::time::Duration;

use mlua::{Lua, Table, Value as LuaValue};

use super::argument::ctype_of;
use super::options::read_each;
use crate::dll::callback;
use crate::dll::cdata;
use crate::dll::describe::wrong_type;
use crate::dll::duration;
use crate::dll::module::Module;

/// Puts the functions into the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let make = move |lua: &Lua, (ty, function, options): (LuaValue, LuaValue, LuaValue)| {
        let pointer = ctype_of(&shared, "dll.callback", &ty)?;
        let LuaValue::Function(function) = &function else {
            return Err(wrong_type("a Lua function", &function).at("dll.callback").into());
        };
        let options = match &options {
            LuaValue::Nil => callback::Options::default(),
            LuaValue::Table(table) => options_of(table)?,
            other => return Err(wrong_type("a table of options", other).at("dll.callback").into()),
        };
        callback::new(lua, function, &pointer, &cdata::current_owner(&shared)?, &options)
    };
    table.set("callback", lua.create_function(make)?)?;
    let shared = module.clone();
    table.set("poll", lua.create_function(move |lua, seconds: LuaValue| poll(lua, &shared, &seconds))?)
}

/// Serves the callbacks that wait, and tells how many. If none does, waits for one.
fn poll(lua: &Lua, module: &Module, seconds: &LuaValue) -> mlua::Result<u32> {
    let limit = match seconds {
        LuaValue::Nil => Duration::ZERO,
        seconds => duration::of_seconds("dll.poll", seconds)?,
    };
    callback::poll(lua, module.worker(module.kind()), limit)
}

/// What holds for a callback.
fn options_of(table: &Table) -> mlua::Result<callback::Options> {
    let mut options = callback::Options::default();
    read_each("dll.callback", table, "default and thread", |key, given| {
        match key {
            "default" => options.default = given.value.clone(),
            "thread" => {
                let is_queued = match given.value.as_string().map(mlua::LuaString::to_string_lossy).as_deref() {
                    Some("sync") => false,
                    Some("queue") => true,
                    _ => {
                        return Err(given.wrong(
                            "\"sync\", where a thread of the library waits until the host serves it, or \"queue\", where it gets \
                             the default at once,",
                        ));
                    }
                };
                options.is_queued = is_queued;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(options)
}
