//! Text in wide characters: UTF-16 and UTF-32, in the byte order of x86.
//!
//! An unpaired surrogate is not a character, yet Windows file names may contain one. It is encoded as the three bytes
//! that UTF-8 would have for its number (WTF-8), so that it round-trips.

use crate::c::{Abi, Type};

/// The encoding of a wide character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dll) enum Width {
    /// UTF-16 code units.
    Utf16,
    /// Code points.
    Utf32,
}

impl Width {
    /// The encoding if the type is a wide character.
    pub(in crate::dll) fn of(ty: &Type, abi: Abi) -> Option<Self> {
        let Type::Basic(basic) = ty.resolve() else { return None };
        match abi.integer(*basic)?.bytes {
            2 if ty.is_wide_character() => Some(Width::Utf16),
            4 if ty.is_wide_character() => Some(Width::Utf32),
            _ => None,
        }
    }

    /// The size of a wide character in bytes.
    pub(in crate::dll) fn bytes(self) -> usize {
        match self {
            Width::Utf16 => 2,
            Width::Utf32 => 4,
        }
    }

    /// Encodes UTF-8 or WTF-8, without a terminating zero. The error is the position of the first byte that is neither.
    pub(super) fn encode(self, text: &[u8]) -> Result<Vec<u8>, usize> {
        let mut encoded = Vec::with_capacity(text.len().saturating_mul(self.bytes()));
        let mut rest = text;
        loop {
            let (valid, invalid) = match std::str::from_utf8(rest) {
                Ok(valid) => (valid, None),
                Err(error) => {
                    let (valid, invalid) = rest.split_at(error.valid_up_to());
                    // This part was just found to be valid.
                    (std::str::from_utf8(valid).unwrap_or_default(), Some(invalid))
                }
            };
            self.encode_valid(valid, &mut encoded);
            let Some(invalid) = invalid else { return Ok(encoded) };
            let surrogate = surrogate_in_front(invalid).ok_or(text.len() - invalid.len())?;
            encoded.extend_from_slice(&u32::from(surrogate).to_le_bytes()[..self.bytes()]);
            rest = &invalid[3..];
        }
    }

    fn encode_valid(self, text: &str, encoded: &mut Vec<u8>) {
        match self {
            Width::Utf16 => text.encode_utf16().for_each(|unit| encoded.extend_from_slice(&unit.to_le_bytes())),
            Width::Utf32 => text.chars().for_each(|c| encoded.extend_from_slice(&u32::from(c).to_le_bytes())),
        }
    }

    /// Decodes to UTF-8: unpaired surrogates become WTF-8, other invalid units U+FFFD.
    pub(super) fn decode(self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() / self.bytes());
        let units = bytes.chunks_exact(self.bytes());
        let is_cut = !units.remainder().is_empty();
        match self {
            Width::Utf16 => {
                let units = units.map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
                for character in char::decode_utf16(units) {
                    match character {
                        Ok(character) => push(&mut text, character),
                        Err(error) => push_surrogate(&mut text, error.unpaired_surrogate()),
                    }
                }
            }
            Width::Utf32 => {
                for unit in units.map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]])) {
                    match (char::from_u32(unit), u16::try_from(unit)) {
                        (Some(character), _) => push(&mut text, character),
                        (None, Ok(surrogate)) => push_surrogate(&mut text, surrogate),
                        (None, Err(_)) => push(&mut text, char::REPLACEMENT_CHARACTER),
                    }
                }
            }
        }
        if is_cut {
            push(&mut text, char::REPLACEMENT_CHARACTER);
        }
        text
    }
}

/// The surrogate encoded in the first three bytes as WTF-8.
fn surrogate_in_front(bytes: &[u8]) -> Option<u16> {
    match *bytes {
        [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, ..] => {
            Some(0xD000 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F))
        }
        _ => None,
    }
}

fn push_surrogate(text: &mut Vec<u8>, surrogate: u16) {
    let low = |bits: u16| 0x80 | (bits & 0x3F) as u8;
    text.extend_from_slice(&[0xED, low(surrogate >> 6), low(surrogate)]);
}

fn push(text: &mut Vec<u8>, character: char) {
    if character.is_ascii() {
        text.push(character as u8);
    } else {
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: &[u16]) -> Vec<u8> {
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    fn points(points: &[u32]) -> Vec<u8> {
        points.iter().flat_map(|point| point.to_le_bytes()).collect()
    }

    #[test]
    fn text_round_trips() {
        // Lua's string, UTF-16, UTF-32.
        let cases: &[(&[u8], &[u16], &[u32])] = &[
            (b"", &[], &[]),
            (b"a\0b", &[97, 0, 98], &[97, 0, 98]),
            ("Grö€".as_bytes(), &[0x47, 0x72, 0xF6, 0x20AC], &[0x47, 0x72, 0xF6, 0x20AC]),
            ("😀".as_bytes(), &[0xD83D, 0xDE00], &[0x1F600]),
            ("\u{FFFF}\u{10FFFF}".as_bytes(), &[0xFFFF, 0xDBFF, 0xDFFF], &[0xFFFF, 0x10FFFF]),
            // Unpaired surrogates: alone, at either end, in the wrong order.
            (b"\xED\xA0\x80", &[0xD800], &[0xD800]),
            (b"\xED\xBF\xBF", &[0xDFFF], &[0xDFFF]),
            (b"a\xED\xB0\x80b", &[97, 0xDC00, 98], &[97, 0xDC00, 98]),
            (b"\xED\xB8\x80\xED\xA0\xBD", &[0xDE00, 0xD83D], &[0xDE00, 0xD83D]),
            (b"\xED\xA0\xBD\xF0\x9F\x98\x80", &[0xD83D, 0xD83D, 0xDE00], &[0xD83D, 0x1F600]),
        ];
        for (text, sixteen, thirty_two) in cases {
            assert_eq!(Width::Utf16.encode(text), Ok(units(sixteen)), "{text:x?}");
            assert_eq!(Width::Utf32.encode(text), Ok(points(thirty_two)), "{text:x?}");
            assert_eq!(Width::Utf16.decode(&units(sixteen)), *text, "{sixteen:x?}");
            assert_eq!(Width::Utf32.decode(&points(thirty_two)), *text, "{thirty_two:x?}");
        }
    }

    #[test]
    fn every_unit_round_trips() {
        for unit in 0..=u16::MAX {
            let bytes = unit.to_le_bytes();
            assert_eq!(Width::Utf16.encode(&Width::Utf16.decode(&bytes)), Ok(bytes.to_vec()), "{unit:x}");
        }
    }

    #[test]
    fn invalid_text_is_reported_with_its_position() {
        let cases: &[(&[u8], usize)] = &[
            (b"\xFF", 0),
            (b"ab\xE4", 2),
            (b"\xC0\x80", 0),
            (b"a\xED\xA0", 1),
            (b"\xED\xA0\x80\xED\xA0", 3),
            ("ö\u{80}".as_bytes().split_last().map_or(&[], |(_, front)| front), 2),
            (b"\xF4\x90\x80\x80", 0),
        ];
        for (text, position) in cases {
            assert_eq!(Width::Utf16.encode(text), Err(*position), "{text:x?}");
            assert_eq!(Width::Utf32.encode(text), Err(*position), "{text:x?}");
        }
    }

    #[test]
    fn invalid_units_are_replaced() {
        let replaced = "a\u{FFFD}".as_bytes();
        assert_eq!(Width::Utf16.decode(b"a\0b"), replaced, "half a unit");
        assert_eq!(Width::Utf32.decode(b"a\0\0\0b\0\0"), replaced, "part of a code point");
        for point in [0x11_0000, 0x8000_0000, u32::MAX] {
            assert_eq!(Width::Utf32.decode(&points(&[97, point])), replaced, "{point:x}");
        }
    }
}
