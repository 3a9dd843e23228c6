//! Lua strings as C text: bytes, and UTF-16 or UTF-32 where the library's characters are wide.

use super::mismatch::Mismatch;
use super::types::{Array, Form};
use crate::c::{Abi, Basic, Type};
use crate::error::ErrorKind;

/// Whether an array consists of characters, so that a string can fill it.
pub(super) fn is_text(array: &Array) -> bool {
    is_wide(array) || matches!(&array.element.form, Form::Number(number) if number.is_character())
}

fn is_wide(array: &Array) -> bool {
    matches!(array.element.ty.resolve(), Type::Basic(Basic::WideChar))
}

/// Fills an array of characters with a string; what is left of it is zero already, so that there is a zero at the end where
/// there is room for one.
pub(super) fn put(bytes: &mut [u8], array: &Array, string: &[u8], abi: Abi) -> Result<(), Mismatch> {
    if !is_text(array) {
        let reason = "a string can only fill an array of char, int8_t, uint8_t or wchar_t";
        return Err(Mismatch::new(ErrorKind::Type, reason));
    }
    let wide;
    let text = if is_wide(array) {
        wide = encode_wide(string, abi)?;
        &wide
    } else {
        string
    };
    let Some(target) = bytes.get_mut(..text.len()) else {
        let reason = format!("a string of {} bytes does not fit", text.len());
        return Err(Mismatch::new(ErrorKind::Range, reason));
    };
    target.copy_from_slice(text);
    Ok(())
}

/// UTF-8 in the wide characters of an ABI, without a zero.
pub(super) fn encode_wide(bytes: &[u8], abi: Abi) -> Result<Vec<u8>, Mismatch> {
    let text = wide_text(bytes)?;
    Ok(if abi.is_windows() {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else {
        text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect()
    })
}

/// Text that has a form in wide characters.
fn wide_text(bytes: &[u8]) -> Result<&str, Mismatch> {
    let mismatch = |reason: &str| Mismatch::new(ErrorKind::Type, reason);
    let text =
        std::str::from_utf8(bytes).map_err(|_| mismatch("the string is not valid UTF-8, so it has no wide form"))?;
    if text.contains('\0') {
        return Err(mismatch("the string has a zero in it, where C would end it"));
    }
    Ok(text)
}
