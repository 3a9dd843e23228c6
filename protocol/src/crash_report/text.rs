//! Text of bounded length, stored inline, without a heap.

use std::fmt;

/// At most [`Text::LONGEST`] bytes of text in any encoding. Longer text is truncated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    length: u16,
    bytes: [u8; Text::LONGEST],
}

impl Text {
    /// The maximum size of a text in bytes.
    pub const LONGEST: usize = 256;

    /// The size of an encoded text in bytes.
    pub(super) const ENCODED: usize = 2 + Self::LONGEST;

    /// Copies the text, truncated to the maximum size.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut made = Self::default();
        made.push(text);
        made
    }

    /// Appends text, truncated to the remaining space.
    pub fn push(&mut self, text: &[u8]) {
        let start = usize::from(self.length);
        let length = text.len().min(Self::LONGEST - start);
        self.bytes[start..start + length].copy_from_slice(&text[..length]);
        self.length += length as u16;
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn encoded(&self) -> [u8; Self::ENCODED] {
        let mut encoded = [0; Self::ENCODED];
        encoded[..2].copy_from_slice(&self.length.to_le_bytes());
        encoded[2..].copy_from_slice(&self.bytes);
        encoded
    }

    /// Decodes a text. A length beyond the maximum is treated as the maximum.
    pub(super) fn decoded(encoded: &[u8; Self::ENCODED]) -> Self {
        let length = u16::from_le_bytes([encoded[0], encoded[1]]);
        Self::of(&encoded[2..][..usize::from(length).min(Self::LONGEST)])
    }
}

impl Default for Text {
    fn default() -> Self {
        Self { length: 0, bytes: [0; Self::LONGEST] }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(self.bytes()))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self.bytes()), formatter)
    }
}
