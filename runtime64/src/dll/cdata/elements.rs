//! Tables passed for a pointer's target, for the duration of a call.

use std::sync::Arc;

use mlua::{Table, Value as LuaValue};

use super::initialise::{WriteTarget, bytes_of, from_lua, is_same_type, put_elements, sequence};
use crate::dll::address_space::AddressSpace;
use crate::dll::conversion_error::ConversionError;
use crate::dll::memory::{Access, buffer};
use crate::dll::types::{Array, Ctype, Fields, Form, times};

/// The bytes of all elements of a table, and their number.
pub(in crate::dll) fn bytes_of_elements(
    element: &Arc<Ctype>,
    table: &Table,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<(Vec<u8>, u64), ConversionError> {
    let values = sequence(table, u64::MAX)?;
    let count = values.len() as u64;
    let mut bytes = buffer(&element.ty, times(element.bytes()?, count)?)?;
    let array = Array { element: Arc::clone(element), count: Some(count), is_variable: false, is_open: false };
    put_elements(&mut bytes, &array, &values, &mut WriteTarget { space, access }, false)?;
    Ok((bytes, count))
}

/// The bytes of a table for a pointer's target: one struct, or as many elements as the table has. A table is a list of
/// structs if its first value cannot be the first field of one.
pub(in crate::dll) fn bytes_behind(
    element: &Arc<Ctype>,
    table: &Table,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<Vec<u8>, ConversionError> {
    if let Form::Record(fields) = &element.form
        && !is_list_of(element, fields, table)?
    {
        return bytes_of(element, &LuaValue::Table(table.clone()), space, access);
    }
    bytes_of_elements(element, table, space, access).map(|(bytes, _)| bytes)
}

fn is_list_of(ctype: &Ctype, fields: &Fields, table: &Table) -> Result<bool, ConversionError> {
    let mut first = table.raw_get::<LuaValue>(0).map_err(from_lua)?;
    if first.is_nil() {
        first = table.raw_get(1).map_err(from_lua)?;
    }
    let begins_with_scalar =
        fields.list.first().is_some_and(|field| matches!(field.ctype.form, Form::Number(_) | Form::Pointer(_)));
    Ok(is_same_type(ctype, &first) || first.is_table() && begins_with_scalar)
}
