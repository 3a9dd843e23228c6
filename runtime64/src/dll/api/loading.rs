//! `load`, `exports`, `symbol`, `of`: libraries.

use std::path::PathBuf;

use mlua::{Lua, LuaString, Table, Value as LuaValue};

use super::argument::{encoding, os_string};
use super::options::{OptionValue, read_each};
use super::{exports, symbol, table_of};
use crate::dll::bind;
use crate::dll::breaker::Limits;
use crate::dll::describe::describe;
use crate::dll::library::{Library, LoadOptions};
use crate::dll::module::Module;
use crate::dll::text::Encoding;
use crate::dll::types::convention_named;
use crate::error::{Error, ErrorKind};

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    table.set(
        "load",
        lua.create_function(move |lua, (name, options): (LuaValue, LuaValue)| {
            let name = os_string("dll.load: the library name", &name)?;
            let options = match &options {
                // LuaJIT's parameter for global names, which do not exist here.
                LuaValue::Nil | LuaValue::Boolean(_) => LoadOptions::default(),
                LuaValue::Table(table) => load_options(table)?,
                other => {
                    let message = format!("dll.load: expected a table of options, got {}", describe(other));
                    return Err(Error::new(ErrorKind::Type, message).into());
                }
            };
            bind::table_of(lua, Library::load(&shared, &name, options)?)
        })?,
    )?;
    table.set(
        "exports",
        lua.create_function(|lua, (library, pattern): (LuaValue, Option<LuaString>)| {
            let pattern = pattern.as_ref().map(LuaString::to_string_lossy);
            exports::list(lua, &*bind::library_of(&library)?, pattern.as_deref())
        })?,
    )?;
    let shared = module.clone();
    table.set("symbol", lua.create_function(move |lua, arguments| symbol::symbol(lua, &shared, arguments))?)?;
    let shared = module.clone();
    table.set(
        "of",
        lua.create_function(move |lua, library: LuaValue| {
            table_of(lua, &shared.of(bind::library_of(&library)?.worker().kind()))
        })?,
    )
}

fn load_options(table: &Table) -> mlua::Result<LoadOptions> {
    let mut options = LoadOptions::default();
    read_each("dll.load", table, "search, convention, encoding, breaker and deadline", |key, option| {
        match key {
            "search" => options.search = folders(option)?,
            "convention" => {
                let word = option.value.as_string().map(LuaString::to_string_lossy).unwrap_or_default();
                let known = convention_named(&word);
                options.defaults.convention =
                    Some(known.ok_or_else(|| option.wrong("cdecl, stdcall, fastcall or thiscall"))?);
            }
            "encoding" => options.defaults.encoding = narrow_encoding(option)?,
            "deadline" => options.deadline = Some(option.seconds()?),
            "breaker" => options.breaker = Some(breaker(option)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(options)
}

fn folders(option: &OptionValue) -> mlua::Result<Vec<PathBuf>> {
    match &option.value {
        LuaValue::String(_) => Ok(vec![option.path()?]),
        LuaValue::Table(folders) => {
            let folder = |folder: LuaValue| Ok(os_string(option.location(), &folder)?.into());
            folders.sequence_values::<LuaValue>().map(|value| folder(value?)).collect()
        }
        _ => Err(option.wrong("a folder or a list of folders")),
    }
}

fn narrow_encoding(option: &OptionValue) -> mlua::Result<Encoding> {
    match encoding(option.location(), &option.value)? {
        Encoding::Wide(_) => {
            Err(option
                .wrong("an encoding for const char *, which cannot be a wide one (const wchar_t * needs no option)"))
        }
        encoding => Ok(encoding),
    }
}

/// The limits of the breaker; `false` disables it.
fn breaker(option: &OptionValue) -> mlua::Result<Option<Limits>> {
    if let LuaValue::Boolean(false) = option.value {
        return Ok(None);
    }
    let table = option.table("false or a table with deaths, within and pause")?;
    let mut limits = Limits::default();
    read_each(option.location(), &table, "deaths, within and pause", |key, option| {
        match key {
            "deaths" => limits.deaths = u32::try_from(option.count()?).unwrap_or(u32::MAX),
            "within" => limits.within = option.seconds()?,
            "pause" => limits.pause = option.seconds()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Some(limits))
}
