//! `dll.new`: objects in memory shared with the worker.

use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};

use super::initialise::{bytes_of_all, element_count};
use super::{Cdata, finalizer};
use crate::dll::address_space::AddressSpace;
use crate::dll::conversion_error::ConversionError;
use crate::dll::failure::from_remote;
use crate::dll::memory::Location;
use crate::dll::module::Module;
use crate::dll::types::{Ctype, Event, Form};
use crate::error::ErrorKind;
use crate::remote::{Allocation, Generation, RemoteError, Worker};

/// The alignment of every object, as with `malloc`; some types require more.
const ALIGN: u64 = 16;

/// Creates an object, zeroed or with initialisers. If the type leaves the number of elements open, the first value is
/// that number.
pub(in crate::dll) fn new(
    lua: &Lua,
    module: &Module,
    ctype: &Arc<Ctype>,
    values: &[LuaValue],
) -> mlua::Result<LuaValue> {
    let refused = |error: ConversionError| error.at(format_args!("dll.new: {}", ctype.ty));
    let (ctype, values) = match values {
        values if !ctype.takes_count() => (Arc::clone(ctype), values),
        [count, values @ ..] => {
            let count = element_count(count).map_err(refused)?;
            (ctype.with_count(count).map_err(refused)?, values)
        }
        [] => {
            let missing = ConversionError::new(ErrorKind::Declaration, "the number of elements is missing");
            return Err(refused(missing).into());
        }
    };
    let layout = ctype.layout().map_err(|error| refused(explained(&ctype, error)))?;
    let worker = module.worker(module.kind());
    let align = layout.align.max(ALIGN);
    let (memory, generation) = allocate(lua, module, worker, layout.size, align)
        .map_err(|error| from_remote(error, worker, &format!("dll.new: {}", ctype.ty)))?;
    let space = AddressSpace { worker: Arc::clone(worker), generation };
    let location = Location::allocated(memory, space);
    if !values.is_empty() {
        let bytes = bytes_of_all(&ctype, values, location.space()).map_err(refused)?;
        location.write(&"dll.new", 0, &bytes)?;
    }
    let collect = ctype.metamethod(Event::Collect).filter(|_| matches!(ctype.form, Form::Record(_)));
    let userdata = lua.create_userdata(Cdata::object(ctype, location))?;
    if let Some(collect) = collect {
        finalizer::set(lua, &userdata, collect)?;
    }
    Ok(LuaValue::UserData(userdata))
}

/// Creates an object from bytes, in the worker they came from.
pub(in crate::dll) fn copy_of(
    lua: &Lua,
    module: &Module,
    ctype: &Arc<Ctype>,
    bytes: &[u8],
    space: &AddressSpace,
) -> mlua::Result<LuaValue> {
    let doing = &ctype.ty;
    let failure = |error| from_remote(error, &space.worker, &doing.to_string());
    let align = ctype.layout().map_err(|error| error.at(doing))?.align.max(ALIGN);
    let (memory, generation) = allocate(lua, module, &space.worker, bytes.len() as u64, align).map_err(failure)?;
    if generation != space.generation {
        return Err(failure(RemoteError::Stale).into());
    }
    let location = Location::allocated(memory, space.clone());
    location.write(doing, 0, bytes)?;
    let collect = ctype.metamethod(Event::Collect);
    let userdata = lua.create_userdata(Cdata::object(Arc::clone(ctype), location))?;
    if let Some(collect) = collect {
        finalizer::set(lua, &userdata, collect)?;
    }
    Ok(LuaValue::UserData(userdata))
}

/// Adds advice to the error about a type without a size.
fn explained(ctype: &Ctype, error: ConversionError) -> ConversionError {
    match &ctype.form {
        Form::Array(array) if array.count.is_none() => {
            ConversionError::new(error.kind, "its length is unknown; [?] takes it from the next argument")
        }
        _ => error,
    }
}

/// Allocates the memory of an object. Lua does not know how much memory its objects hold. So a collection runs when
/// that may have doubled since the last one, and before the arena is reported full.
fn allocate(
    lua: &Lua,
    module: &Module,
    worker: &Arc<Worker>,
    bytes: u64,
    align: u64,
) -> Result<(Allocation, Generation), RemoteError> {
    // A script may have stopped the collector on purpose.
    if module.shared().garbage.is_due(bytes) && lua.gc_is_running() {
        // This fails only if a finalizer does, which reports its own error.
        let _ = lua.gc_collect();
        module.shared().garbage.collected(worker.arena_use() + lua.used_memory() as u64);
    }
    match worker.allocate(bytes, align) {
        Err(RemoteError::ArenaFull { .. } | RemoteError::Fault(_)) => {
            let _ = lua.gc_collect();
            worker.allocate(bytes, align)
        }
        allocated => allocated,
    }
}
