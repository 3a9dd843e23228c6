//! `pool`: the part that is written in Lua, and what it needs of Rust.

use std::time::{Duration, Instant};

use mlua::{Lua, Table, Value as LuaValue};

use super::workers;
use crate::dll::call;
use crate::dll::describe::wrong_type;
use crate::dll::library;
use crate::dll::module::Module;
use crate::error::{Error, ErrorKind};

/// Puts the function into the module's table.
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

/// Raises the error of a value that is none of those which are expected.
fn wrong(_: &Lua, (doing, expected, value): (String, String, LuaValue)) -> mlua::Result<()> {
    Err(wrong_type(&expected, &value).at(&doing).into())
}

/// Sleeps before the next look at calls, after a number of seconds without any that returned. `left` is how many there are.
fn rest(_: &Lua, (looks, waited, left): (u32, f64, Option<f64>)) -> mlua::Result<()> {
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    call::rest(looks, seconds(waited), left.map_or(Duration::MAX, seconds));
    Ok(())
}

/// An error with the place in the list of what it is an error of, counted from 1.
fn numbered(_: &Lua, (error, index): (LuaValue, usize)) -> mlua::Result<LuaValue> {
    let LuaValue::Error(raised) = &error else { return Ok(error) };
    let Some(known) = raised.downcast_ref::<Error>() else { return Ok(error) };
    let mut known = known.clone().at(format_args!("element {index}"));
    known.context.index = Some(index);
    Ok(LuaValue::Error(Box::new(known.into())))
}
