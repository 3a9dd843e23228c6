//! Outputs of annotated parameters, returned as further results.

use mlua::{Lua, Value as LuaValue};
use protocol::Value;

use super::sizes::Sizes;
use crate::dll::address_space::AddressSpace;
use crate::dll::call::result;
use crate::dll::cdata::{self, Cdata};
use crate::dll::memory::zero_unit;
use crate::dll::module::Module;
use crate::dll::types::{Form, NumberBytes, Plan, PointeePlan, PointeeShape, Role};
use crate::remote::{RemoteError, Session};

/// The size of the first block of text that is read, a multiple of every character size.
const FIRST_BLOCK: u64 = 4096;

/// The outputs expected from a call.
#[derive(Debug)]
pub(in crate::dll::call) struct ExpectedOutputs {
    /// The buffers in the order of the parameters.
    out_buffers: Vec<OutBuffer>,
    /// The converted arguments, if sizes after the call depend on them.
    arguments: Vec<Value>,
}

/// The buffer of a parameter.
#[derive(Debug)]
pub(super) struct OutBuffer {
    /// The index of the parameter.
    pub(super) index: usize,
    /// NULL if there is no output.
    pub(super) address: u64,
    /// The capacity, in units of the extent.
    pub(super) capacity: u64,
}

/// The output of a parameter.
#[derive(Clone, Debug)]
pub(in crate::dll::call) struct Output {
    /// The index of the parameter.
    index: usize,
    /// `None` for NULL.
    bytes: Option<Vec<u8>>,
}

impl ExpectedOutputs {
    pub(super) fn new(plan: &Plan, out_buffers: Vec<OutBuffer>, arguments: &[Value], unknown: &[usize]) -> Self {
        let has_valid_size =
            |room: &OutBuffer| plan.roles[room.index].extent.as_ref().is_some_and(|extent| extent.valid.is_some());
        let mut arguments: Vec<Value> = match out_buffers.iter().any(has_valid_size) {
            true => arguments.iter().map(first_number).collect(),
            false => Vec::new(),
        };
        for index in unknown {
            if let Some(argument) = arguments.get_mut(*index) {
                *argument = Value::Nil;
            }
        }
        Self { out_buffers, arguments }
    }

    /// Reads the outputs from the worker.
    pub(in crate::dll::call) fn read(
        &self,
        plan: &Plan,
        result: &Value,
        session: &mut Session<'_>,
    ) -> Result<Vec<Output>, RemoteError> {
        self.out_buffers.iter().map(|room| self.read_room(plan, room, result, session)).collect()
    }

    fn read_room(
        &self,
        plan: &Plan,
        room: &OutBuffer,
        result: &Value,
        session: &mut Session<'_>,
    ) -> Result<Output, RemoteError> {
        let (index, role) = (room.index, &plan.roles[room.index]);
        if room.address == 0 {
            return Ok(Output { index, bytes: None });
        }
        let unit = match (&role.extent, &role.target) {
            (Some(extent), _) => extent.unit,
            (None, Some(target)) => target.bytes,
            (None, None) => 1,
        };
        let mut count = room.capacity;
        if let Some(valid) = role.extent.as_ref().and_then(|extent| extent.valid.as_ref()) {
            let read = |address, into: &mut [u8]| session.read(address, into);
            let valid =
                Sizes { arguments: &self.arguments, unknown: Vec::new(), result: Some(result), read }.of(valid)?;
            // A function may return the size it would have needed, or a negative number for a failure.
            count = valid.map_or(count, |valid| u64::try_from(valid).unwrap_or(0).min(count));
        }
        let bytes = read_bytes(role, room.address, count * unit, session)?;
        Ok(Output { index, bytes: Some(bytes) })
    }
}

/// The part of an argument that sizes may depend on.
fn first_number(value: &Value) -> Value {
    match value {
        Value::Bytes(bytes) => Value::Bytes(bytes[..bytes.len().min(size_of::<u64>())].to_vec()),
        other => other.clone(),
    }
}

/// Reads `count` bytes; of text, which may be much shorter than its buffer, at least those up to the zero.
fn read_bytes(role: &Role, address: u64, count: u64, session: &mut Session<'_>) -> Result<Vec<u8>, RemoteError> {
    let mut bytes = Vec::new();
    let mut block = if role.text_unit().is_some() { FIRST_BLOCK } else { count };
    while (bytes.len() as u64) < count {
        let start = bytes.len();
        let length = block.min(count - start as u64);
        let room = usize::try_from(length).ok().filter(|length| bytes.try_reserve_exact(*length).is_ok());
        let room = room.ok_or_else(|| RemoteError::TooLarge(format!("reading {count} bytes")))?;
        bytes.resize(start + room, 0);
        session.read(address + start as u64, &mut bytes[start..])?;
        if role.text_unit().is_some_and(|unit| zero_unit(&bytes[start..], unit).is_some()) {
            break;
        }
        block *= 4;
    }
    Ok(bytes)
}

impl Output {
    /// The output as a Lua value.
    pub(in crate::dll::call) fn to_lua(&self, plan: &Plan, lua: &Lua, space: &AddressSpace) -> mlua::Result<LuaValue> {
        let role = &plan.roles[self.index];
        let (Some(bytes), Some(target)) = (&self.bytes, &role.target) else { return Ok(LuaValue::Nil) };
        if let Some(unit) = role.text_unit() {
            let end = zero_unit(bytes, unit).unwrap_or(bytes.len() / unit * unit);
            let text = match target.shape {
                PointeeShape::Text(encoding) => encoding.decode(&bytes[..end]),
                _ => bytes[..end].into(),
            };
            return lua.create_string(text).map(LuaValue::String);
        }
        if role.extent.is_none() {
            return one(lua, target, bytes, space);
        }
        match target.shape {
            PointeeShape::Text(_) | PointeeShape::Bytes => lua.create_string(bytes).map(LuaValue::String),
            PointeeShape::Numbers => numbers(lua, target, bytes),
            PointeeShape::Objects => {
                let count = bytes.len() as u64 / target.bytes;
                let array = target.array.with_count(count).map_err(|error| error.at(&role.annotation))?;
                let whole = (count * target.bytes) as usize;
                cdata::copy_of(lua, &Module::of_state(lua).ok_or_else(result::ending)?, &array, &bytes[..whole], space)
            }
        }
    }
}

/// One element: a number, a pointer, or a copy as an object.
fn one(lua: &Lua, target: &PointeePlan, bytes: &[u8], space: &AddressSpace) -> mlua::Result<LuaValue> {
    match &target.element.form {
        Form::Number(number) => Ok(number.value_of(&number_bytes(bytes))),
        Form::Pointer(_) => {
            let address = u64::from_le_bytes(number_bytes(bytes)[..8].try_into().unwrap_or_default());
            Cdata::pointer_value(lua, &target.element, address, space)
        }
        _ => cdata::copy_of(lua, &Module::of_state(lua).ok_or_else(result::ending)?, &target.element, bytes, space),
    }
}

fn numbers(lua: &Lua, target: &PointeePlan, bytes: &[u8]) -> mlua::Result<LuaValue> {
    let Form::Number(number) = &target.element.form else { return Ok(LuaValue::Nil) };
    let elements = bytes.chunks_exact(target.bytes as usize);
    let table = lua.create_table_with_capacity(elements.len(), 0)?;
    for (index, element) in elements.enumerate() {
        table.raw_set(index + 1, number.value_of(&number_bytes(element)))?;
    }
    Ok(LuaValue::Table(table))
}

/// The first bytes of a number, as many as given.
fn number_bytes(bytes: &[u8]) -> NumberBytes {
    let mut number = NumberBytes::default();
    let length = bytes.len().min(number.len());
    number[..length].copy_from_slice(&bytes[..length]);
    number
}
