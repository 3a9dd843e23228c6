//! Text of a bounded length that lies where it is, without a heap.

use std::fmt;

/// At most [`Text::LONGEST`] bytes of text in any encoding. What is longer is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    length: u16,
    bytes: [u8; Text::LONGEST],
}

impl Text {
    /// The most bytes of a text.
    pub const LONGEST: usize = 256;

    /// The bytes of an encoded text.
    pub(super) const ENCODED: usize = 2 + Self::LONGEST;

    /// The text, as much of it as there is room for.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut made = Self::default();
        made.push(text);
        made
    }

    /// Appends what there is room for.
    pub fn push(&mut self, text: &[u8]) {
        let start = usize::from(self.length);
        let length = text.len().min(Self::LONGEST - start);
        self.bytes[start..start + length].copy_from_slice(&text[..length]);
        self.length += length as u16;
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether there is none.
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

    /// Decodes a text. A length beyond the room for it is that of all there is.
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
