//! What a value of Lua puts behind a pointer.

use mlua::Value as LuaValue;

use super::Held;
use crate::dll::address_space::AddressSpace;
use crate::dll::cdata;
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::wrong_type;
use crate::dll::memory::Access;
use crate::dll::types::{Extent, Passing, Role, Shape, Target};
use crate::error::ErrorKind;

/// The bytes that a value stands for, and how much that is where the annotation counts it.
pub(super) fn of_value(
    role: &Role,
    target: &Target,
    value: &LuaValue,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<(Vec<u8>, Option<Held>), ConversionError> {
    match (&role.extent, value) {
        (Some(extent), LuaValue::String(text)) => string(role, target, &text.as_bytes(), extent),
        (None, LuaValue::String(text)) if role.is_terminated => terminated(target, &text.as_bytes(), value),
        (Some(extent), LuaValue::Table(table)) => {
            let (bytes, _) = cdata::bytes_of_elements(&target.element, table, space, access)?;
            let held = Held { count: bytes.len() as u64 / extent.unit, is_terminated: false };
            Ok((bytes, Some(held)))
        }
        (Some(_), _) => Err(wrong_type(expected(target), value)),
        (None, _) => Ok((cdata::bytes_of(&target.element, value, space, access)?, None)),
    }
}

/// A string, of as many bytes as it has. Text that the function may change is in the library's encoding, as it comes back;
/// what is only read is passed as it is.
fn string(
    role: &Role,
    target: &Target,
    text: &[u8],
    extent: &Extent,
) -> Result<(Vec<u8>, Option<Held>), ConversionError> {
    let bytes = match target.shape {
        Shape::Text(encoding) if target.bytes > 1 || role.passing == Passing::InOut => {
            encoding.encode(text)?.into_owned()
        }
        Shape::Text(_) | Shape::Bytes => text.to_vec(),
        Shape::Numbers | Shape::Objects => {
            let reason =
                format!("a table is needed, since an element is '{}'; a string holds bytes", target.element.ty);
            return Err(ConversionError::new(ErrorKind::Type, reason));
        }
    };
    let held = Held { count: bytes.len() as u64 / extent.unit, is_terminated: true };
    Ok((bytes, Some(held)))
}

/// Text that is changed where it is.
fn terminated(target: &Target, text: &[u8], value: &LuaValue) -> Result<(Vec<u8>, Option<Held>), ConversionError> {
    match target.shape {
        Shape::Text(encoding) => Ok((encoding.encode_terminated(text)?.into_owned(), None)),
        Shape::Bytes => Ok((text.to_vec(), None)),
        Shape::Numbers | Shape::Objects => Err(wrong_type("a pointer, an object or a number", value)),
    }
}

fn expected(target: &Target) -> &'static str {
    match target.shape {
        Shape::Text(_) | Shape::Bytes => "a string, a table, a pointer or an object",
        Shape::Numbers | Shape::Objects => "a table, a pointer or an object",
    }
}
