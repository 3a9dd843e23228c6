//! Hex dumps: address, hexadecimal bytes, characters.

use std::fmt::Write;

const ROW: usize = 16;

/// Rows of 16 bytes, with the address before and the characters behind.
pub(super) fn hexdump(address: u64, bytes: &[u8]) -> String {
    let last = address.saturating_add(bytes.len() as u64);
    let digits = if last > u64::from(u32::MAX) { 16 } else { 8 };
    let mut text = String::new();
    for (row, bytes) in bytes.chunks(ROW).enumerate() {
        let address = address.wrapping_add((row * ROW) as u64);
        let hexadecimal: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let (left, right) = hexadecimal.split_at(hexadecimal.len().min(ROW / 2));
        let columns = format!("{}  {}", left.join(" "), right.join(" "));
        let characters: String = bytes
            .iter()
            .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' })
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{address:0digits$x}  {columns:<48}  |{characters}|");
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_addresses_bytes_and_characters() {
        let bytes: Vec<u8> = (b'A'..b'A' + 18).collect();
        let expected = "\
00001000  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50  |ABCDEFGHIJKLMNOP|
00001010  51 52                                             |QR|";
        assert_eq!(hexdump(0x1000, &bytes), expected);
    }

    #[test]
    fn no_bytes_give_no_rows_and_high_addresses_fit() {
        assert_eq!(hexdump(0x1000, &[]), "");
        assert!(hexdump(0x7fff_0000_0000, &[0]).starts_with("00007fff00000000  00 "));
    }
}
