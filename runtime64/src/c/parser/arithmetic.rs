//! Arithmetic of constant expressions, as C performs it on one ABI.

use std::cmp::Ordering;

use crate::c::lexer::TokenKind;
use crate::c::types::ConstantValue;

/// A value on one ABI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// An integer of a type of this width.
    Integer { value: i128, bits: u32, signed: bool },
    /// A floating-point number.
    Float(f64),
    /// An integer cast to a pointer of this width.
    Pointer { address: u64, bits: u32 },
    /// No value, with the reason. It matters only if the value is used: `1 ? 2 : 1 / 0` is 2.
    None(&'static str),
}

impl Number {
    /// An `int`.
    pub(super) fn int(value: i128) -> Self {
        Number::Integer { value, bits: 32, signed: true }
    }

    /// An integer in the condition of an `#if`, where all integers have the width of `intmax_t` (C11 6.10.1).
    pub(super) fn wide(value: i128) -> Self {
        Number::Integer { value, bits: 64, signed: true }
    }

    /// A literal in the condition of an `#if`: unsigned if it has that suffix, or if it does not fit otherwise.
    pub(super) fn widened(self, unsigned: bool) -> Self {
        match self {
            Number::Integer { value, .. } => {
                Number::Integer { value, bits: 64, signed: !unsigned && i64::try_from(value).is_ok() }
            }
            other => other,
        }
    }

    /// An integer wrapped to the range of its type, as by a cast.
    pub(super) fn wrapped(value: i128, bits: u32, signed: bool) -> Self {
        Number::Integer { value: wrap(value, bits, signed), bits, signed }
    }

    /// Whether it is nonzero; `None` if it has no value.
    pub(super) fn is_true(self) -> Option<bool> {
        match self {
            Number::Integer { value, .. } => Some(value != 0),
            Number::Float(value) => Some(value != 0.0),
            Number::Pointer { address, .. } => Some(address != 0),
            Number::None(_) => None,
        }
    }

    pub(super) fn value(self) -> Option<ConstantValue> {
        match self {
            Number::Integer { value, .. } => Some(ConstantValue::Integer(value)),
            Number::Float(value) => Some(ConstantValue::Float(value)),
            Number::Pointer { address, .. } => Some(ConstantValue::Pointer(address)),
            Number::None(_) => None,
        }
    }

    /// The size of the value's type in bytes.
    pub(super) fn size(self) -> Number {
        match self {
            Number::Integer { bits, .. } | Number::Pointer { bits, .. } => Number::int((bits / 8).into()),
            Number::Float(_) => Number::int(8),
            Number::None(_) => self,
        }
    }

    /// The operand after promotion: small integers become `int`, pointers become unsigned integers.
    fn promoted(self) -> Number {
        match self {
            Number::Integer { value, bits, .. } if bits < 32 => Number::int(value),
            Number::Pointer { address, bits } => Number::Integer { value: address.into(), bits, signed: false },
            other => other,
        }
    }

    /// `+`, `-`, `~`, `!`
    pub(super) fn unary(self, operator: TokenKind) -> Number {
        match (operator, self.promoted()) {
            (_, Number::None(why)) => Number::None(why),
            (TokenKind::Exclamation, number) => Number::int((number.is_true() == Some(false)).into()),
            (TokenKind::Minus, Number::Float(value)) => Number::Float(-value),
            (TokenKind::Plus, number) => number,
            (TokenKind::Minus, Number::Integer { value, bits, signed }) => checked(-value, bits, signed),
            (TokenKind::Tilde, Number::Integer { value, bits, signed }) => Number::wrapped(!value, bits, signed),
            _ => Number::None("'~' needs an integer"),
        }
    }

    pub(super) fn binary(self, operator: TokenKind, other: Number) -> Number {
        if matches!(operator, TokenKind::ShiftLeft | TokenKind::ShiftRight) {
            return self.shifted(operator, other);
        }
        match common(self.promoted(), other.promoted()) {
            Common::Integers { left, right, bits, signed } => integers(operator, left, right, bits, signed),
            Common::Floats(left, right) => floats(operator, left, right),
            Common::None(why) => Number::None(why),
        }
    }

    fn shifted(self, operator: TokenKind, other: Number) -> Number {
        match (self.promoted(), other.promoted()) {
            (Number::None(why), _) | (_, Number::None(why)) => Number::None(why),
            (Number::Integer { value, bits, signed }, Number::Integer { value: count, .. }) => {
                match u32::try_from(count) {
                    Ok(count) if count < bits && operator == TokenKind::ShiftLeft => {
                        Number::wrapped(value << count, bits, signed)
                    }
                    Ok(count) if count < bits => Number::wrapped(value >> count, bits, signed),
                    _ => Number::None("it shifts by more bits than the type has"),
                }
            }
            _ => Number::None("a shift needs integers"),
        }
    }

    /// `condition ? self : other`; the type is the common type of both.
    pub(super) fn choose(self, condition: Number, other: Number) -> Number {
        let truth = match (condition.is_true(), condition) {
            (Some(truth), _) => truth,
            (None, Number::None(why)) => return Number::None(why),
            (None, _) => return Number::None("its condition is not a number"),
        };
        let chosen = if truth { self } else { other };
        match (chosen, common(self.promoted(), other.promoted())) {
            (Number::Pointer { .. } | Number::None(_), _) => chosen,
            (_, Common::Integers { left, right, bits, signed }) => {
                Number::Integer { value: if truth { left } else { right }, bits, signed }
            }
            (_, Common::Floats(left, right)) => Number::Float(if truth { left } else { right }),
            (_, Common::None(_)) => chosen,
        }
    }
}

/// Two operands converted to one type by the usual arithmetic conversions (C11 6.3.1.8).
enum Common {
    Integers { left: i128, right: i128, bits: u32, signed: bool },
    Floats(f64, f64),
    None(&'static str),
}

fn common(left: Number, right: Number) -> Common {
    match (left, right) {
        (Number::None(why), _) | (_, Number::None(why)) => Common::None(why),
        (
            Number::Integer { value: left, bits: left_bits, signed: left_signed },
            Number::Integer { value: right, bits: right_bits, signed: right_signed },
        ) => {
            let signed = match left_bits.cmp(&right_bits) {
                Ordering::Less => right_signed,
                Ordering::Equal => left_signed && right_signed,
                Ordering::Greater => left_signed,
            };
            let bits = left_bits.max(right_bits);
            Common::Integers { left: wrap(left, bits, signed), right: wrap(right, bits, signed), bits, signed }
        }
        (left, right) => match (float(left), float(right)) {
            (Some(left), Some(right)) => Common::Floats(left, right),
            _ => Common::None("it uses a pointer as a number"),
        },
    }
}

fn float(number: Number) -> Option<f64> {
    match number {
        Number::Integer { value, .. } => Some(value as f64),
        Number::Float(value) => Some(value),
        Number::Pointer { .. } | Number::None(_) => None,
    }
}

fn integers(operator: TokenKind, left: i128, right: i128, bits: u32, signed: bool) -> Number {
    let number = |value| checked(value, bits, signed);
    match operator {
        TokenKind::Plus => number(left + right),
        TokenKind::Minus => number(left - right),
        // The product of two 64-bit factors overflows 128 bits only if it is reduced modulo 2^64 anyway.
        TokenKind::Star => number(left.wrapping_mul(right)),
        TokenKind::Slash | TokenKind::Percent if right == 0 => Number::None("it divides by zero"),
        TokenKind::Slash => number(left / right),
        TokenKind::Percent => number(left % right),
        TokenKind::Ampersand => number(left & right),
        TokenKind::Bar => number(left | right),
        TokenKind::Caret => number(left ^ right),
        operator => comparison(operator, left, right)
            .unwrap_or(Number::None("it uses an operator that constant expressions do not allow")),
    }
}

fn floats(operator: TokenKind, left: f64, right: f64) -> Number {
    match operator {
        TokenKind::Plus => Number::Float(left + right),
        TokenKind::Minus => Number::Float(left - right),
        TokenKind::Star => Number::Float(left * right),
        TokenKind::Slash => Number::Float(left / right),
        operator => comparison(operator, left, right)
            .unwrap_or(Number::None("it uses an operator that floating-point numbers do not support")),
    }
}

/// The result of a comparison, an `int` (C11 6.5.8, 6.5.9); `None` for other operators.
fn comparison<T: PartialOrd>(operator: TokenKind, left: T, right: T) -> Option<Number> {
    let truth = match operator {
        TokenKind::Less => left < right,
        TokenKind::Greater => left > right,
        TokenKind::LessEqual => left <= right,
        TokenKind::GreaterEqual => left >= right,
        TokenKind::EqualEqual => left == right,
        TokenKind::NotEqual => left != right,
        _ => return None,
    };
    Some(Number::int(truth.into()))
}

/// The integer, unless a signed one overflows, which is undefined in C.
fn checked(value: i128, bits: u32, signed: bool) -> Number {
    if signed && wrap(value, bits, true) != value {
        return Number::None("it overflows");
    }
    Number::wrapped(value, bits, signed)
}

/// The value modulo 2^bits, in the range of the type.
pub(super) fn wrap(value: i128, bits: u32, signed: bool) -> i128 {
    let unused = 128 - bits;
    if signed { (value << unused) >> unused } else { ((value << unused) as u128 >> unused) as i128 }
}
