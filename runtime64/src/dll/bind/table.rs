//! A library in Lua: a table whose fields are the library's functions, variables and constants.

use std::sync::Arc;

use mlua::{Lua, Table, UserData, Value as LuaValue};

use super::variable;
use crate::dll::describe::describe;
use crate::dll::library::{Function, Library, undeclared};
use crate::dll::types::constant_to_lua;
use crate::error::{Error, ErrorKind};

/// The key in a library's metatable for the library itself.
const HANDLE: &str = "library";

/// The key for the table of the module that it was loaded through.
const MODULE: &str = "module";

struct Handle(Arc<Library>);

impl UserData for Handle {}

/// The table for a library. It is empty, so that nothing in it can be overwritten. Values are kept in the table behind
/// `__index`, where each name is bound at its first use and found without a call from then on.
pub(in crate::dll) fn table_of(lua: &Lua, library: Arc<Library>) -> mlua::Result<Table> {
    let metatable = lua.create_table()?;
    let bound = Arc::clone(&library);
    let bind = lua.create_function(move |lua, (names, name): (Table, LuaValue)| {
        let LuaValue::String(name) = name else {
            return Ok(LuaValue::Nil);
        };
        match lookup(lua, &bound, &name.to_str()?)? {
            Lookup::Cacheable(value) => {
                names.raw_set(name, &value)?;
                Ok(value)
            }
            Lookup::Uncacheable(value) => Ok(value),
        }
    })?;
    let bound = Arc::clone(&library);
    let newindex =
        lua.create_function(move |_, (_, name, value): (Table, LuaValue, LuaValue)| -> mlua::Result<()> {
            let name = name.to_string()?;
            let declared = bound.module().types().declarations().variable(&name);
            if let Some(declared) = declared {
                return Ok(variable::write(&bound, &declared, &value)?);
            }
            let message = format!(
                "{}: cannot assign to '{name}': only declared variables are assignable, functions are not",
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
    // The restart function of a script is stored with the module's table.
    metatable.set(MODULE, library.module().worker_group().table(lua)?)?;
    metatable.set(HANDLE, lua.create_userdata(Handle(library))?)?;
    let table = lua.create_table()?;
    table.set_metatable(Some(metatable))?;
    Ok(table)
}

/// The library of a library table.
pub(in crate::dll) fn library_of(value: &LuaValue) -> Result<Arc<Library>, Error> {
    let handle = || {
        let userdata: mlua::AnyUserData = value.as_table()?.metatable()?.raw_get(HANDLE).ok()?;
        let handle = userdata.borrow::<Handle>().ok()?;
        Some(Arc::clone(&handle.0))
    };
    handle().ok_or_else(|| {
        let message = format!("expected a library returned by dll.load, got {}", describe(value));
        Error::new(ErrorKind::Type, message)
    })
}

/// The value of a name of a library.
enum Lookup {
    /// Stays the same, so it can be cached.
    Cacheable(LuaValue),
    /// Must not be cached: the value of a variable, or a function whose symbol could not be looked up yet.
    Uncacheable(LuaValue),
}

/// Looks up a declared function or variable, or a constant.
fn lookup(lua: &Lua, library: &Arc<Library>, name: &str) -> mlua::Result<Lookup> {
    // The lock is released before Lua allocates, which may run finalizers, which may declare.
    let declarations = library.module().types().declarations();
    if let Some(declaration) = declarations.function(name) {
        drop(declarations);
        let function = Function::bind(Arc::clone(library), declaration)?;
        let found = if function.is_found() { Lookup::Cacheable } else { Lookup::Uncacheable };
        return lua.create_userdata(function).map(|function| found(LuaValue::UserData(function)));
    }
    if let Some(declared) = declarations.variable(name) {
        drop(declarations);
        return variable::read(lua, library, &declared).map(Lookup::Uncacheable);
    }
    if let Some(value) = declarations.constant(name).map(|constant| constant.value(library.abi())) {
        drop(declarations);
        return constant_to_lua(lua, name, value).map(Lookup::Cacheable);
    }
    drop(declarations);
    Err(undeclared(library, name).into())
}
