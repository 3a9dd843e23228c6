//! `load`, `exports`, `symbol`, `of`: libraries as the module's table offers them.

use std::path::PathBuf;

use mlua::{Lua, LuaString, Table, Value as LuaValue};

use super::argument::{encoding, os_string};
use super::options::{Given, read_each};
use super::{exports, symbol, table_of};
use crate::dll::bind;
use crate::dll::breaker::Limits;
use crate::dll::describe::describe;
use crate::dll::library::{Library, Options};
use crate::dll::module::Module;
use crate::dll::text::Encoding;
use crate::dll::types::convention_named;
use crate::error::{Error, ErrorKind};

/// Puts the functions into the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    table.set(
        "load",
        lua.create_function(move |lua, (name, options): (LuaValue, LuaValue)| {
            let name = os_string("dll.load: a library's name", &name)?;
            let options = match &options {
                // LuaJIT takes whether the names are to be global, which they never are here.
                LuaValue::Nil | LuaValue::Boolean(_) => Options::default(),
                LuaValue::Table(table) => load_options(table)?,
                other => {
                    let message = format!("dll.load: a table of options is needed, not {}", describe(other));
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

fn load_options(table: &Table) -> mlua::Result<Options> {
    let mut options = Options::default();
    read_each("dll.load", table, "search, convention, encoding, breaker and deadline", |key, given| {
        match key {
            "search" => options.search = folders(given)?,
            "convention" => {
                let word = given.value.as_string().map(LuaString::to_string_lossy).unwrap_or_default();
                let known = convention_named(&word);
                options.defaults.convention =
                    Some(known.ok_or_else(|| given.wrong("cdecl, stdcall, fastcall or thiscall"))?);
            }
            "encoding" => options.defaults.encoding = narrow_encoding(given)?,
            "deadline" => options.deadline = Some(given.seconds()?),
            "breaker" => options.breaker = Some(breaker(given)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(options)
}

fn folders(given: &Given) -> mlua::Result<Vec<PathBuf>> {
    match &given.value {
        LuaValue::String(_) => Ok(vec![given.path()?]),
        LuaValue::Table(folders) => {
            let folder = |folder: LuaValue| Ok(os_string(given.location(), &folder)?.into());
            folders.sequence_values::<LuaValue>().map(|value| folder(value?)).collect()
        }
        _ => Err(given.wrong("a folder or a list of folders")),
    }
}

fn narrow_encoding(given: &Given) -> mlua::Result<Encoding> {
    match encoding(given.location(), &given.value)? {
        Encoding::Wide(_) => {
            Err(given.wrong("the encoding of const char *, which no wide one is (const wchar_t * needs no option)"))
        }
        encoding => Ok(encoding),
    }
}

/// When the library is left alone: `false` for never.
fn breaker(given: &Given) -> mlua::Result<Option<Limits>> {
    if let LuaValue::Boolean(false) = given.value {
        return Ok(None);
    }
    let table = given.table("false, or a table with deaths, within and pause,")?;
    let mut limits = Limits::default();
    read_each(given.location(), &table, "deaths, within and pause", |key, given| {
        match key {
            "deaths" => limits.deaths = u32::try_from(given.count()?).unwrap_or(u32::MAX),
            "within" => limits.within = given.seconds()?,
            "pause" => limits.pause = given.seconds()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Some(limits))
}
