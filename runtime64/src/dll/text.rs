//! Lua strings as C text and back: in a library's encoding, and in wide characters. All text is converted here.

use super::mismatch::Mismatch;
use super::types::{Array, Form};
use crate::error::ErrorKind;

mod encoding;
mod oem;
#[cfg(test)]
mod tests;
mod wide;

pub(super) use encoding::{Encoding, unknown as unknown_encoding};
pub(super) use wide::Width;

/// Whether an array consists of characters, so that a string can fill it.
pub(super) fn is_text(array: &Array) -> bool {
    encoding_of(array).is_some()
}

/// How the characters of an array are encoded; bytes are whatever they are.
fn encoding_of(array: &Array) -> Option<Encoding> {
    let element = &array.element;
    match (Width::of(&element.ty, element.abi), &element.form) {
        (Some(width), _) => Some(Encoding::Wide(width)),
        (None, Form::Number(number)) if number.is_character() => Some(Encoding::Utf8),
        _ => None,
    }
}

/// Fills an array of characters with a string; what is left of it is zero already, so that there is a zero at the end where
/// there is room for one.
pub(super) fn put(bytes: &mut [u8], array: &Array, string: &[u8]) -> Result<(), Mismatch> {
    let Some(encoding) = encoding_of(array) else {
        let reason = "a string can only fill an array of char, int8_t, uint8_t, wchar_t, char16_t or char32_t";
        return Err(Mismatch::new(ErrorKind::Type, reason));
    };
    let text = encoding.encode(string)?;
    let Some(target) = bytes.get_mut(..text.len()) else {
        let reason = format!("a string of {} bytes does not fit", text.len());
        return Err(Mismatch::new(ErrorKind::Range, reason));
    };
    target.copy_from_slice(&text);
    Ok(())
}
