//! Text encodings by name or number, and conversion to and from each.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{EncoderResult, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

use super::oem::{self, OemPage};
use super::wide::Width;
use crate::c;
use crate::dll::conversion_error::ConversionError;
use crate::error::ErrorKind;

/// A text encoding. Lua's own strings are UTF-8.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) enum Encoding {
    /// UTF-8, which is not validated: bytes pass unchanged.
    Utf8,
    /// One of the web's encodings, which include Windows code pages.
    Standard(&'static encoding_rs::Encoding),
    /// A DOS code page.
    Oem(&'static OemPage),
    /// UTF-16 or UTF-32.
    Wide(Width),
}

/// The first character that an encoding cannot represent, and its position.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unencodable {
    pub(super) character: char,
    pub(super) position: usize,
}

/// The usual names of encodings, for suggestions in error messages; the numbered ones are added there.
const NAMES: &[&str] = &[
    "utf-8",
    "utf-16",
    "utf-16le",
    "utf-32",
    "utf-32le",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-7",
    "iso-8859-15",
    "latin1",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "shift_jis",
    "shift-jis",
    "euc-jp",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "euc-kr",
    "cp932",
    "cp936",
    "cp949",
    "cp950",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp866",
];

impl Encoding {
    /// The encoding with a name, in any case, or with a code page number in digits, with or without its usual prefix.
    pub(in crate::dll) fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        match name.as_str() {
            "utf-32" | "utf-32le" | "utf32" | "utf32le" => return Some(Encoding::Wide(Width::Utf32)),
            "utf16" | "utf16le" => return Some(Encoding::Wide(Width::Utf16)),
            _ => {}
        }
        if let Some(encoding) = encoding_rs::Encoding::for_label(name.as_bytes()) {
            return Self::standard(encoding);
        }
        let plain: String = name.chars().filter(|character| !matches!(character, '-' | '_' | ' ')).collect();
        let digits = ["windows", "ibm", "dos", "oem", "cp", "ms"].iter().find_map(|front| plain.strip_prefix(front));
        Self::numbered(digits.unwrap_or(&plain).parse().ok()?)
    }

    /// The encoding with a code page number of Windows.
    pub(in crate::dll) fn numbered(number: i64) -> Option<Self> {
        let number = u16::try_from(number).ok()?;
        if number == 12000 {
            return Some(Encoding::Wide(Width::Utf32));
        }
        match codepage::to_encoding_no_replacement(number) {
            Some(encoding) => Self::standard(encoding),
            None => OemPage::numbered(number).map(Encoding::Oem),
        }
    }

    /// The web's encodings that text can be encoded in. Workers are little-endian.
    fn standard(encoding: &'static encoding_rs::Encoding) -> Option<Self> {
        if encoding == UTF_8 {
            Some(Encoding::Utf8)
        } else if encoding == UTF_16LE {
            Some(Encoding::Wide(Width::Utf16))
        } else if encoding == UTF_16BE || encoding == REPLACEMENT {
            None
        } else {
            Some(Encoding::Standard(encoding))
        }
    }

    /// The size of a code unit in bytes: text ends at a zero unit.
    pub(in crate::dll) fn unit(self) -> usize {
        match self {
            Encoding::Wide(width) => width.bytes(),
            _ => 1,
        }
    }

    /// Encodes a Lua string.
    pub(in crate::dll) fn encode(self, text: &[u8]) -> Result<Cow<'_, [u8]>, ConversionError> {
        match self {
            Encoding::Utf8 => Ok(Cow::Borrowed(text)),
            Encoding::Standard(encoding) => {
                let encoded = encode_standard(encoding, self.utf8(text)?);
                encoded.map(Cow::Owned).map_err(|unencodable| self.unencodable(&unencodable))
            }
            Encoding::Oem(page) => {
                page.encode(self.utf8(text)?).map(Cow::Owned).map_err(|unencodable| self.unencodable(&unencodable))
            }
            Encoding::Wide(width) => {
                width.encode(text).map(Cow::Owned).map_err(|position| self.invalid_utf8(text, position))
            }
        }
    }

    /// Encodes text that C terminates with a zero, so that it must not contain one. The terminator is not added.
    #[inline]
    pub(in crate::dll) fn encode_terminated(self, text: &[u8]) -> Result<Cow<'_, [u8]>, ConversionError> {
        if text.contains(&0) {
            return Err(self.contains_zero(text));
        }
        self.encode(text)
    }

    /// Decodes text to a Lua string. Malformed parts become U+FFFD; UTF-8 stays unchanged.
    #[inline]
    pub(in crate::dll) fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Encoding::Utf8 => Cow::Borrowed(bytes),
            Encoding::Standard(encoding) => match encoding.decode_without_bom_handling(bytes).0 {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
            Encoding::Oem(page) => Cow::Owned(page.decode(bytes).into_bytes()),
            Encoding::Wide(width) => Cow::Owned(width.decode(bytes)),
        }
    }

    fn utf8(self, text: &[u8]) -> Result<&str, ConversionError> {
        std::str::from_utf8(text).map_err(|error| self.invalid_utf8(text, error.valid_up_to()))
    }

    #[cold]
    fn invalid_utf8(self, text: &[u8], position: usize) -> ConversionError {
        let byte = text.get(position).copied().unwrap_or_default();
        let reason = format!(
            "the string is not valid UTF-8 (byte 0x{byte:02X} at position {}), so it cannot be converted to {self}",
            position + 1
        );
        ConversionError::new(ErrorKind::Type, reason)
    }

    #[cold]
    fn unencodable(self, unencodable: &Unencodable) -> ConversionError {
        let Unencodable { character, position } = unencodable;
        let number = u32::from(*character);
        let reason =
            format!("the character '{character}' (U+{number:04X}) at position {} is not in {self}", position + 1);
        ConversionError::new(ErrorKind::Range, reason)
    }

    #[cold]
    fn contains_zero(self, text: &[u8]) -> ConversionError {
        let position = text.iter().position(|byte| *byte == 0).unwrap_or_default() + 1;
        let instead = match self {
            Encoding::Wide(_) => "an array such as dll.new(\"wchar_t[?]\", count, text) may contain zeros",
            _ => "declare the parameter const void * for bytes",
        };
        let reason = format!("the string has a zero byte at position {position}, where C would end it; {instead}");
        ConversionError::new(ErrorKind::Type, reason)
    }
}

/// The error message for an unknown encoding.
pub(in crate::dll) fn unknown(name: &str) -> String {
    let pages: Vec<String> = oem::PAGES.iter().map(|page| format!("cp{}", page.number)).collect();
    let known = NAMES.iter().copied().chain(pages.iter().map(String::as_str));
    let hint = c::suggestion(&name.to_ascii_lowercase(), known).unwrap_or_default();
    format!(
        "unknown encoding '{name}'{hint}; known encodings are utf-8, Windows code pages (windows-1252, or 1252), \
         OEM code pages (cp850, or 850), the encodings of the web (iso-8859-2, koi8-r, shift_jis, gbk, big5, euc-kr …), \
         utf-16 and utf-32"
    )
}

fn encode_standard(encoding: &'static encoding_rs::Encoding, text: &str) -> Result<Vec<u8>, Unencodable> {
    let mut encoder = encoding.new_encoder();
    let mut encoded = Vec::new();
    let mut done = 0;
    loop {
        let rest = &text[done..];
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len() + 16);
        encoded.reserve(room);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut encoded, true);
        done += read;
        match result {
            EncoderResult::InputEmpty => return Ok(encoded),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => {
                return Err(Unencodable { character, position: done.saturating_sub(character.len_utf8()) });
            }
        }
    }
}

/// The usual name.
impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Encoding::Utf8 => formatter.write_str("UTF-8"),
            Encoding::Standard(encoding) => formatter.write_str(encoding.name()),
            Encoding::Oem(page) => write!(formatter, "cp{}", page.number),
            Encoding::Wide(Width::Utf16) => formatter.write_str("UTF-16"),
            Encoding::Wide(Width::Utf32) => formatter.write_str("UTF-32"),
        }
    }
}
