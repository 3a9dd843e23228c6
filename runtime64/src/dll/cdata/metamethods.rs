//! The metamethods of C data that are implemented in Lua, and the Rust functions they call.

use mlua::{AnyUserData, Function, Lua, MultiValue, Table, Value as LuaValue};

use super::{Cdata, Handle, callback_methods, finalizer, iterate, operators, show};
use crate::dll::module::Module;
use crate::dll::types::{Event, Form};
use crate::error::ErrorKind;

/// The key in Lua's registry for the functions returned by the Lua part.
const FUNCTIONS: &str = "runtime64 metamethods of C data";

/// Calls the function that a pointer points to.
pub(in crate::dll) type CallPointer = fn(&Lua, &Cdata, &MultiValue) -> mlua::Result<MultiValue>;

/// Completes the metatables of C data and of its types.
pub(super) fn install(lua: &Lua, module: &Module, call: CallPointer) -> mlua::Result<()> {
    let null = super::null(module)?;
    let handle = lua.create_userdata(Handle::new(null.ctype.clone(), module.clone()))?;
    let events = lua.create_table()?;
    for event in Event::all() {
        events.set(event.metamethod(), event as i64)?;
    }
    let source = include_str!("metamethods.lua");
    let chunk = lua.load(source).set_name("=[runtime64]");
    let functions: Table = chunk.call((lua.create_userdata(null)?, handle, events, rust_side(lua, call)?))?;
    lua.set_named_registry_value(FUNCTIONS, functions)
}

/// A function returned by the Lua part.
pub(super) fn function(lua: &Lua, name: &str) -> mlua::Result<Function> {
    lua.named_registry_value::<Table>(FUNCTIONS)?.raw_get(name)
}

/// The functions that the Lua part calls.
fn rust_side(lua: &Lua, call: CallPointer) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("operate", lua.create_function(operators::operate)?)?;
    table.set(
        "method_of",
        lua.create_function(|_, (event, this): (i64, LuaValue)| {
            Ok(Event::numbered(event).and_then(|event| operators::method_of(&this, event)))
        })?,
    )?;
    table.set("length", lua.create_function(|_, this: AnyUserData| Ok(this.borrow::<Cdata>()?.length()?))?)?;
    table.set("call", lua.create_function(move |lua, arguments: MultiValue| invoke(lua, arguments, call))?)?;
    table.set("to_string", lua.create_function(|_, this: AnyUserData| Ok(show::shown(&*this.borrow::<Cdata>()?)))?)?;
    table.set("pairs", lua.create_function(|lua, this: AnyUserData| iterate::pairs(lua, &this))?)?;
    table.set("ipairs", lua.create_function(|lua, this: AnyUserData| iterate::ipairs(lua, &this))?)?;
    table.set("guard_of", lua.create_function(|_, this: AnyUserData| finalizer::own_guard_of(&this))?)?;
    table.set(
        "inherit",
        lua.create_function(|_, (this, part): (AnyUserData, LuaValue)| finalizer::inherit(&this, part))?,
    )?;
    table.set("warning_of", lua.create_function(finalizer::warning_of)?)?;
    table.set(
        "missing",
        lua.create_function(|_, (this, key): (AnyUserData, LuaValue)| -> mlua::Result<()> {
            Err(this.borrow::<Cdata>()?.no_part(&key).into())
        })?,
    )?;
    table.set("fresh", lua.create_function(|lua, copy: AnyUserData| copy.borrow::<Cdata>()?.clone().into_lua(lua))?)?;
    table.set("is_obsolete", lua.create_function(finalizer::is_obsolete)?)?;
    table.set(
        "close",
        lua.create_function(|_, this: AnyUserData| {
            callback_methods::free_closed(&*this.borrow::<Cdata>()?);
            this.borrow_mut::<Cdata>()?.location.close();
            Ok(())
        })?,
    )?;
    Handle::add_to(lua, &table)?;
    Ok(table)
}

/// Calls the function that a pointer points to.
fn invoke(lua: &Lua, mut arguments: MultiValue, call: CallPointer) -> mlua::Result<MultiValue> {
    let this = match arguments.pop_front() {
        Some(LuaValue::UserData(this)) => this,
        _ => return Err(mlua::Error::runtime("C data expected")),
    };
    let cdata = this.borrow::<Cdata>()?.clone();
    call(lua, &cdata, &arguments)
}

impl Cdata {
    /// The number of elements of an array.
    fn length(&self) -> Result<u64, crate::error::Error> {
        let is_array = matches!(self.ctype.form, Form::Array(_));
        match self.ctype.count() {
            Some(count) => Ok(count),
            None if is_array => Err(self.error(ErrorKind::Type, "its length is unknown")),
            None => Err(self.error(ErrorKind::Type, "it has no length; only arrays do")),
        }
    }
}
