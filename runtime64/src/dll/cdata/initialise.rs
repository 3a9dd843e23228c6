//! Initialisation of objects and assignment to aggregates: converts Lua values to the bytes of a C object.
//!
//! The bytes are complete before they are written to memory at once, so that a value that does not fit changes nothing.

use std::sync::Arc;

use mlua::{Table, Value as LuaValue};

use super::pointer::{RequiredPointer, address_for};
use super::{Cdata, CdataKind, integer, unboxed};
use crate::dll::address_space::AddressSpace;
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::{describe, wrong_type};
use crate::dll::memory::{Access, Persistent, buffer};
use crate::dll::types::{Array, Ctype, Field, Fields, Form, NumberBytes, is_text, put_text};
use crate::error::ErrorKind;

/// The address space the bytes are for, and access to its worker.
pub(super) struct WriteTarget<'a> {
    pub(super) space: &'a AddressSpace,
    pub(super) access: &'a mut dyn Access,
}

/// The bytes of one value of a type, zero where the value does not specify them.
pub(in crate::dll) fn bytes_of(
    ctype: &Ctype,
    value: &LuaValue,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<Vec<u8>, ConversionError> {
    let mut bytes = zeros(ctype)?;
    put(&mut bytes, ctype, value, &mut WriteTarget { space, access })?;
    Ok(bytes)
}

/// The bytes for the arguments of `dll.new`: one value, or several for the elements of an array or the fields of a
/// struct.
pub(super) fn bytes_of_all(
    ctype: &Ctype,
    values: &[LuaValue],
    space: &AddressSpace,
) -> Result<Vec<u8>, ConversionError> {
    let mut bytes = zeros(ctype)?;
    let target = &mut WriteTarget { space, access: &mut Persistent };
    match (&ctype.form, values) {
        (_, [value]) if is_whole(ctype, value) => put(&mut bytes, ctype, value, target)?,
        (Form::Array(array), values) => put_elements(&mut bytes, array, values, target, true)?,
        (Form::Record(fields), values) => put_in_order(&mut bytes, fields, values, target)?,
        (_, values) => return Err(too_many(values.len(), 1)),
    }
    Ok(bytes)
}

fn zeros(ctype: &Ctype) -> Result<Vec<u8>, ConversionError> {
    Ok(buffer(&ctype.ty, ctype.bytes()?)?)
}

/// Whether a value initialises an object as a whole, not just its first part.
fn is_whole(ctype: &Ctype, value: &LuaValue) -> bool {
    match (&ctype.form, value) {
        (Form::Array(_) | Form::Record(_), LuaValue::Table(_)) => true,
        (Form::Array(array), LuaValue::String(_)) => is_text(array),
        (Form::Array(_) | Form::Record(_), value) => is_same_type(ctype, value) || is_complex_for(ctype, value),
        _ => true,
    }
}

/// Whether a value is an object of the same type.
pub(super) fn is_same_type(ctype: &Ctype, value: &LuaValue) -> bool {
    super::of(value).is_some_and(|cdata| cdata.kind == CdataKind::Object && cdata.ctype.is_same(ctype))
}

/// Whether a complex number is to be converted to another complex type.
fn is_complex_for(ctype: &Ctype, value: &LuaValue) -> bool {
    matches!(&ctype.form, Form::Record(fields) if fields.is_complex)
        && super::of(value).is_some_and(|cdata| is_complex(&cdata))
}

/// Writes a value to zeroed bytes.
pub(super) fn put(
    bytes: &mut [u8],
    ctype: &Ctype,
    value: &LuaValue,
    target: &mut WriteTarget<'_>,
) -> Result<(), ConversionError> {
    match (&ctype.form, value) {
        (Form::Number(number), value) => {
            copy_front(bytes, &number.to_bytes(&*unboxed(value, target.access)?)?);
            Ok(())
        }
        (Form::Pointer(_), value) => {
            let address = match value {
                LuaValue::String(string) => target.access.lend_text(&string.as_bytes(), ctype)?,
                value => address_for(value, &RequiredPointer { ctype, space: target.space }, target.access)?,
            };
            copy_front(bytes, &address.to_le_bytes());
            Ok(())
        }
        (Form::Array(array), LuaValue::String(string)) => put_text(bytes, array, &string.as_bytes()),
        (Form::Array(array), LuaValue::Table(table)) => {
            put_elements(bytes, array, &sequence(table, array.count.unwrap_or(0))?, target, !array.is_variable)
        }
        (Form::Record(fields), LuaValue::Table(table)) => put_table(bytes, fields, table, target),
        (Form::Record(fields), LuaValue::UserData(_)) if fields.is_complex && !is_same_type(ctype, value) => {
            for (field, part) in fields.list.iter().zip(complex_parts(value, target.access)?) {
                put_field(bytes, field, &part, target)?;
            }
            Ok(())
        }
        (_, LuaValue::UserData(_)) => copy_object(bytes, ctype, value, target),
        (Form::Record(fields), value) if fields.is_complex => put(bytes, &fields.list[0].ctype, value, target),
        (Form::Array(_), value) => Err(wrong_type("a table, a string or an array of the same type", value)),
        (Form::Record(_), value) => Err(wrong_type(&format!("a table or a {}", ctype.ty), value)),
        (Form::Function(_) | Form::Opaque(_), _) => {
            Err(ConversionError::new(ErrorKind::Type, format!("no Lua value can be converted to {}", ctype.ty)))
        }
    }
}

fn is_complex(cdata: &Cdata) -> bool {
    matches!(&cdata.ctype.form, Form::Record(fields) if fields.is_complex)
}

/// The real and imaginary part of a complex number of any width, or of a number.
fn complex_parts(value: &LuaValue, access: &mut dyn Access) -> Result<[LuaValue; 2], ConversionError> {
    let Some(cdata) = super::of(value).filter(|cdata| is_complex(cdata)) else {
        let number = super::number_of(value, access)?;
        let real = number.ok_or_else(|| wrong_type("a number or a complex number", value))?;
        return Ok([real, LuaValue::Number(0.0)]);
    };
    let Form::Record(fields) = &cdata.ctype.form else { return Ok([LuaValue::Nil, LuaValue::Nil]) };
    let mut part = |field: &Field| {
        let part = Cdata::object(Arc::clone(&field.ctype), cdata.location.moved(field.offset as i64));
        part.number(access).map(Option::unwrap_or_default)
    };
    Ok([part(&fields.list[0])?, part(&fields.list[1])?])
}

/// Copies as many bytes as fit: the first bytes of a number.
fn copy_front(bytes: &mut [u8], from: &[u8]) {
    let length = bytes.len().min(from.len());
    bytes[..length].copy_from_slice(&from[..length]);
}

/// Copies an object of the same type.
fn copy_object(
    bytes: &mut [u8],
    ctype: &Ctype,
    value: &LuaValue,
    target: &mut WriteTarget<'_>,
) -> Result<(), ConversionError> {
    let Some(cdata) = super::of(value) else {
        return Err(wrong_type(&ctype.ty.to_string(), value));
    };
    if cdata.kind != CdataKind::Object || !cdata.ctype.is_same(ctype) {
        return Err(wrong_type(&ctype.ty.to_string(), value));
    }
    cdata.space().check(target.space, &cdata.ctype.ty)?;
    let length = cdata.ctype.bytes()?;
    if length > bytes.len() as u64 {
        let reason = format!("an object of {length} bytes does not fit into {} bytes", bytes.len());
        return Err(ConversionError::new(ErrorKind::Range, reason));
    }
    let length = length as usize;
    cdata.location.read_through(target.access, &mut bytes[..length])
}

/// The elements of a table, from index 0 if present, otherwise from 1, up to the first missing one. A key that is not
/// an integer is an error, so that it is not ignored silently.
pub(super) fn sequence(table: &Table, most: u64) -> Result<Vec<LuaValue>, ConversionError> {
    for pair in table.pairs::<LuaValue, LuaValue>() {
        let (key, _) = pair.map_err(from_lua)?;
        if !key.is_integer() {
            let reason = format!("the table has {} as a key, but elements have integer keys", describe(&key));
            return Err(ConversionError::new(ErrorKind::Type, reason));
        }
    }
    let get = |index: usize| table.raw_get::<LuaValue>(index).map_err(from_lua);
    let first = usize::from(get(0)?.is_nil());
    let mut values = Vec::new();
    loop {
        let value = get(first + values.len())?;
        if value.is_nil() {
            return Ok(values);
        }
        if values.len() as u64 >= most {
            return Err(too_many(table.raw_len() + 1 - first, most));
        }
        values.push(value);
    }
}

/// Writes values in order; with `repeats`, a single value initialises all elements.
pub(super) fn put_elements(
    bytes: &mut [u8],
    array: &Array,
    values: &[LuaValue],
    target: &mut WriteTarget<'_>,
    repeats: bool,
) -> Result<(), ConversionError> {
    let count = array.count.unwrap_or(0);
    if values.len() as u64 > count {
        return Err(too_many(values.len(), count));
    }
    let size = array.element.bytes()? as usize;
    if size == 0 {
        return Ok(());
    }
    for (index, (value, bytes)) in values.iter().zip(bytes.chunks_mut(size)).enumerate() {
        put(bytes, &array.element, value, target).map_err(|error| error.within(format!("element {index}")))?;
    }
    if let ([_], true) = (values, repeats && !bytes.is_empty()) {
        let (first, rest) = bytes.split_at_mut(size);
        rest.chunks_exact_mut(size).for_each(|chunk| chunk.copy_from_slice(first));
    }
    Ok(())
}

/// Writes the fields of a struct from a table: by position if the table has an element 0 or 1, otherwise by name.
fn put_table(
    bytes: &mut [u8],
    fields: &Fields,
    table: &Table,
    target: &mut WriteTarget<'_>,
) -> Result<(), ConversionError> {
    let by_position = |index: usize| table.raw_get::<LuaValue>(index).map(|value| !value.is_nil());
    if by_position(0).map_err(from_lua)? || by_position(1).map_err(from_lua)? {
        return put_in_order(bytes, fields, &sequence(table, fields.list.len() as u64)?, target);
    }
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for pair in table.pairs::<LuaValue, LuaValue>() {
        let (key, value) = pair.map_err(from_lua)?;
        let name = match &key {
            LuaValue::String(name) => name.to_string_lossy(),
            other => return Err(wrong_type("the name of a field", other)),
        };
        let field = fields.find(name.as_bytes()).ok_or_else(|| {
            let reason = format!("there is no field '{name}'{}", fields.suggestion(&name));
            ConversionError::new(ErrorKind::Type, reason)
        })?;
        for (union, branch) in &field.branches {
            if taken.iter().any(|(known, other)| known == union && other != branch) {
                let reason = "a union takes one value, but the table has several";
                return Err(ConversionError::new(ErrorKind::Type, reason));
            }
            taken.push((*union, *branch));
        }
        put_field(bytes, field, &value, target)?;
    }
    Ok(())
}

/// Writes fields in order; of a union only the first one.
fn put_in_order(
    bytes: &mut [u8],
    fields: &Fields,
    values: &[LuaValue],
    target: &mut WriteTarget<'_>,
) -> Result<(), ConversionError> {
    let settable: Vec<&Field> = fields.list.iter().filter(|field| !field.is_alternative).collect();
    if values.len() > settable.len() {
        return Err(too_many(values.len(), settable.len() as u64));
    }
    settable.into_iter().zip(values).try_for_each(|(field, value)| put_field(bytes, field, value, target))
}

fn put_field(
    bytes: &mut [u8],
    field: &Field,
    value: &LuaValue,
    target: &mut WriteTarget<'_>,
) -> Result<(), ConversionError> {
    let within = |error: ConversionError| error.within(format!("field '{}'", field.name));
    let start = (field.offset as usize).min(bytes.len());
    let Some(bits) = field.bits else {
        // An array of open length has the size of the memory.
        let length = field.ctype.bytes().map_or(0, |length| length as usize).min(bytes.len() - start);
        return put(&mut bytes[start..start + length], &field.ctype, value, target).map_err(within);
    };
    let Form::Number(number) = &field.ctype.form else { return Ok(()) };
    let value = number.bits(&*unboxed(value, target.access)?, bits.width).map_err(within)?;
    let length = bits.bytes().min(bytes.len() - start);
    let mut window = NumberBytes::default();
    window[..length].copy_from_slice(&bytes[start..start + length]);
    let merged = bits.set(u128::from_le_bytes(window), value);
    bytes[start..start + length].copy_from_slice(&merged.to_le_bytes()[..length]);
    Ok(())
}

fn too_many(given: usize, most: u64) -> ConversionError {
    let plural = if most == 1 { "" } else { "s" };
    let message = format!("expected at most {most} value{plural}, got {given}");
    ConversionError::new(ErrorKind::Range, message)
}

pub(super) fn from_lua(error: mlua::Error) -> ConversionError {
    ConversionError::new(ErrorKind::Type, error.to_string())
}

/// A number of elements.
pub(super) fn element_count(value: &LuaValue) -> Result<u64, ConversionError> {
    let count = integer(value).ok().and_then(|count| u64::try_from(count).ok());
    count.ok_or_else(|| {
        let reason = format!("expected a non-negative integer as the number of elements, got {}", describe(value));
        ConversionError::new(ErrorKind::Type, reason)
    })
}
