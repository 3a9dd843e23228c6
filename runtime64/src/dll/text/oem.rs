//! Code pages of DOS and of Windows' console that are not among the web's encodings: ASCII, and a table for bytes from
//! 128.

use oem_cp::OEMCPHashMap;
use oem_cp::code_table as tables;
use oem_cp::code_table_type::TableType;

use super::encoding::Unencodable;

/// A DOS code page.
#[derive(Debug)]
pub(in crate::dll) struct OemPage {
    pub(super) number: u16,
    decoding: TableType,
    encoding: Encoding,
}

/// Bytes by character.
struct Encoding(&'static OEMCPHashMap<char, u8>);

impl std::fmt::Debug for Encoding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} characters", self.0.len())
    }
}

macro_rules! page {
    ($number:literal, $form:ident, $decoding:ident, $encoding:ident) => {
        OemPage {
            number: $number,
            decoding: TableType::$form(&tables::$decoding),
            encoding: Encoding(&tables::$encoding),
        }
    };
}

/// All but those that are also encodings of the web, 866 and 874.
pub(super) static PAGES: [OemPage; 16] = [
    page!(437, Complete, DECODING_TABLE_CP437, ENCODING_TABLE_CP437),
    page!(720, Complete, DECODING_TABLE_CP720, ENCODING_TABLE_CP720),
    page!(737, Complete, DECODING_TABLE_CP737, ENCODING_TABLE_CP737),
    page!(775, Complete, DECODING_TABLE_CP775, ENCODING_TABLE_CP775),
    page!(850, Complete, DECODING_TABLE_CP850, ENCODING_TABLE_CP850),
    page!(852, Complete, DECODING_TABLE_CP852, ENCODING_TABLE_CP852),
    page!(855, Complete, DECODING_TABLE_CP855, ENCODING_TABLE_CP855),
    page!(857, Incomplete, DECODING_TABLE_CP857, ENCODING_TABLE_CP857),
    page!(858, Complete, DECODING_TABLE_CP858, ENCODING_TABLE_CP858),
    page!(860, Complete, DECODING_TABLE_CP860, ENCODING_TABLE_CP860),
    page!(861, Complete, DECODING_TABLE_CP861, ENCODING_TABLE_CP861),
    page!(862, Complete, DECODING_TABLE_CP862, ENCODING_TABLE_CP862),
    page!(863, Complete, DECODING_TABLE_CP863, ENCODING_TABLE_CP863),
    page!(864, Incomplete, DECODING_TABLE_CP864, ENCODING_TABLE_CP864),
    page!(865, Complete, DECODING_TABLE_CP865, ENCODING_TABLE_CP865),
    page!(869, Complete, DECODING_TABLE_CP869, ENCODING_TABLE_CP869),
];

impl OemPage {
    pub(super) fn numbered(number: u16) -> Option<&'static Self> {
        PAGES.iter().find(|page| page.number == number)
    }

    pub(super) fn encode(&self, text: &str) -> Result<Vec<u8>, Unencodable> {
        let byte = |(position, character): (usize, char)| match u8::try_from(character) {
            Ok(byte) if byte.is_ascii() => Ok(byte),
            _ => self.encoding.0.get(&character).copied().ok_or(Unencodable { character, position }),
        };
        text.char_indices().map(byte).collect()
    }

    /// Bytes without a character become U+FFFD.
    pub(super) fn decode(&self, bytes: &[u8]) -> String {
        let character = |byte: &u8| match (byte.checked_sub(128), &self.decoding) {
            (None, _) => char::from(*byte),
            (Some(upper), TableType::Complete(table)) => table[usize::from(upper)],
            (Some(upper), TableType::Incomplete(table)) => {
                table[usize::from(upper)].unwrap_or(char::REPLACEMENT_CHARACTER)
            }
        };
        bytes.iter().map(character).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_assigned_byte_round_trips() {
        for page in &PAGES {
            for byte in 0..=u8::MAX {
                let text = page.decode(&[byte]);
                if text != "\u{FFFD}" {
                    assert_eq!(page.encode(&text).ok(), Some(vec![byte]), "{byte:#x} of {}", page.number);
                }
            }
        }
    }
}
