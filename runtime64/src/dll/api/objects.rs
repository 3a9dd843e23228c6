//! `new`, `cast`, `gc`, `tonumber`, `format_u64`, `describe`: C objects.

use mlua::{AnyUserData, Lua, Table, Value as LuaValue, Variadic};

use super::argument::ctype_of;
use crate::dll::bind::library_of;
use crate::dll::cdata::{self, Handle, integer};
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::describe as in_words;
use crate::dll::library;
use crate::dll::memory::Persistent;
use crate::dll::module::Module;
use crate::error::{Error, ErrorKind};

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let new = move |lua: &Lua, (ty, values): (LuaValue, Variadic<LuaValue>)| {
        cdata::new(lua, &shared, &ctype_of(&shared, "dll.new", &ty)?, &values)
    };
    table.set("new", lua.create_function(new)?)?;
    let shared = module.clone();
    let cast = move |lua: &Lua, (ty, value): (LuaValue, LuaValue)| {
        cdata::cast(lua, &shared, &ctype_of(&shared, "dll.cast", &ty)?, &value)
    };
    table.set("cast", lua.create_function(cast)?)?;
    table.set("gc", lua.create_function(|lua, (value, finalizer): (LuaValue, LuaValue)| gc(lua, value, finalizer))?)?;
    let own: mlua::Function = lua.globals().get("tonumber")?;
    let number = move |_: &Lua, (value, base): (LuaValue, Option<LuaValue>)| match cdata::of(&value).is_some() {
        true => Ok(number(&value)?),
        false => match base {
            None => own.call(value),
            Some(base) => own.call((value, base)),
        },
    };
    table.set("tonumber", lua.create_function(number)?)?;
    table.set("format_u64", lua.create_function(|_, value: LuaValue| Ok(format_u64(&value)?))?)?;
    let shared = module.clone();
    table.set("describe", lua.create_function(move |_, value: LuaValue| describe(&shared, &value))?)
}

/// Sets the finalizer of C data, and returns the data.
fn gc(lua: &Lua, value: LuaValue, finalizer: LuaValue) -> mlua::Result<LuaValue> {
    let refused = |what: &str, value: &LuaValue| {
        let message = format!("dll.gc: expected {what}, got {}", in_words(value));
        mlua::Error::from(Error::new(ErrorKind::Type, message))
    };
    let Some(userdata) = cdata::of(&value).and(value.as_userdata()) else {
        return Err(refused("a pointer or an object", &value));
    };
    match &finalizer {
        LuaValue::Nil | LuaValue::Function(_) => {}
        other if library::is_function(other) || cdata::is_function_pointer(other) => {}
        other => return Err(refused("a function or nil", other)),
    }
    cdata::set_finalizer(lua, userdata, finalizer)?;
    Ok(value)
}

/// The number in C data, or nil.
fn number(value: &LuaValue) -> Result<LuaValue, Error> {
    let held = cdata::number_of(value, &mut Persistent).map_err(|error| error.at("dll.tonumber"))?;
    Ok(held.filter(|held| held.is_integer() || held.is_number()).unwrap_or(LuaValue::Nil))
}

/// The decimal digits of the unsigned integer with the same bits.
fn format_u64(value: &LuaValue) -> Result<String, Error> {
    let located = |error: ConversionError| error.at("dll.format_u64");
    integer(value).map(|bits| (bits as u64).to_string()).map_err(located)
}

/// A type, an object, a function or a library in C syntax.
fn describe(module: &Module, value: &LuaValue) -> mlua::Result<String> {
    match value {
        LuaValue::UserData(userdata) => describe_userdata(module, userdata, value),
        LuaValue::String(_) => Ok(cdata::declaration(&*ctype_of(module, "dll.describe", value)?)),
        other => match library_of(other) {
            Ok(library) => Ok(library.to_string()),
            Err(_) => {
                let needed = "a type, an object, a function or a library";
                let message = format!("dll.describe: expected {needed}, got {}", in_words(other));
                Err(Error::new(ErrorKind::Type, message).into())
            }
        },
    }
}

fn describe_userdata(module: &Module, userdata: &AnyUserData, value: &LuaValue) -> mlua::Result<String> {
    if let Some(cdata) = cdata::of(value) {
        return Ok(cdata::describe(&cdata));
    }
    if userdata.is::<Handle>() {
        return Ok(cdata::declaration(&*ctype_of(module, "dll.describe", value)?));
    }
    value.to_string()
}
