//! Arguments and results.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

/// One argument or result, in MessagePack's own types: nil, bool, integer, float 64, bin.
///
/// The prepared [`Signature`](crate::Signature) determines how a value is interpreted, not the value itself: an
/// [`Integer`](Value::Integer) is an `int8_t`, a `uint64_t` or an address, depending on the function's parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// A NULL pointer, or the result of a `void` function.
    #[default]
    Nil,
    /// A C `_Bool`.
    Bool(bool),
    /// Any integer or address. A `uint64_t` travels as the `int64_t` with the same bits.
    Integer(i64),
    /// A `float` or `double`; every `float` is exactly representable as a `double`.
    Float(f64),
    /// Bytes that the callee reads through a pointer for the duration of the call, or that were copied on return. A C
    /// string argument includes its terminating zero; a result does not. Also a record passed by value, and the ten
    /// bytes of a `long double`.
    Bytes(Vec<u8>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Nil => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl Visitor<'_> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("nil, a boolean, a 64-bit integer, a float or a byte string")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        // Integers are always sent signed, so a larger one does not follow this protocol.
        i64::try_from(value).map(Value::Integer).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }
}
