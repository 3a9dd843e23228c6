//! Computation of annotated sizes from the arguments of a call.

use mlua::Value as LuaValue;
use protocol::Value;

use crate::dll::types::{Number, NumberBytes, Size};

/// The values that sizes are computed from.
pub(super) struct Sizes<'a, R> {
    /// The converted arguments.
    pub(super) arguments: &'a [Value],
    /// Those that are not known yet.
    pub(super) unknown: Vec<usize>,
    /// The function's result, after the call.
    pub(super) result: Option<&'a Value>,
    /// Reads memory of the worker.
    pub(super) read: R,
}

impl<E, R: FnMut(u64, &mut [u8]) -> Result<(), E>> Sizes<'_, R> {
    /// Computes a size; `None` if a value is unknown.
    pub(super) fn of(&mut self, size: &Size) -> Result<Option<i64>, E> {
        size.evaluate(&mut |size| match size {
            Size::Parameter(index) | Size::Pointed(index, _) if self.unknown.contains(index) => Ok(None),
            Size::Parameter(index) => Ok(self.arguments.get(*index).and_then(integer)),
            Size::Pointed(index, number) => self.pointed(*index, number),
            Size::Result => Ok(self.result.and_then(integer)),
            Size::Number(_) | Size::Binary(..) => Ok(None),
        })
    }

    /// The integer that an argument points to.
    fn pointed(&mut self, index: usize, number: &Number) -> Result<Option<i64>, E> {
        let mut bytes = NumberBytes::default();
        let length = number.bytes();
        match self.arguments.get(index) {
            Some(Value::Integer(address)) if *address != 0 => (self.read)(*address as u64, &mut bytes[..length])?,
            // The bytes are part of the message.
            Some(Value::Bytes(sent)) if sent.len() >= length => bytes[..length].copy_from_slice(&sent[..length]),
            _ => return Ok(None),
        }
        Ok(match number.value_of(&bytes) {
            LuaValue::Integer(value) => Some(value),
            _ => None,
        })
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(value) => Some(*value),
        _ => None,
    }
}
