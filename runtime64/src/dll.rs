//! The `dll` module: libraries, declarations and calls, as Lua sees them.
//!
//! This is the only part of the runtime that knows both Lua and C types.

use std::path::PathBuf;

use mlua::{Lua, LuaString, Table, Value as LuaValue, Variadic};
use protocol::{DescribeLastError, Machine, Platform, SetErrno, Value};

use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::Settings;

mod binding;
mod bytes;
mod cast;
mod constant;
mod convert;
mod element;
mod error_object;
mod exports;
mod failure;
mod fault_name;
mod function;
mod garbage;
mod generational;
mod hexdump;
mod library;
mod mismatch;
mod module;
mod new;
mod object;
mod place;
mod pointer;
mod shape;
mod signature;
mod stats;
mod undeclared;

use library::{Library, Options};
use module::{Module, declaration_error};
use object::Object;
use pointer::Pointer;

/// Sets the global `dll`, and lets `require "dll"` find it.
///
/// # Errors
/// Lua's, if it is out of memory.
pub(crate) fn install(lua: &Lua, settings: Settings) -> mlua::Result<()> {
    error_object::install(lua)?;
    let module = Module::new(settings);
    lua.set_app_data(module.clone());
    let table = table_of(lua, &module)?;
    lua.globals().set("dll", &table)?;
    let loaded: Table = lua.globals().get::<Table>("package")?.get("loaded")?;
    loaded.set("dll", table)
}

/// Ends the workers, so that their libraries' destructors run. They start again if they are used again.
pub(crate) fn shutdown(lua: &Lua) {
    if let Some(module) = lua.app_data_ref::<Module>() {
        module.shared().workers.stop();
    }
}

/// The module's table, speaking of one kind of worker.
fn table_of(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    declaring(lua, module, &table)?;
    loading(lua, module, &table)?;
    memory(lua, module, &table)?;
    error_numbers(lua, module, &table)?;
    abi(lua, module, &table)?;
    table.set_metatable(Some(computed_fields(lua, module)?))?;
    Ok(table)
}

/// `cdef`, `sizeof`, `alignof`.
fn declaring(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    table.set(
        "cdef",
        lua.create_function(move |_, source: LuaValue| {
            let source = text("dll.cdef: C declarations", &source)?;
            Ok(shared.declarations_mut().declare(&source).map_err(|error| declaration_error(&error))?)
        })?,
    )?;
    let shared = module.clone();
    table.set("sizeof", lua.create_function(move |_, of: LuaValue| Ok(layout(&shared, &of)?.size))?)?;
    let shared = module.clone();
    table.set("alignof", lua.create_function(move |_, of: LuaValue| Ok(layout(&shared, &of)?.align))?)
}

/// A string argument. Headers have comments in any encoding, so bytes that are no UTF-8 do not matter to it.
fn text(what: &str, value: &LuaValue) -> Result<String, Error> {
    match value {
        LuaValue::String(string) => Ok(string.to_string_lossy()),
        other => {
            let message = format!("{what} in a string is needed, not {}", convert::describe(other));
            Err(Error::new(ErrorKind::Type, message))
        }
    }
}

/// Size and alignment of a type by name, of a pointer's own type, or of an object.
fn layout(module: &Module, of: &LuaValue) -> Result<c::Layout, Error> {
    let (ty, abi) = match of {
        LuaValue::String(source) => (parse_type(module, &source.to_string_lossy())?, module.abi()),
        LuaValue::UserData(userdata) if userdata.is::<Pointer>() => {
            let pointer =
                userdata.borrow::<Pointer>().map_err(|error| Error::new(ErrorKind::Type, error.to_string()))?;
            let abi = module::abi_of(pointer.owner().worker.kind());
            (pointer.target().clone().pointer_to(), abi)
        }
        LuaValue::UserData(userdata) if userdata.is::<Object>() => {
            let object = userdata.borrow::<Object>().map_err(|error| Error::new(ErrorKind::Type, error.to_string()))?;
            return Ok(c::Layout { size: object.shape().bytes, align: object.shape().align });
        }
        other => {
            let message =
                format!("a C type's name, a pointer or an object is needed, not {}", convert::describe(other));
            return Err(Error::new(ErrorKind::Type, message));
        }
    };
    c::layout(&ty, abi).map_err(|error| Error::new(ErrorKind::Declaration, format!("{ty}: {error}")))
}

fn parse_type(module: &Module, source: &str) -> Result<c::Type, Error> {
    module.declarations().parse_type(source).map_err(|error| declaration_error(&error))
}

/// `load`, `exports`, `of`.
fn loading(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    table.set(
        "load",
        lua.create_function(move |lua, (name, options): (LuaValue, LuaValue)| {
            let name = text("dll.load: a library's name", &name)?;
            let options = match &options {
                LuaValue::Nil => Options::default(),
                LuaValue::Table(table) => load_options(table)?,
                other => {
                    let message = format!("dll.load: a table of options is needed, not {}", convert::describe(other));
                    return Err(Error::new(ErrorKind::Type, message).into());
                }
            };
            binding::table_of(lua, Library::load(&shared, &name, options)?)
        })?,
    )?;
    table.set(
        "exports",
        lua.create_function(|lua, (library, pattern): (LuaValue, Option<LuaString>)| {
            let pattern = pattern.as_ref().map(LuaString::to_string_lossy);
            exports::list(lua, &*binding::library_of(&library)?, pattern.as_deref())
        })?,
    )?;
    let shared = module.clone();
    table.set(
        "of",
        lua.create_function(move |lua, library: LuaValue| {
            table_of(lua, &shared.of(binding::library_of(&library)?.worker().kind()))
        })?,
    )
}

fn load_options(table: &Table) -> mlua::Result<Options> {
    let mut options = Options::default();
    for pair in table.pairs::<String, LuaValue>() {
        let (key, value) = pair?;
        let wrong = |expected: &str| {
            let message = format!("dll.load: option '{key}': {expected} is needed, not {}", convert::describe(&value));
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
                let known = signature::convention_named(&word);
                options.convention = Some(known.ok_or_else(|| wrong("cdecl, stdcall, fastcall or thiscall"))?);
            }
            _ => {
                let message = format!("dll.load: there is no option '{key}'; there are search and convention");
                return Err(Error::new(ErrorKind::Type, message).into());
            }
        }
    }
    Ok(options)
}

/// `new`, `cast`, `tonumber`, `stats`, and what takes memory as bytes.
fn memory(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    table.set(
        "new",
        lua.create_function(move |lua, (ty, values): (LuaValue, Variadic<LuaValue>)| {
            let ty = text("dll.new: a C type's name", &ty)?;
            new::new(lua, &shared, &parse_type(&shared, &ty)?, &values)
        })?,
    )?;
    let shared = module.clone();
    table.set(
        "cast",
        lua.create_function(move |lua, (ty, value): (LuaValue, LuaValue)| {
            let ty = text("dll.cast: a C type's name", &ty)?;
            cast::cast(lua, &shared, &parse_type(&shared, &ty)?, &value)
        })?,
    )?;
    table.set("tonumber", lua.create_function(|_, value: LuaValue| Ok(number(value)?))?)?;
    let shared = module.clone();
    table.set("stats", lua.create_function(move |lua, ()| stats::stats(lua, &shared))?)?;
    bytes::install(lua, module, table)
}

/// The number that a value is or holds, nil for other values.
fn number(value: LuaValue) -> Result<LuaValue, Error> {
    let held = match &value {
        LuaValue::UserData(userdata) => match userdata.borrow::<Object>() {
            Ok(object) => {
                object.number(&mut element::Lasting).map_err(|mismatch| place::located("dll.tonumber", mismatch))?
            }
            Err(_) => None,
        },
        _ => Some(value),
    };
    Ok(held.filter(|held| held.is_integer() || held.is_number()).unwrap_or(LuaValue::Nil))
}

/// `errno`, `lasterror`.
fn error_numbers(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    table.set(
        "errno",
        lua.create_function(move |_, value: LuaValue| {
            let kind = shared.kind();
            let last = shared.shared().errno(kind);
            if !value.is_nil() {
                let value = errno_value(&value)?;
                let worker = shared.worker(kind);
                let set = worker.session().and_then(|mut session| session.call(&SetErrno { value }));
                set.map_err(|error| failure::from_remote(error, kind, "dll.errno"))?;
                shared.shared().remember(kind, value, shared.shared().last_error(kind));
            }
            Ok(last)
        })?,
    )?;
    let shared = module.clone();
    table.set(
        "lasterror",
        lua.create_function(move |lua, ()| {
            let code = shared.shared().last_error(shared.kind());
            let worker = shared.worker(shared.kind());
            let described = worker.session().and_then(|mut session| session.call(&DescribeLastError { code }));
            match described.map_err(|error| failure::from_remote(error, worker.kind(), "dll.lasterror"))? {
                Value::Bytes(text) => Ok((code, Some(lua.create_string(&text)?))),
                _ => Ok((code, None)),
            }
        })?,
    )
}

fn errno_value(value: &LuaValue) -> Result<i32, Error> {
    value.as_integer().and_then(|value| i32::try_from(value).ok()).ok_or_else(|| {
        let message = format!("dll.errno: an integer that fits C's int is needed, not {}", convert::describe(value));
        Error::new(ErrorKind::Type, message)
    })
}

/// `abi`, which answers questions about the worker's ABI as LuaJIT's does.
fn abi(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let answer = move |_: &Lua, question: LuaValue| {
        let abi = shared.abi();
        Ok(match text("dll.abi: a word", &question)?.as_str() {
            "32bit" => abi.pointer_bytes() == 4,
            "64bit" => abi.pointer_bytes() == 8,
            "win" => abi.is_windows(),
            // x86 has the byte order and the floating-point unit that these name.
            "le" | "fpu" | "hardfp" => true,
            _ => false,
        })
    };
    table.set("abi", lua.create_function(answer)?)
}

/// The fields that depend on what has been loaded: `C`, `os`, `arch`.
fn computed_fields(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let shared = module.clone();
    // One table for each kind of worker, so that `dll.C` is the same one as long as it means the same one.
    let default_libraries = lua.create_table()?;
    let index = lua.create_function(move |lua, (_, name): (LuaValue, LuaValue)| {
        let kind = shared.kind();
        let name = name.as_string().map(LuaString::to_string_lossy).unwrap_or_default();
        match name.as_str() {
            "os" => lua.create_string(os_name(kind.platform)).map(LuaValue::String),
            "arch" => lua.create_string(arch_name(kind.machine)).map(LuaValue::String),
            "C" => {
                let known: LuaValue = default_libraries.raw_get(kind.index())?;
                if !known.is_nil() {
                    return Ok(known);
                }
                let table = binding::table_of(lua, Library::default_of(&shared, kind))?;
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
