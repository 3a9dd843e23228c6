//! `pairs` over the fields of structs and the elements of arrays, `ipairs` over elements; both start at 0.

use mlua::{AnyUserData, Lua, MultiValue, Value as LuaValue};

use super::Cdata;
use super::finalizer::inherit;
use super::part::{FieldAccess, Part};
use crate::dll::types::Form;
use crate::error::{Error, ErrorKind};

/// The values for an `ipairs` loop: those of `pairs`, for arrays only.
pub(super) fn ipairs(lua: &Lua, this: &AnyUserData) -> mlua::Result<MultiValue> {
    let cdata = this.borrow::<Cdata>()?;
    if !matches!(cdata.ctype.form, Form::Array(_)) {
        return Err(cdata.error(ErrorKind::Type, "it has no elements to iterate over; only arrays do").into());
    }
    drop(cdata);
    pairs(lua, this)
}

/// The values for a `pairs` loop: a function, the C data, and no key yet.
pub(super) fn pairs(lua: &Lua, this: &AnyUserData) -> mlua::Result<MultiValue> {
    next_key(&*this.borrow::<Cdata>()?, &LuaValue::Nil)?;
    let next = lua.create_function(|lua, (this, key): (AnyUserData, LuaValue)| {
        let cdata = this.borrow::<Cdata>()?;
        let Some(key) = next_key(&cdata, &key)? else { return Ok((LuaValue::Nil, LuaValue::Nil)) };
        let key = match key {
            Key::Element(index) => LuaValue::Integer(index),
            Key::Field(name) => LuaValue::String(lua.create_string(&name)?),
        };
        let value = match cdata.part(&key)? {
            Some(part) => read(lua, &this, &cdata, &key, &part)?,
            None => LuaValue::Nil,
        };
        Ok((key, value))
    })?;
    Ok(MultiValue::from_vec(vec![LuaValue::Function(next), LuaValue::UserData(this.clone()), LuaValue::Nil]))
}

/// The value of a part. A NULL pointer does not end the loop, as its key is not nil.
fn read(lua: &Lua, this: &AnyUserData, cdata: &Cdata, key: &LuaValue, part: &Part<'_>) -> mlua::Result<LuaValue> {
    let value = part.read(lua, &FieldAccess { cdata, key })?;
    if cdata.guard.is_there() && value.is_userdata() { inherit(this, value) } else { Ok(value) }
}

enum Key {
    Element(i64),
    Field(String),
}

/// The key after `key`, or the first one after nil.
fn next_key(cdata: &Cdata, key: &LuaValue) -> Result<Option<Key>, Error> {
    if let Some(fields) = cdata.ctype.record() {
        let index = match key {
            LuaValue::String(name) => fields.position(&name.as_bytes()).map_or(usize::MAX, |index| index + 1),
            _ => 0,
        };
        return Ok(fields.list.get(index).map(|field| Key::Field(field.name.clone())));
    }
    let Form::Array(array) = &cdata.ctype.form else {
        return Err(cdata.error(ErrorKind::Type, "it has no fields or elements to iterate over"));
    };
    let index = key.as_integer().map_or(0, |index| index.saturating_add(1));
    let Some(count) = array.count else {
        return Err(cdata.error(ErrorKind::Type, "its length is unknown, so it cannot be iterated over"));
    };
    Ok(u64::try_from(index).is_ok_and(|index| index < count).then_some(Key::Element(index)))
}
