//! The userdata of C data: reads and writes fields and elements. The other metamethods are in `metamethods.lua`.

use std::borrow::Cow;
use std::sync::Arc;

use mlua::{Lua, MetaMethod, UserData, UserDataMethods, Value as LuaValue};

use super::Cdata;
use super::callback_methods;
use super::part::FieldAccess;
use crate::dll::conversion_error::ConversionError;
use crate::dll::memory::{Access, Persistent};
use crate::dll::types::constant_to_lua;
use crate::dll::types::{self, Event, Form, NumberBytes};

impl Cdata {
    /// The value of an object that is a number or boolean; `None` for other C data.
    pub(super) fn number(&self, access: &mut dyn Access) -> Result<Option<LuaValue>, ConversionError> {
        let Form::Number(number) = &self.ctype.form else { return Ok(None) };
        let mut bytes = NumberBytes::default();
        let length = self.ctype.bytes()? as usize;
        self.location.read_through(access, &mut bytes[..length])?;
        Ok(Some(number.value_of(&bytes)))
    }
}

/// The number in memory that a value refers to; `None` for other values.
pub(in crate::dll) fn number_of(
    value: &LuaValue,
    access: &mut dyn Access,
) -> Result<Option<LuaValue>, ConversionError> {
    match super::of(value) {
        Some(cdata) => cdata.number(access),
        None => Ok(None),
    }
}

/// The integer in a value: a Lua integer, a float without a fraction, or an object in memory that contains one.
pub(in crate::dll) fn integer(value: &LuaValue) -> Result<i64, ConversionError> {
    match number_of(value, &mut Persistent)? {
        Some(held) => types::integer(&held),
        None => types::integer(value),
    }
}

/// The number that C would convert an object to, such as the real part of a complex number; `None` for other values.
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

/// A value with an object replaced by the number it contains.
#[inline]
pub(in crate::dll) fn unboxed<'a>(
    value: &'a LuaValue,
    access: &mut dyn Access,
) -> Result<Cow<'a, LuaValue>, ConversionError> {
    let held = if value.is_userdata() { converted_number(value, access)? } else { None };
    Ok(held.map_or(Cow::Borrowed(value), Cow::Owned))
}

/// The value of a field or element, and what remains to be done in `metamethods.lua`: call the function or index the
/// table that is returned, or for `true` let the value inherit the guard.
#[inline]
fn index(lua: &Lua, cdata: &Cdata, key: LuaValue) -> mlua::Result<(LuaValue, LuaValue)> {
    let Some(part) = cdata.part(&key)? else { return beyond_fields(lua, cdata, &key) };
    let value = part.read(lua, &FieldAccess { cdata, key: &key })?;
    let inherits = cdata.guard.is_there() && value.is_userdata();
    Ok((value, if inherits { LuaValue::Boolean(true) } else { LuaValue::Nil }))
}

/// The value of a name that is not a field.
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

/// A constant that the struct declares.
#[cold]
fn constant(lua: &Lua, cdata: &Cdata, key: &LuaValue) -> mlua::Result<Option<LuaValue>> {
    let Some(name) = key.as_string().map(mlua::LuaString::to_string_lossy) else { return Ok(None) };
    match cdata.ctype.record().and_then(|fields| fields.constant(&name)) {
        Some(value) => constant_to_lua(lua, &name, Some(value)).map(Some),
        None => Ok(None),
    }
}

/// Sets a field or element. Returns the metatype's function or table if that has to do it.
#[inline]
fn set_index(_: &Lua, cdata: &Cdata, (key, value): (LuaValue, LuaValue)) -> mlua::Result<LuaValue> {
    if let Some(part) = cdata.part(&key)? {
        part.write(&FieldAccess { cdata, key: &key }, &value)?;
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
