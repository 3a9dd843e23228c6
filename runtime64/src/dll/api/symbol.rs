//! `dll.symbol`: any export of a library by its exact symbol.

use mlua::{Lua, Value as LuaValue};

use super::argument::ctype_of;
use crate::dll::bind::{self, library_of};
use crate::dll::module::Module;

/// Binds a symbol of a library to a function or to a view of an object.
pub(super) fn symbol(
    lua: &Lua,
    module: &Module,
    (library, symbol, ty): (LuaValue, LuaValue, LuaValue),
) -> mlua::Result<LuaValue> {
    let library = library_of(&library)?;
    let symbol_query = bind::symbol_query(&library, &symbol)?;
    // The type is laid out for the library's worker, not for the module's kind of worker.
    let ctype = ctype_of(&module.of(library.worker().kind()), "dll.symbol", &ty)?;
    bind::bind_symbol(lua, library, symbol_query, &ctype)
}
