#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::error::ErrorKind;

fn encoding(name: &str) -> Encoding {
    Encoding::named(name).unwrap_or_else(|| panic!("unknown encoding {name}"))
}

#[test]
fn encodings_have_many_names() {
    // The name, and the encoding.
    let cases = [
        ("utf-8", "UTF-8"),
        ("UTF8", "UTF-8"),
        ("65001", "UTF-8"),
        ("cp65001", "UTF-8"),
        ("windows-1252", "windows-1252"),
        ("Windows-1252", "windows-1252"),
        ("windows1252", "windows-1252"),
        ("cp1252", "windows-1252"),
        ("CP-1252", "windows-1252"),
        ("1252", "windows-1252"),
        (" 1252 ", "windows-1252"),
        ("latin1", "windows-1252"),
        ("cp437", "cp437"),
        ("IBM437", "cp437"),
        ("oem-437", "cp437"),
        ("850", "cp850"),
        ("cp858", "cp858"),
        ("cp866", "IBM866"),
        ("866", "IBM866"),
        ("874", "windows-874"),
        ("932", "Shift_JIS"),
        ("cp932", "Shift_JIS"),
        ("shift-jis", "Shift_JIS"),
        ("ms932", "Shift_JIS"),
        ("936", "GBK"),
        ("gb2312", "GBK"),
        ("54936", "gb18030"),
        ("949", "EUC-KR"),
        ("cp950", "Big5"),
        ("koi8-r", "KOI8-R"),
        ("28592", "ISO-8859-2"),
        ("utf-16", "UTF-16"),
        ("utf-16le", "UTF-16"),
        ("utf16", "UTF-16"),
        ("1200", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("UTF-32LE", "UTF-32"),
        ("12000", "UTF-32"),
    ];
    for (name, expected) in cases {
        assert_eq!(encoding(name).to_string(), expected, "{name}");
    }
}

#[test]
fn unknown_encodings_are_reported() {
    let cases = [
        ("windows-1259", Some("windows-1250")),
        ("latin-2x", None),
        ("cp85", Some("cp850")),
        ("utf8-", Some("utf-8")),
        ("shift_jiss", Some("shift_jis")),
        ("", None),
        ("99999", None),
        ("-1", None),
        ("utf-16be", Some("utf-16")),
        ("hz-gb-2312", None),
    ];
    for (name, hint) in cases {
        assert!(Encoding::named(name).is_none(), "{name}");
        let message = unknown_encoding(name);
        assert!(message.contains(&format!("'{name}'")) && message.contains("windows-1252"), "{message}");
        match hint {
            Some(hint) => assert!(message.contains(&format!("did you mean '{hint}")), "{message}"),
            None => assert!(!message.contains("did you mean"), "{message}"),
        }
    }
}

#[test]
fn text_round_trips() {
    let cases: &[(&str, &str, &[u8])] = &[
        ("windows-1252", "Größe €", b"Gr\xF6\xDFe \x80"),
        ("windows-1250", "Łódź", b"\xA3\xF3d\x9F"),
        ("windows-1251", "Привет", b"\xCF\xF0\xE8\xE2\xE5\xF2"),
        ("cp437", "café ½", b"caf\x82 \xAB"),
        ("cp850", "Größe", b"Gr\x94\xE1e"),
        ("cp858", "5 €", b"5 \xD5"),
        ("cp866", "Привет", b"\x8F\xE0\xA8\xA2\xA5\xE2"),
        ("shift_jis", "日本語ﾃｽﾄ", b"\x93\xFA\x96\x7B\x8C\xEA\xC3\xBD\xC4"),
        // The second byte of a character may be a backslash, which is not a terminator.
        ("shift_jis", "表示", b"\x95\x5C\x8E\xA6"),
        ("gbk", "汉字", b"\xBA\xBA\xD7\xD6"),
        ("gb18030", "😀", b"\x94\x39\xFC\x36"),
        ("big5", "漢字", b"\xBA\x7E\xA6\x72"),
        ("euc-kr", "한글", b"\xC7\xD1\xB1\xDB"),
        ("cp949", "똠", b"\x8C\x63"),
        ("euc-jp", "日本", b"\xC6\xFC\xCB\xDC"),
        ("utf-16", "aé😀", b"a\0\xE9\0\x3D\xD8\0\xDE"),
        ("utf-32", "é😀", b"\xE9\0\0\0\0\xF6\x01\0"),
        ("windows-1252", "", b""),
    ];
    for (name, text, bytes) in cases {
        let encoding = encoding(name);
        assert_eq!(*encoding.encode(text.as_bytes()).unwrap(), **bytes, "{text} in {name}");
        assert_eq!(*encoding.decode(bytes), *text.as_bytes(), "{bytes:x?} of {name}");
    }
}

#[test]
fn utf_8_is_not_validated() {
    let bytes = b"\xFF\xED\xA0\x80";
    assert_eq!(*Encoding::Utf8.encode(bytes).unwrap(), *bytes);
    assert_eq!(*Encoding::Utf8.encode_terminated(bytes).unwrap(), *bytes);
    assert_eq!(*Encoding::Utf8.decode(bytes), *bytes);
}

#[test]
fn unencodable_text_is_reported_with_its_position() {
    let long = format!("{}ł", "ö".repeat(1000));
    let cases: &[(&str, &[u8], ErrorKind, &[&str])] = &[
        ("windows-1252", "Łódź".as_bytes(), ErrorKind::Range, &["'Ł'", "U+0141", "position 1 ", "windows-1252"]),
        ("windows-1252", "öł".as_bytes(), ErrorKind::Range, &["'ł'", "position 3 "]),
        ("windows-1252", long.as_bytes(), ErrorKind::Range, &["'ł'", "position 2001 "]),
        ("cp850", "5 €".as_bytes(), ErrorKind::Range, &["'€'", "U+20AC", "position 3 ", "cp850"]),
        ("shift_jis", "a한".as_bytes(), ErrorKind::Range, &["'한'", "position 2 ", "Shift_JIS"]),
        ("gbk", "汉😀".as_bytes(), ErrorKind::Range, &["'😀'", "U+1F600", "position 4 ", "GBK"]),
        ("windows-1252", b"a\xE4", ErrorKind::Type, &["0xE4", "position 2)", "UTF-8", "windows-1252"]),
        ("cp437", b"\xED\xA0\x80", ErrorKind::Type, &["0xED", "position 1)"]),
        ("utf-16", b"ab\xFF", ErrorKind::Type, &["0xFF", "position 3)", "UTF-16"]),
    ];
    for (name, text, kind, fragments) in cases {
        let error = encoding(name).encode(text).unwrap_err();
        assert_eq!(error.kind, *kind, "{}", error.reason);
        for fragment in *fragments {
            assert!(error.reason.contains(fragment), "{fragment} in {}", error.reason);
        }
    }
}

#[test]
fn zero_terminated_text_must_not_contain_zeros() {
    for (name, instead) in [("utf-8", "const void *"), ("windows-1252", "const void *"), ("utf-16", "wchar_t[?]")] {
        let error = encoding(name).encode_terminated(b"ab\0c\0").unwrap_err();
        assert!(error.reason.contains("zero byte at position 3"), "{}", error.reason);
        assert!(error.reason.contains(instead), "{}", error.reason);
    }
}

#[test]
fn malformed_bytes_are_replaced() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("shift_jis", b"a\x81", "a\u{FFFD}"),
        ("shift_jis", b"\x93\xFA\xFF", "日\u{FFFD}"),
        ("cp857", b"\xD5", "\u{FFFD}"),
        ("windows-1253", b"\xD2a", "\u{FFFD}a"),
        ("utf-16", b"a\0b", "a\u{FFFD}"),
        // A byte order mark is a character like any other.
        ("windows-1252", b"\xEF\xBB\xBF", "ï»¿"),
    ];
    for (name, bytes, text) in cases {
        assert_eq!(*encoding(name).decode(bytes), *text.as_bytes(), "{bytes:x?} of {name}");
    }
}
