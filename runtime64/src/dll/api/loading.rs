//! `load`, `exports`, `symbol`, `of`: libraries as the module's table offers them.

use std::path::PathBuf;

use mlua::{Lua, LuaString, Table, Value as LuaValue};

use super::argument::{encoding, text};
use super::{exports, symbol, table_of};
use crate::dll::describe::describe;
use crate::dll::library::{self, Library, Options};
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
            let name = text("dll.load: a library's name", &name)?;
            let options = match &options {
                // LuaJIT takes whether the names are to be global, which they never are here.
                LuaValue::Nil | LuaValue::Boolean(_) => Options::default(),
                LuaValue::Table(table) => load_options(table)?,
                other => {
                    let message = format!("dll.load: a table of options is needed, not {}", describe(other));
                    return Err(Error::new(ErrorKind::Type, message).into());
                }
            };
            library::table_of(lua, Library::load(&shared, &name, options)?)
        })?,
    )?;
    table.set(
        "exports",
        lua.create_function(|lua, (library, pattern): (LuaValue, Option<LuaString>)| {
            let pattern = pattern.as_ref().map(LuaString::to_string_lossy);
            exports::list(lua, &*library::library_of(&library)?, pattern.as_deref())
        })?,
    )?;
    let shared = module.clone();
    table.set("symbol", lua.create_function(move |lua, arguments| symbol::symbol(lua, &shared, arguments))?)?;
    let shared = module.clone();
    table.set(
        "of",
        lua.create_function(move |lua, library: LuaValue| {
            table_of(lua, &shared.of(library::library_of(&library)?.worker().kind()))
        })?,
    )
}

fn load_options(table: &Table) -> mlua::Result<Options> {
    let mut options = Options::default();
    for pair in table.pairs::<String, LuaValue>() {
        let (key, value) = pair?;
        let wrong = |expected: &str| {
            let message = format!("dll.load: option '{key}': {expected} is needed, not {}", describe(&value));
            mlua::Error::from(Error::new(ErrorKind::Type, message))
        };
        match key.as_str() {
            "search" => match &value {
                LuaValue::String(folder) => options.search.push(PathBuf::from(&*folder.to_str()?)),
                LuaValue::Table(folders) => {
                    for folder in folders.sequence_values::<String>() {
                        options.search.push(folder?.into());
                    }
                }
                _ => return Err(wrong("a folder or a list of folders")),
            },
            "convention" => {
                let word = value.as_string().map(LuaString::to_string_lossy).unwrap_or_default();
                let known = convention_named(&word);
                options.defaults.convention = Some(known.ok_or_else(|| wrong("cdecl, stdcall, fastcall or thiscall"))?);
            }
            "encoding" => {
                let encoding = encoding("dll.load: option 'encoding'", &value)?;
                if let Encoding::Wide(_) = encoding {
                    return Err(wrong(
                        "the encoding of const char *, which no wide one is (const wchar_t * needs no option)",
                    ));
                }
                options.defaults.encoding = encoding;
            }
            _ => {
                let message =
                    format!("dll.load: there is no option '{key}'; there are search, convention and encoding");
                return Err(Error::new(ErrorKind::Type, message).into());
            }
        }
    }
    Ok(options)
}
