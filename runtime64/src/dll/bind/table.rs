//! A library as Lua sees it: a table whose fields are the library's functions and constants.

use std::sync::Arc;

use mlua::{Lua, Table, UserData, Value as LuaValue};

use super::variable;
use crate::dll::describe::describe;
use crate::dll::library::{Function, Library, undeclared};
use crate::dll::types::constant_to_lua;
use crate::error::{Error, ErrorKind};

/// The key of a library's metatable that leads back to the library.
const HANDLE: &str = "library";

/// The key under which it holds the table of the module that it was loaded through.
const MODULE: &str = "module";

struct Handle(Arc<Library>);

impl UserData for Handle {}

/// The table that stands for a library. It is empty, so that nothing in it can be overwritten: what names stand for is kept in
/// the table that it is indexed by, where each name is bound once and found without a call from then on.
pub(in crate::dll) fn table_of(lua: &Lua, library: Arc<Library>) -> mlua::Result<Table> {
    let metatable = lua.create_table()?;
    let bound = Arc::clone(&library);
    let bind = lua.create_function(move |lua, (names, name): (Table, LuaValue)| {
        let LuaValue::String(name) = name else {
            return Ok(LuaValue::Nil);
        };
        match lookup(lua, &bound, &name.to_str()?)? {
            Found::Fixed(value) => {
                names.raw_set(name, &value)?;
                Ok(value)
            }
            Found::Now(value) => Ok(value),
        }
    })?;
    let bound = Arc::clone(&library);
    let newindex = lua.create_function(move |_, (_, name, value): (Table, LuaValue, LuaValue)| -> mlua::Result<()> {
        let name = name.to_string()?;
        let declared = bound.module().types().declarations().variable(&name);
        if let Some(declared) = declared {
            return Ok(variable::write(&bound, &declared, &value)?);
        }
        let message = format!(
            "{}: '{name}' cannot be assigned; only variables that were declared can, a library's functions are fixed",
            bound.name()
        );
        Err(Error::new(ErrorKind::Type, message).in_library(bound.name()).into())
    })?;
    let text = library.to_string();
    let names = lua.create_table()?;
    names.set_metatable(Some(lua.create_table_from([("__index", bind)])?))?;
    metatable.set("__index", names)?;
    metatable.set("__newindex", newindex)?;
    metatable.set("__tostring", lua.create_function(move |_, _: LuaValue| Ok(text.clone()))?)?;
    metatable.set("__name", "dll library")?;
    metatable.set("__metatable", false)?;
    // What a script wants done after a restart is kept by the module's table.
    metatable.set(MODULE, library.module().worker_group().table(lua)?)?;
    metatable.set(HANDLE, lua.create_userdata(Handle(library))?)?;
    let table = lua.create_table()?;
    table.set_metatable(Some(metatable))?;
    Ok(table)
}

/// The library that a value stands for.
pub(in crate::dll) fn library_of(value: &LuaValue) -> Result<Arc<Library>, Error> {
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

/// What a name of a library stands for.
enum Found {
    /// The same value as long as the library is used.
    Fixed(LuaValue),
    /// What it stands for now: the value that a variable has, or a function that could not be looked for.
    Now(LuaValue),
}

/// A name of the library: a function or variable that is declared, or a constant.
fn lookup(lua: &Lua, library: &Arc<Library>, name: &str) -> mlua::Result<Found> {
    // The lock is given back before Lua allocates: that may run finalizers, and those may declare.
    let declarations = library.module().types().declarations();
    if let Some(declaration) = declarations.function(name) {
        drop(declarations);
        let function = Function::bind(Arc::clone(library), declaration)?;
        let found = if function.is_found() { Found::Fixed } else { Found::Now };
        return lua.create_userdata(function).map(|function| found(LuaValue::UserData(function)));
    }
    if let Some(declared) = declarations.variable(name) {
        drop(declarations);
        return variable::read(lua, library, &declared).map(Found::Now);
    }
    if let Some(value) = declarations.constant(name).map(|constant| constant.value(library.abi())) {
        drop(declarations);
        return constant_to_lua(lua, name, value).map(Found::Fixed);
    }
    drop(declarations);
    Err(undeclared(library, name).into())
}
