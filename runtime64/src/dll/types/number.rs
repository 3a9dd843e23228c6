//! Conversion of numbers between Lua and C, in messages and in memory.
//!
//! A number with a fraction is not an integer, a numeric string is not a number, and no value is truncated to fit.

use std::sync::Arc;

use mlua::Value as LuaValue;
use protocol::{Type, Value};

use super::enumeration::Enumeration;
use super::extended;
use crate::c::{self, Abi, Basic};
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::{describe, wrong_type};
use crate::error::ErrorKind;

/// The bytes of a number, of which its type uses the first.
pub(in crate::dll) type NumberBytes = [u8; 16];

/// The size of the value of a `long double`; the rest is padding.
const EXTENDED_BYTES: usize = 10;

/// A C type whose values are Lua numbers or booleans.
#[derive(Clone, Debug)]
pub(in crate::dll) enum Number {
    /// `_Bool` and Lua's booleans.
    Bool,
    /// An integer with bounds.
    Integer {
        /// The minimum value.
        minimum: i64,
        /// The maximum value.
        maximum: i64,
        /// The type in messages.
        wire: Type,
    },
    /// An unsigned 64-bit integer: any Lua integer, with the same bits.
    Unsigned64,
    /// An enumeration: an integer, or an enumerator's name.
    Enumeration(Arc<Enumeration>),
    /// `float` or `double`.
    Float(Type),
    /// The 80-bit format of x87, `long double` of System V.
    Extended,
}

impl Number {
    /// The numeric type; `None` for types that are not numeric or wider than Lua's numbers.
    pub(in crate::dll) fn of(ty: &c::Type, abi: Abi) -> Option<Self> {
        match ty.resolve() {
            c::Type::Basic(Basic::Bool) => Some(Number::Bool),
            c::Type::Basic(Basic::Float) => Some(Number::Float(Type::Float32)),
            c::Type::Basic(Basic::Double) => Some(Number::Float(Type::Float64)),
            // Microsoft's long double is its double.
            c::Type::Basic(Basic::LongDouble) if abi.is_windows() => Some(Number::Float(Type::Float64)),
            c::Type::Basic(Basic::LongDouble) => Some(Number::Extended),
            c::Type::Basic(basic) => Self::integer(abi.integer(*basic)?),
            c::Type::Enumeration(enumeration) => {
                Some(Number::Enumeration(Arc::new(Enumeration::new(enumeration, abi))))
            }
            _ => None,
        }
    }

    /// The integer type of this width and sign; `None` for 128 bits.
    pub(super) fn integer(stored: c::Integer) -> Option<Self> {
        let bounded = |minimum, maximum, wire| Some(Number::Integer { minimum, maximum, wire });
        match (stored.bytes, stored.signed) {
            (1, true) => bounded(i8::MIN.into(), i8::MAX.into(), Type::Int8),
            (1, false) => bounded(0, u8::MAX.into(), Type::Uint8),
            (2, true) => bounded(i16::MIN.into(), i16::MAX.into(), Type::Int16),
            (2, false) => bounded(0, u16::MAX.into(), Type::Uint16),
            (4, true) => bounded(i32::MIN.into(), i32::MAX.into(), Type::Int32),
            (4, false) => bounded(0, u32::MAX.into(), Type::Uint32),
            (8, true) => bounded(i64::MIN, i64::MAX, Type::Int64),
            (8, false) => Some(Number::Unsigned64),
            _ => None,
        }
    }

    /// The type in messages.
    pub(in crate::dll) fn wire(&self) -> Type {
        match self {
            Number::Bool => Type::Bool,
            Number::Integer { wire, .. } | Number::Float(wire) => *wire,
            Number::Enumeration(enumeration) => enumeration.wire(),
            Number::Unsigned64 => Type::Uint64,
            Number::Extended => Type::Extended,
        }
    }

    /// The size of the value in bytes, without padding.
    pub(in crate::dll) fn bytes(&self) -> usize {
        match self.wire() {
            Type::Int16 | Type::Uint16 => 2,
            Type::Int32 | Type::Uint32 | Type::Float32 => 4,
            Type::Int64 | Type::Uint64 | Type::Float64 => 8,
            Type::Extended => EXTENDED_BYTES,
            _ => 1,
        }
    }

    /// Zero of this type.
    pub(in crate::dll) fn zero(&self) -> LuaValue {
        self.value_of(&NumberBytes::default())
    }

    /// Whether it is a one-byte character, so that a Lua string can initialise an array of it.
    pub(in crate::dll) fn is_character(&self) -> bool {
        matches!(self, Number::Integer { wire: Type::Int8 | Type::Uint8, .. })
    }

    pub(in crate::dll) fn is_signed(&self) -> bool {
        match self {
            Number::Integer { minimum, .. } => *minimum < 0,
            Number::Enumeration(enumeration) => enumeration.is_signed(),
            Number::Bool | Number::Unsigned64 | Number::Float(_) | Number::Extended => false,
        }
    }

    /// The value of a bit-field whose first bit is in the first byte of `window`.
    pub(in crate::dll) fn of_bits(&self, window: u128, bits: c::BitField) -> LuaValue {
        let value = bits.get(window) as i64;
        if matches!(self, Number::Bool) {
            return LuaValue::Boolean(value != 0);
        }
        if !self.is_signed() || bits.width == 0 {
            return LuaValue::Integer(value);
        }
        let unused = 64 - bits.width;
        LuaValue::Integer(value << unused >> unused)
    }

    /// Converts a Lua value to the bits of a bit-field, at most 64.
    pub(in crate::dll) fn bits(&self, value: &LuaValue, width: u32) -> Result<u64, ConversionError> {
        let integer = match self {
            Number::Bool => return Ok(matches!(self.to_wire(value)?, Value::Bool(true)).into()),
            Number::Enumeration(enumeration) => enumeration.value_of(value)?,
            _ => integer(value)?,
        };
        if width >= 64 {
            return Ok(integer as u64);
        }
        let (minimum, maximum) = if self.is_signed() {
            (-(1 << (width - 1)), (1 << (width - 1)) - 1)
        } else {
            (0, ((1u64 << width) - 1) as i64)
        };
        bounded(&LuaValue::Integer(integer), minimum, maximum).map(|integer| integer as u64)
    }

    /// Converts a Lua value to a message value.
    pub(in crate::dll) fn to_wire(&self, value: &LuaValue) -> Result<Value, ConversionError> {
        match self {
            Number::Bool => match value {
                LuaValue::Boolean(value) => Ok(Value::Bool(*value)),
                other => Err(wrong_type("a boolean", other)),
            },
            Number::Integer { minimum, maximum, .. } => bounded(value, *minimum, *maximum).map(Value::Integer),
            Number::Unsigned64 => unsigned(value).map(Value::Integer),
            Number::Enumeration(enumeration) => enumeration.value_of(value).map(Value::Integer),
            Number::Float(wire) => float(value, *wire).map(Value::Float),
            Number::Extended => float(value, Type::Float64)
                .map(|value| Value::Bytes(extended::from_double(value)[..EXTENDED_BYTES].to_vec())),
        }
    }

    /// Converts a message value to Lua; `None` if it has the wrong type.
    pub(in crate::dll) fn value_of_wire(&self, value: &Value) -> Option<LuaValue> {
        match (self, value) {
            (Number::Bool, Value::Bool(value)) => Some(LuaValue::Boolean(*value)),
            (Number::Integer { .. } | Number::Unsigned64 | Number::Enumeration(_), Value::Integer(value)) => {
                Some(LuaValue::Integer(*value))
            }
            (Number::Float(_), Value::Float(value)) => Some(LuaValue::Number(*value)),
            (Number::Extended, Value::Bytes(sent)) if sent.len() == EXTENDED_BYTES => {
                let mut bytes = NumberBytes::default();
                bytes[..EXTENDED_BYTES].copy_from_slice(sent);
                Some(LuaValue::Number(extended::to_double(&bytes)))
            }
            _ => None,
        }
    }

    /// Converts a Lua value to bytes in memory.
    #[inline]
    pub(in crate::dll) fn to_bytes(&self, value: &LuaValue) -> Result<NumberBytes, ConversionError> {
        if let Number::Extended = self {
            return float(value, Type::Float64).map(extended::from_double);
        }
        let bits = match self.to_wire(value)? {
            Value::Bool(value) => value.into(),
            Value::Integer(value) => value as u64,
            Value::Float(value) => match self {
                Number::Float(Type::Float32) => (value as f32).to_bits().into(),
                _ => value.to_bits(),
            },
            Value::Nil | Value::Bytes(_) => 0,
        };
        Ok(low(bits))
    }

    /// Converts bytes in memory to a Lua value.
    #[inline]
    pub(in crate::dll) fn value_of(&self, bytes: &NumberBytes) -> LuaValue {
        // The casts keep the low bytes, which come first in memory.
        let bits = first_eight(bytes);
        let wire = match self {
            Number::Bool => return LuaValue::Boolean(bits as u8 != 0),
            Number::Unsigned64 => return LuaValue::Integer(bits as i64),
            Number::Extended => return LuaValue::Number(extended::to_double(bytes)),
            Number::Enumeration(enumeration) => enumeration.wire(),
            Number::Integer { wire, .. } | Number::Float(wire) => *wire,
        };
        match wire {
            Type::Int8 => LuaValue::Integer((bits as i8).into()),
            Type::Uint8 => LuaValue::Integer((bits as u8).into()),
            Type::Int16 => LuaValue::Integer((bits as i16).into()),
            Type::Uint16 => LuaValue::Integer((bits as u16).into()),
            Type::Int32 => LuaValue::Integer((bits as i32).into()),
            Type::Uint32 => LuaValue::Integer((bits as u32).into()),
            Type::Float32 => LuaValue::Number(f32::from_bits(bits as u32).into()),
            Type::Float64 => LuaValue::Number(f64::from_bits(bits)),
            _ => LuaValue::Integer(bits as i64),
        }
    }

    /// Converts as C's cast does: integers wrap, fractions are dropped, and any nonzero value is true.
    pub(in crate::dll) fn cast(&self, value: &LuaValue) -> Result<LuaValue, ConversionError> {
        let wrapped = |bits: i64| Ok(self.value_of(&low(bits as u64)));
        match (self, value) {
            (Number::Bool, LuaValue::Integer(value)) => Ok(LuaValue::Boolean(*value != 0)),
            (Number::Bool, LuaValue::Number(value)) => Ok(LuaValue::Boolean(*value != 0.0)),
            (Number::Float(Type::Float32), LuaValue::Number(value)) => Ok(LuaValue::Number((*value as f32).into())),
            (Number::Float(_) | Number::Extended, LuaValue::Boolean(value)) => {
                Ok(LuaValue::Number(if *value { 1.0 } else { 0.0 }))
            }
            (Number::Bool | Number::Float(_) | Number::Extended, value) => {
                self.to_bytes(value).map(|bytes| self.value_of(&bytes))
            }
            (_, LuaValue::Boolean(value)) => wrapped(i64::from(*value)),
            (_, LuaValue::Integer(value)) => wrapped(*value),
            (_, LuaValue::Number(value)) if value.is_finite() && *value >= 2f64.powi(63) => {
                wrapped(*value as u64 as i64)
            }
            (_, LuaValue::Number(value)) => wrapped(*value as i64),
            (_, other) => self.to_bytes(other).map(|bytes| self.value_of(&bytes)),
        }
    }
}

/// Bits as the first bytes of a number.
pub(super) fn low(bits: u64) -> NumberBytes {
    let mut bytes = NumberBytes::default();
    bytes[..8].copy_from_slice(&bits.to_le_bytes());
    bytes
}

/// The first eight bytes of a number as bits.
#[inline]
pub(super) fn first_eight(bytes: &NumberBytes) -> u64 {
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// Converts a Lua value to an integer within bounds.
pub(super) fn bounded(value: &LuaValue, minimum: i64, maximum: i64) -> Result<i64, ConversionError> {
    let integer = integer(value)?;
    if (minimum..=maximum).contains(&integer) {
        return Ok(integer);
    }
    Err(ConversionError::new(ErrorKind::Range, format!("{integer} is out of range ({minimum} to {maximum})")))
}

/// Converts a Lua value to an integer. A float without a fraction is accepted.
pub(in crate::dll) fn integer(value: &LuaValue) -> Result<i64, ConversionError> {
    match value {
        LuaValue::Integer(value) => Ok(*value),
        LuaValue::Number(number) => {
            // Both bounds are exact as floats; the upper one is the first value that does not fit.
            let fits = number.fract() == 0.0 && (-(2f64.powi(63))..2f64.powi(63)).contains(number);
            if fits {
                return Ok(*number as i64);
            }
            let has_fraction = number.fract() != 0.0 && number.is_finite();
            let reason = if has_fraction { "has a fraction" } else { "is out of range" };
            let kind = if has_fraction { ErrorKind::Type } else { ErrorKind::Range };
            Err(ConversionError::new(kind, format!("{} {reason}; expected an integer", describe(value))))
        }
        other => Err(wrong_type("an integer", other)),
    }
}

/// Converts a Lua value to an unsigned integer, returned with the same bits; also accepts floats in the upper half of
/// the range.
fn unsigned(value: &LuaValue) -> Result<i64, ConversionError> {
    match value {
        LuaValue::Number(number) if number.fract() == 0.0 && (2f64.powi(63)..2f64.powi(64)).contains(number) => {
            Ok(*number as u64 as i64)
        }
        other => integer(other),
    }
}

/// Converts a Lua value to a float, rounded to the type's precision as C does, so that the worker need not round.
fn float(value: &LuaValue, wire: Type) -> Result<f64, ConversionError> {
    let number = match value {
        LuaValue::Number(value) => *value,
        LuaValue::Integer(value) => *value as f64,
        other => return Err(wrong_type("a number", other)),
    };
    if wire != Type::Float32 {
        return Ok(number);
    }
    let single = number as f32;
    if single.is_infinite() && number.is_finite() {
        let reason = format!("{number:?} is out of range (a float holds up to {:e})", f32::MAX);
        return Err(ConversionError::new(ErrorKind::Range, reason));
    }
    Ok(single.into())
}
