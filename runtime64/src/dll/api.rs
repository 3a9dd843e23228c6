//! The module's table as scripts see it, function by function. No other module depends on it.

use mlua::{Lua, LuaString, Table, Value as LuaValue};
use protocol::{Machine, Platform};

use super::bind;
use super::cdata;
use super::library::Library;
use super::module::Module;

mod argument;
mod bytes;
mod callbacks;
mod calling;
mod clock;
mod declaring;
mod error_numbers;
mod exports;
mod hexdump;
mod loading;
mod objects;
mod options;
mod pool;
mod stats;
mod symbol;
mod workers;

/// Creates the module's table for one kind of worker.
pub(super) fn table_of(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    declaring::install(lua, module, &table)?;
    loading::install(lua, module, &table)?;
    objects::install(lua, module, &table)?;
    bytes::install(lua, module, &table)?;
    error_numbers::install(lua, module, &table)?;
    callbacks::install(lua, module, &table)?;
    calling::install(lua, &table)?;
    clock::install(lua, &table)?;
    workers::install(lua, module, &table)?;
    pool::install(lua, module, &table)?;
    abi(lua, module, &table)?;
    let shared = module.clone();
    table.set("stats", lua.create_function(move |lua, ()| stats::of_all(lua, &shared))?)?;
    table.set_metatable(Some(computed_fields(lua, module)?))?;
    Ok(table)
}

/// `abi`: queries about the worker's ABI, as in LuaJIT.
fn abi(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let answer = move |_: &Lua, question: LuaValue| {
        let abi = shared.abi();
        Ok(match argument::text("dll.abi: a word", &question)?.as_str() {
            "32bit" => abi.pointer_bytes() == 4,
            "64bit" => abi.pointer_bytes() == 8,
            "win" => abi.is_windows(),
            // x86 has the byte order and the floating-point unit that these words denote.
            "le" | "fpu" | "hardfp" => true,
            _ => false,
        })
    };
    table.set("abi", lua.create_function(answer)?)
}

/// The fields that depend on the libraries loaded: `C`, `os`, `arch`, `nullptr`.
fn computed_fields(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let shared = module.clone();
    // One table for each kind of worker, so that `dll.C` stays the same table as long as the kind does.
    let default_libraries = lua.create_table()?;
    let index = lua.create_function(move |lua, (_, name): (LuaValue, LuaValue)| {
        let kind = shared.kind();
        let name = name.as_string().map(LuaString::to_string_lossy).unwrap_or_default();
        match name.as_str() {
            "os" => lua.create_string(os_name(kind.platform)).map(LuaValue::String),
            "arch" => lua.create_string(arch_name(kind.machine)).map(LuaValue::String),
            "nullptr" => cdata::null(&shared)?.into_lua(lua),
            "C" => {
                let known: LuaValue = default_libraries.raw_get(kind.index())?;
                if !known.is_nil() {
                    return Ok(known);
                }
                let table = bind::table_of(lua, Library::default_of(&shared, kind))?;
                default_libraries.raw_set(kind.index(), &table)?;
                Ok(LuaValue::Table(table))
            }
            _ => Ok(LuaValue::Nil),
        }
    })?;
    let metatable = lua.create_table()?;
    metatable.set("__index", index)?;
    metatable.set("__name", "dll")?;
    Ok(metatable)
}

fn os_name(platform: Platform) -> &'static str {
    match platform {
        Platform::Linux => "Linux",
        Platform::Windows => "Windows",
    }
}

fn arch_name(machine: Machine) -> &'static str {
    match machine {
        Machine::I386 => "x86",
        Machine::X86_64 => "x64",
    }
}
