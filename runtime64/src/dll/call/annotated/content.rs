//! Conversion of Lua values to the bytes of a pointer's target.

use mlua::Value as LuaValue;

use super::Length;
use crate::dll::address_space::AddressSpace;
use crate::dll::cdata;
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::wrong_type;
use crate::dll::memory::Access;
use crate::dll::types::{Extent, Passing, PointeePlan, PointeeShape, Role};
use crate::error::ErrorKind;

/// The bytes of a value, and their length if the annotation has a size.
pub(super) fn of_value(
    role: &Role,
    target: &PointeePlan,
    value: &LuaValue,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<(Vec<u8>, Option<Length>), ConversionError> {
    match (&role.extent, value) {
        (Some(extent), LuaValue::String(text)) => string(role, target, &text.as_bytes(), extent),
        (None, LuaValue::String(text)) if role.is_terminated => terminated(target, &text.as_bytes(), value),
        (Some(extent), LuaValue::Table(table)) => {
            let (bytes, _) = cdata::bytes_of_elements(&target.element, table, space, access)?;
            let length = Length { count: bytes.len() as u64 / extent.unit, is_terminated: false };
            Ok((bytes, Some(length)))
        }
        (Some(_), _) => Err(wrong_type(expected(target), value)),
        (None, _) => Ok((cdata::bytes_of(&target.element, value, space, access)?, None)),
    }
}

/// The bytes of a string. Text that the function may modify is converted to the library's encoding, as the output is
/// converted back; text that is only read is passed unchanged.
fn string(
    role: &Role,
    target: &PointeePlan,
    text: &[u8],
    extent: &Extent,
) -> Result<(Vec<u8>, Option<Length>), ConversionError> {
    let bytes = match target.shape {
        PointeeShape::Text(encoding) if target.bytes > 1 || role.passing == Passing::InOut => {
            encoding.encode(text)?.into_owned()
        }
        PointeeShape::Text(_) | PointeeShape::Bytes => text.to_vec(),
        PointeeShape::Numbers | PointeeShape::Objects => {
            let reason = format!("expected a table, as an element is '{}'; a string contains bytes", target.element.ty);
            return Err(ConversionError::new(ErrorKind::Type, reason));
        }
    };
    let length = Length { count: bytes.len() as u64 / extent.unit, is_terminated: true };
    Ok((bytes, Some(length)))
}

/// Text that is modified in place.
fn terminated(
    target: &PointeePlan,
    text: &[u8],
    value: &LuaValue,
) -> Result<(Vec<u8>, Option<Length>), ConversionError> {
    match target.shape {
        PointeeShape::Text(encoding) => Ok((encoding.encode_terminated(text)?.into_owned(), None)),
        PointeeShape::Bytes => Ok((text.to_vec(), None)),
        PointeeShape::Numbers | PointeeShape::Objects => Err(wrong_type("a pointer, an object or a number", value)),
    }
}

fn expected(target: &PointeePlan) -> &'static str {
    match target.shape {
        PointeeShape::Text(_) | PointeeShape::Bytes => "a string, a table, a pointer or an object",
        PointeeShape::Numbers | PointeeShape::Objects => "a table, a pointer or an object",
    }
}
