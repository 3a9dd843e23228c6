//! `cdata[key]`: the part of an object, or of a pointer's target, for a key.

use std::borrow::Cow;
use std::sync::Arc;

use mlua::Value as LuaValue;

use super::part::Part;
use super::{Cdata, CdataKind, integer};
use crate::dll::describe::describe;
use crate::dll::memory::Location;
use crate::dll::types::{Array, Ctype, Field, Fields, Form};
use crate::error::{Error, ErrorKind};

impl Cdata {
    /// The part for a key; `None` for a name that is not a field, which the metatype may know.
    #[inline]
    pub(super) fn part(&self, key: &LuaValue) -> Result<Option<Part<'_>>, Error> {
        let here = Cow::Borrowed(&self.location);
        match &self.ctype.form {
            Form::Record(fields) => match key {
                LuaValue::String(_) => {
                    let field = find(fields, key);
                    Ok(field.map(|field| part_of(field, Cow::Borrowed(&field.ctype), here, self.ctype.is_const)))
                }
                // A complex number is an array of two numbers, as in C.
                key => {
                    let field = fields.complex_part(integer(key).ok());
                    Ok(field.map(|field| part_of(field, Cow::Borrowed(&field.ctype), here, self.ctype.is_const)))
                }
            },
            Form::Array(array) => {
                let index = match key {
                    LuaValue::String(_) => return Ok(None),
                    key => self.element_of(array, key)?,
                };
                let ctype = Cow::Borrowed(&array.element);
                let offset = self.offset_of(&ctype, index)?;
                Ok(Some(Part { ctype, location: here, offset, bits: None, is_const: self.ctype.is_const }))
            }
            Form::Pointer(pointee) => self.part_there(pointee.ctype(self.ctype.abi), key),
            Form::Number(_) => match key {
                LuaValue::String(_) => Ok(None),
                key => self.only_element(key).map(|()| {
                    Some(Part {
                        ctype: Cow::Borrowed(&self.ctype),
                        location: here,
                        offset: 0,
                        bits: None,
                        is_const: false,
                    })
                }),
            },
            Form::Function(_) | Form::Opaque(_) => Ok(None),
        }
    }

    /// The part of a pointer's target: an element, or a field of the first one.
    fn part_there(&self, target: Arc<Ctype>, key: &LuaValue) -> Result<Option<Part<'_>>, Error> {
        let location = match self.kind {
            CdataKind::Pointer => Cow::Borrowed(&self.location),
            CdataKind::Object => Cow::Owned(self.leads_to(&self.ctype.ty)?),
        };
        if let LuaValue::String(_) = key {
            let Form::Record(fields) = &target.form else { return Ok(None) };
            let field = find(fields, key);
            let owned = |field: &Field| Cow::Owned(Arc::clone(&field.ctype));
            return Ok(field.map(|field| part_of(field, owned(field), location, target.is_const)));
        }
        let index = self.element_number(key)?;
        if matches!(target.form, Form::Opaque(_) | Form::Function(_)) {
            let reason = "its target cannot be read; dll.cast converts it to a pointer to a readable type";
            return Err(self.error(ErrorKind::Type, reason));
        }
        let bytes = target.bytes().map_err(|error| error.at(&self.ctype.ty))?;
        let distance = i64::try_from(bytes).ok().and_then(|bytes| index.checked_mul(bytes));
        let distance = distance
            .ok_or_else(|| self.error(ErrorKind::Range, format!("element {index} is outside the address space")))?;
        let location: Cow<'_, Location> = if distance == 0 { location } else { Cow::Owned(location.moved(distance)) };
        Ok(Some(Part { is_const: target.is_const, ctype: Cow::Owned(target), location, offset: 0, bits: None }))
    }

    /// The index of an array element, checked against the bounds.
    fn element_of(&self, array: &Array, key: &LuaValue) -> Result<u64, Error> {
        let index = self.element_number(key)?;
        let count = match array.count {
            Some(count) if !array.is_open => count,
            _ => u64::MAX,
        };
        match u64::try_from(index) {
            Ok(index) if index < count => Ok(index),
            _ => {
                let reason = match count {
                    0 => format!("there is no element {index}; the array is empty"),
                    u64::MAX => format!("there is no element {index}; indices start at 0"),
                    _ => format!("there is no element {index}; indices are 0 to {}", count - 1),
                };
                Err(self.error(ErrorKind::Range, reason))
            }
        }
    }

    #[inline]
    fn element_number(&self, key: &LuaValue) -> Result<i64, Error> {
        match key {
            LuaValue::Integer(index) => Ok(*index),
            other => integer(other).map_err(|_| {
                let reason = format!("there is no element {}; elements are numbered", describe(other));
                self.error(ErrorKind::Type, reason)
            }),
        }
    }

    /// A number in memory has one element: itself.
    fn only_element(&self, key: &LuaValue) -> Result<(), Error> {
        match self.element_number(key)? {
            0 => Ok(()),
            index => Err(self.error(ErrorKind::Range, format!("there is no element {index}; it is a single value"))),
        }
    }

    fn offset_of(&self, element: &Ctype, index: u64) -> Result<u64, Error> {
        let bytes = element.bytes().map_err(|error| error.at(&self.ctype.ty))?;
        bytes
            .checked_mul(index)
            .filter(|offset| *offset <= i64::MAX as u64)
            .ok_or_else(|| self.error(ErrorKind::Range, format!("element {index} is outside the address space")))
    }

    /// The error for a key without a part.
    pub(super) fn no_part(&self, key: &LuaValue) -> Error {
        let LuaValue::String(name) = key else {
            return self.error(ErrorKind::Type, format!("there is no field {}", describe(key)));
        };
        let name = name.to_string_lossy();
        let reason = match self.ctype.record() {
            Some(fields) => format!("there is no field '{name}'{}", fields.suggestion(&name)),
            None => match self.ctype.pointee().unwrap_or_else(|| Arc::clone(&self.ctype)).form {
                Form::Opaque(_) => format!("there is no field '{name}'; its fields are not declared"),
                Form::Array(_) => format!("there is no field '{name}'; elements are numbered from 0"),
                Form::Function(_) => format!("there is no '{name}'; a callback has free and set"),
                _ => format!("there is no field '{name}'; elements are numbered"),
            },
        };
        self.error(ErrorKind::Type, reason)
    }
}

/// The part for a field. The type is owned if it was laid out for this access, otherwise borrowed.
#[inline]
fn part_of<'a>(field: &Field, ctype: Cow<'a, Arc<Ctype>>, location: Cow<'a, Location>, is_const: bool) -> Part<'a> {
    Part { ctype, location, offset: field.offset, bits: field.bits, is_const }
}

/// The field with this name.
#[inline]
fn find<'a>(fields: &'a Fields, key: &LuaValue) -> Option<&'a Field> {
    let LuaValue::String(name) = key else { return None };
    fields.find(&name.as_bytes())
}
