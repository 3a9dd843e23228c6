//! `pool`: the part that is written in Lua, and what it needs of Rust.

use std::time::Instant;

use mlua::{Lua, Table, Value as LuaValue};

use crate::error::{Error, ErrorKind};

/// Puts the function into the module's table, whose `worker` and `wait_any` it goes by.
pub(super) fn install(lua: &Lua, table: &Table) -> mlua::Result<()> {
    let rust = lua.create_table()?;
    let begun = Instant::now();
    rust.set("now", lua.create_function(move |_, ()| Ok(begun.elapsed().as_secs_f64()))?)?;
    rust.set("fail", lua.create_function(fail)?)?;
    rust.set("numbered", lua.create_function(numbered)?)?;
    lua.load(include_str!("../pool.lua")).set_name("=[runtime64]").call((table, rust))
}

/// Raises an error object of a kind.
fn fail(_: &Lua, (kind, message): (String, String)) -> mlua::Result<()> {
    Err(Error::new(ErrorKind::named(&kind).unwrap_or(ErrorKind::Type), message).into())
}

/// An error with the place in the list of what it is an error of, counted from 1.
fn numbered(_: &Lua, (error, index): (LuaValue, usize)) -> mlua::Result<LuaValue> {
    let LuaValue::Error(raised) = &error else { return Ok(error) };
    let Some(known) = raised.downcast_ref::<Error>() else { return Ok(error) };
    let mut known = known.clone();
    known.message = format!("element {index}: {}", known.message);
    known.context.index = Some(index);
    Ok(LuaValue::Error(Box::new(known.into())))
}
