//! `callback`, `poll`: permanent callbacks, and callbacks that wait for the host.

use std::sync::Arc;
use std::time::Duration;

use mlua::{Function, Lua, Table, Value as LuaValue};
use protocol::Value;

use super::argument::ctype_of;
use super::options::read_each;
use crate::dll::address_space::AddressSpace;
use crate::dll::call;
use crate::dll::callback_registry::{form_of, keep_with, prototype_of};
use crate::dll::cdata;
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::wrong_type;
use crate::dll::duration;
use crate::dll::marshal;
use crate::dll::module::Module;
use crate::dll::types::{Ctype, Form};

/// The options of `dll.callback`.
#[derive(Debug, Default)]
struct CallbackOptions {
    /// The result for the library if the Lua function fails or is called later.
    default: LuaValue,
    /// Whether calls on the library's own threads return that result at once.
    is_queued: bool,
}

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let make = move |lua: &Lua, (ty, function, options): (LuaValue, LuaValue, LuaValue)| {
        let pointer = ctype_of(&shared, "dll.callback", &ty)?;
        let LuaValue::Function(function) = &function else {
            return Err(wrong_type("a Lua function", &function).at("dll.callback").into());
        };
        let options = match &options {
            LuaValue::Nil => CallbackOptions::default(),
            LuaValue::Table(table) => options_of(table)?,
            other => return Err(wrong_type("a table of options", other).at("dll.callback").into()),
        };
        new(lua, function, &pointer, &cdata::current_space(&shared)?, &options)
    };
    table.set("callback", lua.create_function(make)?)?;
    let shared = module.clone();
    table.set("poll", lua.create_function(move |lua, seconds: LuaValue| poll(lua, &shared, &seconds))?)
}

/// Makes a callback that lives until it is freed, as a pointer.
fn new(
    lua: &Lua,
    function: &Function,
    pointer: &Arc<Ctype>,
    space: &AddressSpace,
    options: &CallbackOptions,
) -> mlua::Result<LuaValue> {
    let pointer = match &pointer.form {
        Form::Function(_) => pointer.pointer_to(),
        _ => Arc::clone(pointer),
    };
    cdata::kept_callback(lua, &pointer, space, || {
        keep_with(function, &pointer, space, default(&pointer, space, &options.default)?, options.is_queued)
    })
}

/// The result for the library if the function fails. No worker may be held: the value may be in its memory, or a Lua
/// function that becomes a callback itself.
fn default(pointer: &Ctype, space: &AddressSpace, value: &LuaValue) -> Result<Value, ConversionError> {
    let form = form_of(pointer)?;
    let prototype = prototype_of(&form, pointer, space)?;
    match value {
        LuaValue::Nil => Ok(Value::Nil),
        value => marshal::callback_result(prototype, value, space).map_err(|error| error.within("option 'default'")),
    }
}

/// Serves the callbacks that wait, or waits for one if there is none. Returns their number.
fn poll(lua: &Lua, module: &Module, seconds: &LuaValue) -> mlua::Result<u32> {
    let limit = match seconds {
        LuaValue::Nil => Duration::ZERO,
        seconds => duration::of_seconds("dll.poll", seconds)?,
    };
    call::poll(lua, module.worker(module.kind()), limit)
}

/// Reads the options of a callback.
fn options_of(table: &Table) -> mlua::Result<CallbackOptions> {
    let mut options = CallbackOptions::default();
    read_each("dll.callback", table, "default and thread", |key, option| {
        match key {
            "default" => options.default = option.value.clone(),
            "thread" => {
                let is_queued = match option.value.as_string().map(mlua::LuaString::to_string_lossy).as_deref() {
                    Some("sync") => false,
                    Some("queue") => true,
                    _ => {
                        return Err(option.wrong(
                            "\"sync\" (a thread of the library waits until the host serves it) or \"queue\" (it gets \
                             the default at once)",
                        ));
                    }
                };
                options.is_queued = is_queued;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(options)
}
