//! `pool`: the Rust functions for the part that is written in Lua.

use std::time::{Duration, Instant};

use mlua::{Lua, Table, Value as LuaValue};

use super::workers;
use crate::dll::call;
use crate::dll::describe::wrong_type;
use crate::dll::library;
use crate::dll::module::Module;
use crate::error::{Error, ErrorKind};

/// Adds the function to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let rust = lua.create_table()?;
    let begun = Instant::now();
    rust.set("now", lua.create_function(move |_, ()| Ok(begun.elapsed().as_secs_f64()))?)?;
    rust.set("fail", lua.create_function(fail)?)?;
    rust.set("wrong", lua.create_function(wrong)?)?;
    rust.set("numbered", lua.create_function(numbered)?)?;
    rust.set("rest", lua.create_function(rest)?)?;
    rust.set("is_function", lua.create_function(|_, value: LuaValue| Ok(library::is_function(&value)))?)?;
    let shared = module.clone();
    let open = lua.create_function(move |lua, options: LuaValue| workers::open_of_pool(lua, &shared, &options))?;
    let members = lua.load(include_str!("../pool/members.lua")).set_name("=[runtime64]");
    let members: Table = members.call((open, &rust))?;
    lua.load(include_str!("../pool.lua")).set_name("=[runtime64]").call((table, rust, members))
}

/// Raises an error object of a kind.
fn fail(_: &Lua, (kind, message): (String, String)) -> mlua::Result<()> {
    Err(Error::new(ErrorKind::named(&kind).unwrap_or(ErrorKind::Type), message).into())
}

/// Raises the error for a value of the wrong type.
fn wrong(_: &Lua, (doing, expected, value): (String, String, LuaValue)) -> mlua::Result<()> {
    Err(wrong_type(&expected, &value).at(&doing).into())
}

/// Sleeps between checks of calls. `waited` is the time in seconds since a call last returned, `left` the time left.
fn rest(_: &Lua, (checks, waited, left): (u32, f64, Option<f64>)) -> mlua::Result<()> {
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    call::rest(checks, seconds(waited), left.map_or(Duration::MAX, seconds));
    Ok(())
}

/// Adds the index in a list, from 1, to an error.
fn numbered(_: &Lua, (error, index): (LuaValue, usize)) -> mlua::Result<LuaValue> {
    let LuaValue::Error(raised) = &error else { return Ok(error) };
    let Some(known) = raised.downcast_ref::<Error>() else { return Ok(error) };
    let mut known = known.clone().at(format_args!("element {index}"));
    known.context.index = Some(index);
    Ok(LuaValue::Error(Box::new(known.into())))
}
