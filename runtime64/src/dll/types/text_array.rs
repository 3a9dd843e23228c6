//! Arrays of characters, which strings can initialise.

use super::ctype::{Array, Ctype, Form};
use crate::c::Type;
use crate::dll::conversion_error::ConversionError;
use crate::dll::text::{Encoding, Width};
use crate::error::ErrorKind;

/// The wide character type that an object consists of or a pointer points to.
pub(in crate::dll) fn wide_character(ctype: &Ctype) -> Option<Width> {
    let mut ty = ctype.ty.pointee().unwrap_or(&ctype.ty);
    while let Type::Array(array) = ty.resolve() {
        ty = &array.element;
    }
    Width::of(ty, ctype.abi)
}

/// Whether an array consists of characters, so that a string can initialise it.
pub(in crate::dll) fn is_text(array: &Array) -> bool {
    encoding_of(array).is_some()
}

/// The encoding of an array of characters; UTF-8 for bytes, which pass unchanged.
fn encoding_of(array: &Array) -> Option<Encoding> {
    let element = &array.element;
    match (Width::of(&element.ty, element.abi), &element.form) {
        (Some(width), _) => Some(Encoding::Wide(width)),
        (None, Form::Number(number)) if number.is_character() => Some(Encoding::Utf8),
        _ => None,
    }
}

/// Copies a string into an array of characters. The rest of the array is zero already, so the text is terminated if
/// there is room.
pub(in crate::dll) fn put_text(bytes: &mut [u8], array: &Array, string: &[u8]) -> Result<(), ConversionError> {
    let Some(encoding) = encoding_of(array) else {
        let reason = "a string can only fill an array of char, int8_t, uint8_t, wchar_t, char16_t or char32_t";
        return Err(ConversionError::new(ErrorKind::Type, reason));
    };
    let text = encoding.encode(string)?;
    let Some(target) = bytes.get_mut(..text.len()) else {
        let reason = format!("a string of {} bytes does not fit", text.len());
        return Err(ConversionError::new(ErrorKind::Range, reason));
    };
    target.copy_from_slice(&text);
    Ok(())
}
