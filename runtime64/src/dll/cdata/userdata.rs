//! C data as a userdata: fields and elements read and set. The other metamethods are in `metamethods.lua`.

use std::borrow::Cow;
use std::sync::Arc;

use mlua::{Lua, MetaMethod, UserData, UserDataMethods, Value as LuaValue};

use super::Cdata;
use super::callback_methods;
use super::part::Doing;
use crate::dll::conversion_error::ConversionError;
use crate::dll::memory::{Access, Lasting};
use crate::dll::types::constant_to_lua;
use crate::dll::types::{self, Event, Form, NumberBytes};

impl Cdata {
    /// The number or boolean that an object is, nothing for all else.
    pub(super) fn number(&self, access: &mut dyn Access) -> Result<Option<LuaValue>, ConversionError> {
        let Form::Number(number) = &self.ctype.form else { return Ok(None) };
        let mut bytes = NumberBytes::default();
        let length = self.ctype.bytes()? as usize;
        self.location.read_through(access, &mut bytes[..length])?;
        Ok(Some(number.value_of(&bytes)))
    }
}

/// The number that a value is or holds in memory; nothing for values that are no numbers.
pub(in crate::dll) fn number_of(
    value: &LuaValue,
    access: &mut dyn Access,
) -> Result<Option<LuaValue>, ConversionError> {
    match super::of(value) {
        Some(cdata) => cdata.number(access),
        None => Ok(None),
    }
}

/// A number that is an integer: a float without a fraction is one, and so is an object that holds one.
pub(in crate::dll) fn integer(value: &LuaValue) -> Result<i64, ConversionError> {
    match number_of(value, &mut Lasting)? {
        Some(held) => types::integer(&held),
        None => types::integer(value),
    }
}

/// The number that a value is where C converts it to one: of a complex number its real part.
pub(in crate::dll) fn converted_number(
    value: &LuaValue,
    access: &mut dyn Access,
) -> Result<Option<LuaValue>, ConversionError> {
    let Some(cdata) = super::of(value) else { return Ok(None) };
    match &cdata.ctype.form {
        Form::Record(fields) if fields.is_complex => {
            let real = &fields.list[0].ctype;
            Cdata::object(Arc::clone(real), cdata.location.clone()).number(access)
        }
        _ => cdata.number(access),
    }
}

/// A value as C converts it to a number: of an object the number that it holds, all else as it is.
#[inline]
pub(in crate::dll) fn unboxed<'a>(
    value: &'a LuaValue,
    access: &mut dyn Access,
) -> Result<Cow<'a, LuaValue>, ConversionError> {
    let held = if value.is_userdata() { converted_number(value, access)? } else { None };
    Ok(held.map_or(Cow::Borrowed(value), Cow::Owned))
}

/// The value of a field or element, and what is left to do with it in `metamethods.lua`, if anything is: a function or table that
/// is to be asked for the name, or `true` where the value takes over the guard.
#[inline]
fn index(lua: &Lua, cdata: &Cdata, key: LuaValue) -> mlua::Result<(LuaValue, LuaValue)> {
    let Some(part) = cdata.part(&key)? else { return beyond_fields(lua, cdata, &key) };
    let value = part.read(lua, &Doing { cdata, key: &key })?;
    let inherits = cdata.guard.is_there() && value.is_userdata();
    Ok((value, if inherits { LuaValue::Boolean(true) } else { LuaValue::Nil }))
}

/// What a name stands for that no field has.
fn beyond_fields(lua: &Lua, cdata: &Cdata, key: &LuaValue) -> mlua::Result<(LuaValue, LuaValue)> {
    if let Some(value) = constant(lua, cdata, key)? {
        return Ok((value, LuaValue::Nil));
    }
    match cdata.ctype.metamethod(Event::Index) {
        Some(LuaValue::Table(methods)) if methods.metatable().is_none() => match methods.raw_get(key)? {
            LuaValue::Nil => Err(cdata.no_part(key).into()),
            found => Ok((found, LuaValue::Nil)),
        },
        Some(method) => Ok((LuaValue::Nil, method)),
        None => match key.as_string().map(mlua::LuaString::to_string_lossy) {
            Some(name) => match callback_methods::method_of(lua, cdata, &name)? {
                Some(method) => Ok((method, LuaValue::Nil)),
                None => Err(cdata.no_part(key).into()),
            },
            None => Err(cdata.no_part(key).into()),
        },
    }
}

/// A constant that a struct itself declares.
#[cold]
fn constant(lua: &Lua, cdata: &Cdata, key: &LuaValue) -> mlua::Result<Option<LuaValue>> {
    let Some(name) = key.as_string().map(mlua::LuaString::to_string_lossy) else { return Ok(None) };
    match cdata.ctype.record().and_then(|fields| fields.constant(&name)) {
        Some(value) => constant_to_lua(lua, &name, Some(value)).map(Some),
        None => Ok(None),
    }
}

/// Sets a field or element. A function or table of the metatype that is to do it is given as a value.
#[inline]
fn set_index(_: &Lua, cdata: &Cdata, (key, value): (LuaValue, LuaValue)) -> mlua::Result<LuaValue> {
    if let Some(part) = cdata.part(&key)? {
        part.write(&Doing { cdata, key: &key }, &value)?;
        return Ok(LuaValue::Nil);
    }
    match cdata.ctype.metamethod(Event::NewIndex) {
        None => Err(cdata.no_part(&key).into()),
        Some(LuaValue::Table(methods)) if methods.metatable().is_none() => {
            methods.raw_set(key, value).map(|()| LuaValue::Nil)
        }
        Some(method) => Ok(method),
    }
}

impl UserData for Cdata {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::Index, index);
        methods.add_meta_method(MetaMethod::NewIndex, set_index);
    }
}
