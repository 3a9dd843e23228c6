//! A library as Lua sees it: a table whose fields are the library's functions and constants.

use std::sync::Arc;

use mlua::{Lua, Table, UserData, Value as LuaValue};

use super::convert::describe;
use super::function::Function;
use super::library::Library;
use super::{constant, undeclared};
use crate::error::{Error, ErrorKind};

/// The key of a library's metatable that leads back to the library.
const HANDLE: &str = "library";

struct Handle(Arc<Library>);

impl UserData for Handle {}

/// The table that stands for a library: its metatable binds each name once, and the name is then a plain field.
pub(super) fn table_of(lua: &Lua, library: Arc<Library>) -> mlua::Result<Table> {
    let metatable = lua.create_table()?;
    let bound = Arc::clone(&library);
    let index = lua.create_function(move |lua, (table, name): (Table, LuaValue)| {
        let LuaValue::String(name) = name else {
            return Ok(LuaValue::Nil);
        };
        let value = lookup(lua, &bound, &name.to_str()?)?;
        table.raw_set(name, &value)?;
        Ok(value)
    })?;
    let bound = Arc::clone(&library);
    let newindex = lua.create_function(move |_, (_, name): (Table, LuaValue)| -> mlua::Result<()> {
        let message =
            format!("{}: '{}' cannot be assigned; a library's functions are fixed", bound.name(), name.to_string()?);
        Err(Error::new(ErrorKind::Type, message).in_library(bound.name()).into())
    })?;
    let text = library.to_string();
    metatable.set("__index", index)?;
    metatable.set("__newindex", newindex)?;
    metatable.set("__tostring", lua.create_function(move |_, _: LuaValue| Ok(text.clone()))?)?;
    metatable.set("__name", "dll library")?;
    metatable.set("__metatable", false)?;
    metatable.set(HANDLE, lua.create_userdata(Handle(library))?)?;
    let table = lua.create_table()?;
    table.set_metatable(Some(metatable))?;
    Ok(table)
}

/// The library that a value stands for.
pub(super) fn library_of(value: &LuaValue) -> Result<Arc<Library>, Error> {
    let handle = || {
        let userdata: mlua::AnyUserData = value.as_table()?.metatable()?.raw_get(HANDLE).ok()?;
        let handle = userdata.borrow::<Handle>().ok()?;
        Some(Arc::clone(&handle.0))
    };
    handle().ok_or_else(|| {
        let message = format!("a library that dll.load returned is needed, not {}", describe(value));
        Error::new(ErrorKind::Type, message)
    })
}

/// A name of the library: a function that is declared, or a constant.
fn lookup(lua: &Lua, library: &Arc<Library>, name: &str) -> mlua::Result<LuaValue> {
    // The lock is given back before Lua allocates: that may run finalizers, and those may declare.
    let declarations = library.module().declarations();
    if let Some(declaration) = declarations.function(name) {
        drop(declarations);
        let function = Function::bind(Arc::clone(library), declaration)?;
        return lua.create_userdata(function).map(LuaValue::UserData);
    }
    if let Some(value) = declarations.constant(name).map(|constant| constant.value(library.abi())) {
        drop(declarations);
        return constant::to_lua(lua, name, value);
    }
    Err(undeclared::error(library, &declarations, name).into())
}
