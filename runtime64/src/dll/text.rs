//! Conversion of text between UTF-8 and a library's encoding or wide characters. All text is converted here.

mod encoding;
mod oem;
#[cfg(test)]
mod tests;
mod wide;

pub(super) use encoding::{Encoding, unknown as unknown_encoding};
pub(super) use wide::Width;
