//! Casts, and conversion of declared constants and sizes to numbers.

use super::arithmetic::Number;
use super::expression::Operand;
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::Parsed;
use crate::c::layout::LayoutError;
use crate::c::types::{Basic, ConstantValue, Type};

/// Casts the number to a type.
pub(super) fn cast(number: Number, ty: &Type, abi: Abi) -> Number {
    let integer = match ty.resolve() {
        Type::Basic(Basic::Bool) => {
            return number.is_true().map_or(number, |truth| Number::wrapped(truth.into(), 8, false));
        }
        Type::Basic(Basic::Float) => return to_float(number, |value| f64::from(value as f32)),
        Type::Basic(Basic::Double | Basic::LongDouble | Basic::Float128) => return to_float(number, |value| value),
        Type::Basic(basic) => abi.integer(*basic).map(|integer| (8 * integer.bytes, integer.signed)),
        Type::Enumeration(enumeration) => {
            enumeration.body().map(|body| body.integer(abi)).map(|integer| (8 * integer.bytes, integer.signed))
        }
        Type::Pointer(_) => {
            let bits = 8 * abi.pointer_bytes();
            return match to_integer(number, bits, false) {
                Number::Integer { value, .. } => Number::Pointer { address: value as u64, bits },
                other => other,
            };
        }
        _ => None,
    };
    match integer {
        Some((bits, signed)) if bits <= 64 => to_integer(number, bits, signed),
        _ => Number::None("it is cast to a type that constants cannot have"),
    }
}

fn to_float(number: Number, round: impl Fn(f64) -> f64) -> Number {
    match number {
        Number::Integer { value, .. } => Number::Float(round(value as f64)),
        Number::Float(value) => Number::Float(round(value)),
        Number::Pointer { .. } => Number::None("a pointer is cast to a floating-point type"),
        Number::None(_) => number,
    }
}

fn to_integer(number: Number, bits: u32, signed: bool) -> Number {
    match number {
        Number::Integer { value, .. } => Number::wrapped(value, bits, signed),
        Number::Pointer { address, .. } => Number::wrapped(address.into(), bits, signed),
        Number::Float(value) => {
            let truncated = Number::wrapped(value as i128, bits, signed);
            match truncated {
                Number::Integer { value: kept, .. } if kept as f64 == value.trunc() => truncated,
                _ => Number::None("a floating-point value does not fit in the integer type it is cast to"),
            }
        }
        Number::None(_) => number,
    }
}

/// Converts a declared constant to a number of its type.
pub(super) fn number_of(value: Option<&ConstantValue>, abi: Abi) -> Number {
    match value {
        Some(ConstantValue::Integer(value)) => match *value {
            small if small >> 31 == 0 || small >> 31 == -1 => Number::int(small),
            unsigned if unsigned > 0 && unsigned >> 32 == 0 => {
                Number::Integer { value: unsigned, bits: 32, signed: false }
            }
            large => Number::Integer { value: large, bits: 64, signed: large >> 63 == 0 || large < 0 },
        },
        Some(ConstantValue::Float(value)) => Number::Float(*value),
        Some(ConstantValue::Pointer(address)) => Number::Pointer { address: *address, bits: 8 * abi.pointer_bytes() },
        Some(ConstantValue::String(_) | ConstantValue::WideString(_)) => Number::None("it uses a string as a number"),
        None => Number::None("it uses a constant that has no value"),
    }
}

/// The sizes returned by a function; an error if it returns none for any ABI.
pub(super) fn sizes(place: &Token<'_>, find: impl Fn(Abi) -> Result<u64, LayoutError>) -> Parsed<Operand> {
    let mut error = None;
    let numbers = Abi::ALL.map(|abi| match find(abi) {
        Ok(bytes) => size(bytes, abi),
        Err(reason) => {
            error = Some(reason);
            Number::None("a type has no size there")
        }
    });
    match error {
        Some(error) if numbers.iter().all(|number| matches!(number, Number::None(_))) => Err(place.failure(error)),
        _ => Ok(Operand::Numbers(numbers)),
    }
}

/// A `size_t`.
pub(super) fn size(bytes: u64, abi: Abi) -> Number {
    Number::wrapped(bytes.into(), 8 * abi.pointer_bytes(), false)
}

pub(super) fn as_size(number: Number) -> Number {
    match number {
        Number::Integer { value, .. } => Number::wrapped(value, 32, false),
        other => other,
    }
}
