//! Number, character and string literals.

use super::arithmetic::{Number, wrap};
use crate::c::Abi;

/// Reason a literal is invalid.
pub(super) type Reason = &'static str;

/// The value of a number literal on each ABI.
pub(super) fn number(text: &str) -> Result<[Number; 4], Reason> {
    let digits: String = text.chars().filter(|character| *character != '\'').collect();
    let lower = digits.to_ascii_lowercase();
    let hexadecimal = lower.starts_with("0x");
    let is_float = lower.contains('.') || lower.contains('p') && hexadecimal || lower.contains('e') && !hexadecimal;
    if is_float {
        return float(&lower, hexadecimal).map(|value| [Number::Float(value); 4]);
    }
    let (radix, rest) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', ..] => (8, &lower[..]),
        _ => (10, &lower[..]),
    };
    let end = rest.find(|character: char| !character.is_digit(radix)).unwrap_or(rest.len());
    let (magnitude, suffix) = rest.split_at(end);
    if magnitude.is_empty() {
        return Err("a number needs digits");
    }
    let magnitude = u64::from_str_radix(magnitude, radix).map_err(|_| "a number must fit in 64 bits")?;
    let (unsigned, length) = match suffix {
        "" => (false, Length::Int),
        "u" => (true, Length::Int),
        "l" => (false, Length::Long),
        "ul" | "lu" => (true, Length::Long),
        "ll" | "i64" => (false, Length::Bits(64)),
        "ull" | "llu" | "ui64" => (true, Length::Bits(64)),
        "i8" | "i16" | "i32" => (false, Length::Bits(32)),
        "ui8" | "ui16" | "ui32" => (true, Length::Bits(32)),
        _ => return Err("this number has an invalid suffix"),
    };
    Ok(Abi::ALL.map(|abi| integer(magnitude, radix, unsigned, length, abi)))
}

#[derive(Clone, Copy, PartialEq)]
enum Length {
    Int,
    Long,
    Bits(u32),
}

/// The first type in C's list (C11 6.4.4.1) that can represent the value.
fn integer(magnitude: u64, radix: u32, unsigned: bool, length: Length, abi: Abi) -> Number {
    let long = abi.integer(crate::c::Basic::Long).map_or(32, |long| 8 * long.bytes);
    let widths: &[u32] = match length {
        Length::Int => &[32, 64],
        Length::Long if long == 32 => &[32, 64],
        Length::Long => &[64],
        Length::Bits(bits) => &[bits, 64],
    };
    let value = i128::from(magnitude);
    for &bits in widths {
        if !unsigned && value >> (bits - 1) == 0 {
            return Number::Integer { value, bits, signed: true };
        }
        if (unsigned || radix != 10) && value >> bits == 0 {
            return Number::Integer { value, bits, signed: false };
        }
    }
    Number::Integer { value, bits: 64, signed: false }
}

fn float(lower: &str, hexadecimal: bool) -> Result<f64, Reason> {
    let suffixes: &[&str] = &["f128", "f64x", "f64", "f32x", "f32", "df", "dd", "dl", "f", "l"];
    let suffix = suffixes.iter().find(|suffix| lower.ends_with(**suffix) && (!hexadecimal || lower.contains('p')));
    let digits = suffix.map_or(lower, |suffix| &lower[..lower.len() - suffix.len()]);
    if !hexadecimal {
        return digits.parse().map_err(|_| "this is not a valid number");
    }
    let (mantissa, exponent) = digits[2..].split_once('p').ok_or("a hexadecimal fraction needs an exponent")?;
    let exponent: i32 = exponent.parse().map_err(|_| "this is not a valid exponent")?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16).ok_or("this is not a valid hexadecimal number")?);
    }
    let fraction_digits = i32::try_from(fraction.len()).map_err(|_| "this number is too long")?;
    Ok(value * 2f64.powi(exponent.saturating_sub(fraction_digits.saturating_mul(4))))
}

/// The prefix of a string or character literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// None or `u8`
    Narrow,
    /// `L`
    Wide,
    /// `u`
    Utf16,
    /// `U`
    Utf32,
}

/// The contents of a literal: bytes of a narrow one, code points of others.
pub(super) struct LiteralText {
    pub(super) prefix: Prefix,
    pub(super) units: Vec<u32>,
}

/// Decodes a string or character literal, given with its quotes.
pub(super) fn text(literal: &str) -> Result<LiteralText, Reason> {
    let quote = literal.find(['"', '\'']).ok_or("this is not a valid literal")?;
    let prefix = match &literal[..quote] {
        "L" => Prefix::Wide,
        "u" => Prefix::Utf16,
        "U" => Prefix::Utf32,
        _ => Prefix::Narrow,
    };
    let mut units = Vec::new();
    let mut rest = literal[quote + 1..literal.len() - 1].chars();
    while let Some(character) = rest.next() {
        let code = if character == '\\' { escape(&mut rest)? } else { Escape::Character(character) };
        match code {
            Escape::Character(character) if prefix == Prefix::Narrow => {
                units.extend(character.encode_utf8(&mut [0; 4]).bytes().map(u32::from));
            }
            Escape::Character(character) => units.push(character.into()),
            Escape::Unit(unit) if prefix == Prefix::Narrow && unit > 0xFF => {
                return Err("this escape sequence does not fit in a byte");
            }
            Escape::Unit(unit) => units.push(unit),
            Escape::Nothing => {}
        }
    }
    Ok(LiteralText { prefix, units })
}

enum Escape {
    /// A character, still to be encoded.
    Character(char),
    /// A number that is itself the code unit.
    Unit(u32),
    /// A line continuation.
    Nothing,
}

/// Parses an escape sequence after its backslash.
fn escape(rest: &mut std::str::Chars<'_>) -> Result<Escape, Reason> {
    let digits =
        |rest: &mut std::str::Chars<'_>, radix: u32, most: usize, first: u32| -> Result<(u32, usize), Reason> {
            let (mut value, mut count) = (first, 0);
            while count < most
                && let Some(digit) = rest.clone().next().and_then(|character| character.to_digit(radix))
            {
                value = value.checked_mul(radix).ok_or("this escape sequence is too large")? + digit;
                rest.next();
                count += 1;
            }
            Ok((value, count))
        };
    Ok(match rest.next() {
        Some('n') => Escape::Unit(10),
        Some('t') => Escape::Unit(9),
        Some('r') => Escape::Unit(13),
        Some('a') => Escape::Unit(7),
        Some('b') => Escape::Unit(8),
        Some('f') => Escape::Unit(12),
        Some('v') => Escape::Unit(11),
        Some('e') => Escape::Unit(27),
        Some(quote @ ('\\' | '\'' | '"' | '?')) => Escape::Character(quote),
        Some('\n') => Escape::Nothing,
        Some('\r') => {
            rest.next();
            Escape::Nothing
        }
        Some(first) if first.is_digit(8) => Escape::Unit(digits(rest, 8, 2, first.to_digit(8).unwrap_or(0))?.0),
        Some('x') => match digits(rest, 16, usize::MAX, 0)? {
            (_, 0) => return Err("'\\x' needs hexadecimal digits"),
            (unit, _) => Escape::Unit(unit),
        },
        Some(kind @ ('u' | 'U')) => {
            let most = if kind == 'u' { 4 } else { 8 };
            match digits(rest, 16, most, 0)? {
                (code, count) if count == most => {
                    Escape::Character(char::from_u32(code).ok_or("this is not a Unicode character")?)
                }
                _ => return Err("this escape sequence needs more digits"),
            }
        }
        _ => return Err("unknown escape sequence"),
    })
}

/// The value of a character constant on each ABI. Several characters make one `int`, as compilers agree.
pub(super) fn character(literal: &str) -> Result<[Number; 4], Reason> {
    let text = text(literal)?;
    match (text.prefix, text.units.as_slice()) {
        (Prefix::Narrow, [unit]) => Ok([Number::int(wrap((*unit).into(), 8, true)); 4]),
        (Prefix::Narrow, units @ [_, _, ..]) if units.len() <= 4 => {
            let value = units.iter().fold(0, |value, unit| value << 8 | i128::from(*unit));
            Ok([Number::int(wrap(value, 32, true)); 4])
        }
        (Prefix::Wide, [unit]) => Ok(Abi::ALL.map(|abi| {
            let wide = abi.integer(crate::c::Basic::WideChar);
            wide.map_or(Number::None("'wchar_t' is unknown"), |wide| {
                Number::wrapped((*unit).into(), 8 * wide.bytes, wide.signed)
            })
        })),
        (Prefix::Utf16, [unit]) => Ok([Number::wrapped((*unit).into(), 16, false); 4]),
        (Prefix::Utf32, [unit]) => Ok([Number::wrapped((*unit).into(), 32, false); 4]),
        _ => Err("a character constant needs one character"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn integers_have_the_first_type_that_holds_them() {
        let cases = [
            ("0", 0, 32, true),
            ("017", 15, 32, true),
            ("0b101", 5, 32, true),
            ("2147483648", 2_147_483_648, 64, true),
            ("0x80000000", 0x8000_0000, 32, false),
            ("1u", 1, 32, false),
            ("0xFFFFFFFFFFFFFFFF", 0xFFFF_FFFF_FFFF_FFFF, 64, false),
            ("1LL", 1, 64, true),
            ("1'000'000i64", 1_000_000, 64, true),
        ];
        for (text, value, bits, signed) in cases {
            assert_eq!(number(text).unwrap(), [Number::Integer { value, bits, signed }; 4], "{text}");
        }
        let long = number("1UL").unwrap();
        assert_eq!(long[Abi::I386SystemV.index()], Number::Integer { value: 1, bits: 32, signed: false });
        assert_eq!(long[Abi::X8664SystemV.index()], Number::Integer { value: 1, bits: 64, signed: false });
    }

    #[test]
    fn floating_numbers() {
        let cases = [("1.5", 1.5), ("1e3f", 1000.0), (".25L", 0.25), ("0x1.8p1", 3.0), ("0x.8p0f", 0.5), ("2.f", 2.0)];
        for (text, value) in cases {
            assert_eq!(number(text).unwrap(), [Number::Float(value); 4], "{text}");
        }
    }

    #[test]
    fn characters() {
        let cases = [
            ("'a'", 97),
            (r"'\n'", 10),
            (r"'\xff'", -1),
            (r"'\0'", 0),
            ("'ab'", 0x6162),
            (r"'\''", 39),
            (r"'\101'", 65),
        ];
        for (text, value) in cases {
            assert_eq!(character(text).unwrap(), [Number::int(value); 4], "{text}");
        }
        assert!(character("L'ab'").is_err());
    }

    #[test]
    fn what_is_no_number_says_why() {
        for text in ["08", "0x", "1q", "99999999999999999999", "1.5zz", "0x1.8"] {
            assert!(number(text).is_err(), "{text}");
        }
    }
}
