//! `dll.new`: objects, and what they start with.

use std::sync::Arc;

use mlua::{Lua, Table, Value as LuaValue};

use super::convert::{describe, integer};
use super::failure::from_remote;
use super::mismatch::Mismatch;
use super::module::Module;
use super::object::Object;
use super::pointer::Owner;
use super::shape::{Parts, Shape};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, Generation, RemoteError, Worker};

/// The alignment of every object, as `malloc` gives it; some types have more.
const ALIGN: u64 = 16;

/// A new object of a type: zeros, or the values given.
pub(super) fn new(lua: &Lua, module: &Module, ty: &c::Type, values: &[LuaValue]) -> mlua::Result<LuaValue> {
    let refused = |mismatch: Mismatch| Error::new(mismatch.kind, format!("dll.new: {ty}: {}", mismatch.reason));
    let (count, values) = match values {
        _ if !Shape::takes_count(ty) => (None, values),
        [count, values @ ..] => (Some(element_count(count).map_err(refused)?), values),
        [] => (None, values),
    };
    let shape = Shape::new(ty, module.abi(), count)
        .map_err(|error| Error { message: format!("dll.new: {}", error.message), ..error })?;
    let worker = module.worker(module.kind());
    let (memory, generation) = allocate(lua, module, worker, &shape)
        .map_err(|error| from_remote(error, worker.kind(), &format!("dll.new: {ty}")))?;
    let owner = Owner { worker: worker.clone(), generation };
    let object = Object::new(memory, shape, owner);
    initialise(&object, values).map_err(refused)?;
    lua.create_userdata(object).map(LuaValue::UserData)
}

/// Allocates the memory of an object. Lua does not know how much memory its objects hold, so it is made to collect what
/// is of no use any more when they have grown to twice what was in use after the last time, and before the arena is called
/// full.
fn allocate(
    lua: &Lua,
    module: &Module,
    worker: &Arc<Worker>,
    shape: &Shape,
) -> Result<(Allocation, Generation), RemoteError> {
    // A script that has stopped the collector has its reasons.
    if module.shared().garbage.is_due(shape.bytes) && lua.gc_is_running() {
        // It fails only if a finalizer does, which is that finalizer's affair.
        let _ = lua.gc_collect();
        module.shared().garbage.collected(worker.arena_use() + lua.used_memory() as u64);
    }
    match worker.allocate(shape.bytes, shape.align.max(ALIGN)) {
        Err(RemoteError::ArenaFull { .. } | RemoteError::Fault(_)) => {
            let _ = lua.gc_collect();
            worker.allocate(shape.bytes, shape.align.max(ALIGN))
        }
        allocated => allocated,
    }
}

fn element_count(value: &LuaValue) -> Result<u64, Mismatch> {
    let count = integer(value).ok().and_then(|count| u64::try_from(count).ok());
    count.ok_or_else(|| {
        let reason = format!("the number of elements must be an integer from 0 on, not {}", describe(value));
        Mismatch::new(ErrorKind::Type, reason)
    })
}

/// Gives an object its first values. One value alone is repeated for all elements of an array, several are put in their
/// order, and the rest stays zero; a table holds the values of an array, a string the bytes of one.
fn initialise(object: &Object, values: &[LuaValue]) -> Result<(), Mismatch> {
    let shape = object.shape();
    match (&shape.parts, values) {
        (_, []) => Ok(()),
        (Parts::Scalar(element), [value]) => object.write(element, 0, value),
        (Parts::Scalar(_), values) => Err(too_many(values.len() as u64, 1)),
        (Parts::Array { .. }, [LuaValue::String(string)]) => fill_with_bytes(object, &string.as_bytes()),
        (Parts::Array { .. }, [LuaValue::Table(table)]) => fill_from_table(object, shape, 0, table),
        (Parts::Array { element, count, is_variable }, values) => {
            if values.len() as u64 > *count {
                return Err(too_many(values.len() as u64, *count));
            }
            put_at(object, element, 0, *count, *is_variable, values)
        }
    }
}

/// The elements of a table, from its index 0 if it has one, otherwise from 1, up to the first that is missing.
fn fill_from_table(object: &Object, shape: &Shape, offset: u64, table: &Table) -> Result<(), Mismatch> {
    let Parts::Array { element, count, is_variable } = &shape.parts else {
        return Err(Mismatch::new(ErrorKind::Type, format!("a table cannot be a {}", shape.ty)));
    };
    let get = |index: u64| {
        table.raw_get::<LuaValue>(index as i64).map_err(|error| Mismatch::new(ErrorKind::Type, error.to_string()))
    };
    let first = u64::from(get(0)?.is_nil());
    let mut values = Vec::new();
    loop {
        let value = get(first + values.len() as u64)?;
        if value.is_nil() {
            break;
        }
        if values.len() as u64 == *count {
            return Err(too_many(table.raw_len() as u64 + 1 - first, *count));
        }
        values.push(value);
    }
    put_at(object, element, offset, *count, *is_variable, &values)
}

/// Puts values in their order from an offset on, and repeats a single one, unless the length of the array is left open by
/// its type.
fn put_at(
    object: &Object,
    element: &Shape,
    offset: u64,
    count: u64,
    is_variable: bool,
    values: &[LuaValue],
) -> Result<(), Mismatch> {
    let repeated = match values {
        [value] if !is_variable => vec![value; usize::try_from(count).unwrap_or(usize::MAX)],
        values => values.iter().collect(),
    };
    for (index, value) in repeated.into_iter().enumerate() {
        let offset = offset + index as u64 * element.bytes;
        let put = match (&element.parts, value) {
            (Parts::Scalar(scalar), value) => object.write(scalar, offset, value),
            (Parts::Array { .. }, LuaValue::Table(table)) => fill_from_table(object, element, offset, table),
            (Parts::Array { .. }, other) => {
                Err(Mismatch::new(ErrorKind::Type, format!("a table is needed, not {}", describe(other))))
            }
        };
        put.map_err(|mismatch| Mismatch::new(mismatch.kind, format!("element {index}: {}", mismatch.reason)))?;
    }
    Ok(())
}

/// The bytes of a string, and a zero after them where there is room for it.
fn fill_with_bytes(object: &Object, bytes: &[u8]) -> Result<(), Mismatch> {
    let shape = object.shape();
    let is_text = match &shape.parts {
        Parts::Array { element, .. } => matches!(&element.parts, Parts::Scalar(scalar) if scalar.is_character()),
        Parts::Scalar(_) => false,
    };
    if !is_text {
        let reason = "a string can only fill an array of char, int8_t or uint8_t";
        return Err(Mismatch::new(ErrorKind::Type, reason));
    }
    if bytes.len() as u64 > shape.bytes {
        let reason = format!("a string of {} bytes does not fit", bytes.len());
        return Err(Mismatch::new(ErrorKind::Range, reason));
    }
    let (memory, offset) = object.memory()?;
    memory.write(offset, bytes).map_err(|error| Mismatch::from_remote(&error))
}

fn too_many(given: u64, most: u64) -> Mismatch {
    let plural = if most == 1 { "" } else { "s" };
    Mismatch::new(ErrorKind::Range, format!("it takes {most} value{plural}, {given} given"))
}
