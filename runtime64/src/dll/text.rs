//! Text in a library's encoding and in wide characters, to and from UTF-8. All text is converted here.

mod encoding;
mod oem;
#[cfg(test)]
mod tests;
mod wide;

pub(super) use encoding::{Encoding, unknown as unknown_encoding};
pub(super) use wide::Width;
