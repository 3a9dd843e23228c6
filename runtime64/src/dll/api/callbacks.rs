//! `callback`, `poll`: Lua functions that a library keeps, and those that wait for the host.

use std::time::Duration;

use mlua::{Lua, Table, Value as LuaValue};

use super::argument::ctype_of;
use crate::dll::callback;
use crate::dll::cdata;
use crate::dll::describe::describe;
use crate::dll::module::Module;
use crate::error::{Error, ErrorKind};

/// The longest time that is waited at once.
const LONGEST: f64 = u32::MAX as f64 / 1000.0;

/// Puts the functions into the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let make = move |lua: &Lua, (ty, function, options): (LuaValue, LuaValue, LuaValue)| {
        let pointer = ctype_of(&shared, "dll.callback", &ty)?;
        let LuaValue::Function(function) = &function else {
            return Err(refused("dll.callback: a Lua function", &function));
        };
        let options = match &options {
            LuaValue::Nil => callback::Options::default(),
            LuaValue::Table(table) => callback::options_of(table)?,
            other => return Err(refused("dll.callback: a table of options", other)),
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
        seconds => seconds_of("dll.poll", seconds)?,
    };
    callback::poll(lua, module.worker(module.kind()), limit)
}

/// A time that a script gives in seconds.
pub(in crate::dll) fn seconds_of(doing: &str, value: &LuaValue) -> mlua::Result<Duration> {
    let seconds = value.as_number().or_else(|| value.as_integer().map(|seconds| seconds as f64));
    match seconds.filter(|seconds| *seconds >= 0.0) {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds.min(LONGEST))),
        None => Err(refused(&format!("{doing}: a number of seconds"), value)),
    }
}

fn refused(needed: &str, value: &LuaValue) -> mlua::Error {
    Error::new(ErrorKind::Type, format!("{needed} is needed, not {}", describe(value))).into()
}
