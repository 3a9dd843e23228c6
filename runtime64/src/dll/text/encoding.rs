//! Encodings of text, by name or number, and the conversion to and from each.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{EncoderResult, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

use super::oem::{self, OemPage};
use super::wide::Width;
use crate::c;
use crate::dll::conversion_error::ConversionError;
use crate::error::ErrorKind;

/// An encoding of text. Lua's own strings are UTF-8.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) enum Encoding {
    /// UTF-8, which is not looked at: bytes pass as they are.
    Utf8,
    /// One of those that the web has, and Windows' code pages among them.
    Standard(&'static encoding_rs::Encoding),
    /// A code page of DOS.
    Oem(&'static OemPage),
    /// UTF-16 or UTF-32.
    Wide(Width),
}

/// The first character that an encoding has no form for, and where it starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lacking {
    pub(super) character: char,
    pub(super) position: usize,
}

/// What a mistyped name may have meant, beside the numbered ones: the usual names of what there is.
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
    /// The encoding of a name, in any case, or of a code page's number as digits, with or without what usually stands
    /// before it.
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

    /// The encoding of a code page's number, as Windows counts them.
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

    /// Of the web's encodings, those that text can be put into. The byte order of a worker is little-endian.
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

    /// The size of its unit in bytes: text ends at a unit that is zero.
    pub(in crate::dll) fn unit(self) -> usize {
        match self {
            Encoding::Wide(width) => width.bytes(),
            _ => 1,
        }
    }

    /// A Lua string in this encoding.
    pub(in crate::dll) fn encode(self, text: &[u8]) -> Result<Cow<'_, [u8]>, ConversionError> {
        match self {
            Encoding::Utf8 => Ok(Cow::Borrowed(text)),
            Encoding::Standard(encoding) => {
                let encoded = encode_standard(encoding, self.utf8(text)?);
                encoded.map(Cow::Owned).map_err(|lacking| self.lacks(&lacking))
            }
            Encoding::Oem(page) => {
                page.encode(self.utf8(text)?).map(Cow::Owned).map_err(|lacking| self.lacks(&lacking))
            }
            Encoding::Wide(width) => {
                width.encode(text).map(Cow::Owned).map_err(|position| self.no_text(text, position))
            }
        }
    }

    /// The same for text that C ends at its first zero: it must hold none. The zero at the end is not put there.
    #[inline]
    pub(in crate::dll) fn encode_terminated(self, text: &[u8]) -> Result<Cow<'_, [u8]>, ConversionError> {
        if text.contains(&0) {
            return Err(self.holds_zero(text));
        }
        self.encode(text)
    }

    /// Text of this encoding as a Lua string. What is malformed becomes U+FFFD; UTF-8 stays as it is.
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
        std::str::from_utf8(text).map_err(|error| self.no_text(text, error.valid_up_to()))
    }

    #[cold]
    fn no_text(self, text: &[u8], position: usize) -> ConversionError {
        let byte = text.get(position).copied().unwrap_or_default();
        let reason = format!(
            "the string is not valid UTF-8 (byte 0x{byte:02X} at position {}), so it has no form in {self}",
            position + 1
        );
        ConversionError::new(ErrorKind::Type, reason)
    }

    #[cold]
    fn lacks(self, lacking: &Lacking) -> ConversionError {
        let Lacking { character, position } = lacking;
        let number = u32::from(*character);
        let reason =
            format!("the character '{character}' (U+{number:04X}) at position {} is not in {self}", position + 1);
        ConversionError::new(ErrorKind::Range, reason)
    }

    #[cold]
    fn holds_zero(self, text: &[u8]) -> ConversionError {
        let position = text.iter().position(|byte| *byte == 0).unwrap_or_default() + 1;
        let instead = match self {
            Encoding::Wide(_) => "an array such as dll.new(\"wchar_t[?]\", count, text) may hold zeros",
            _ => "declare the parameter const void * for bytes",
        };
        let reason = format!("the string has a zero byte at position {position}, where C would end it ({instead})");
        ConversionError::new(ErrorKind::Type, reason)
    }
}

/// What to say of an encoding that there is none of.
pub(in crate::dll) fn unknown(name: &str) -> String {
    let pages: Vec<String> = oem::PAGES.iter().map(|page| format!("cp{}", page.number)).collect();
    let known = NAMES.iter().copied().chain(pages.iter().map(String::as_str));
    let hint = c::suggestion(&name.to_ascii_lowercase(), known).unwrap_or_default();
    format!(
        "there is no encoding '{name}'{hint}; there are utf-8, Windows code pages (windows-1252, or 1252), OEM ones (cp850, or \
         850), those of the web (iso-8859-2, koi8-r, shift_jis, gbk, big5, euc-kr …), utf-16 and utf-32"
    )
}

fn encode_standard(encoding: &'static encoding_rs::Encoding, text: &str) -> Result<Vec<u8>, Lacking> {
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
                return Err(Lacking { character, position: done.saturating_sub(character.len_utf8()) });
            }
        }
    }
}

/// Its usual name.
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
