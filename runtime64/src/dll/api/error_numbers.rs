//! `errno`, `lasterror`: the error numbers after the last call.

use mlua::{Lua, Table, Value as LuaValue};
use protocol::{DescribeLastError, SetErrors, Value};

use crate::dll::describe::describe;
use crate::dll::failure;
use crate::dll::module::Module;
use crate::dll::worker_extension::{ErrorNumbers, WorkerExtension};
use crate::error::{Error, ErrorKind};

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    table.set(
        "errno",
        lua.create_function(move |_, value: LuaValue| {
            let worker = shared.worker(shared.kind());
            let numbers = WorkerExtension::of(worker).map(|extension| &extension.error_numbers);
            let last = numbers.map_or(0, ErrorNumbers::errno);
            if !value.is_nil() {
                let value = errno_value(&value)?;
                let set = worker
                    .session()
                    .and_then(|mut session| session.call(&SetErrors { errno: Some(value), last_error: None }));
                set.map_err(|error| failure::from_remote(error, worker, "dll.errno"))?;
                if let Some(numbers) = numbers {
                    numbers.set(value, numbers.last_error());
                }
            }
            Ok(last)
        })?,
    )?;
    let shared = module.clone();
    table.set(
        "lasterror",
        lua.create_function(move |lua, ()| {
            let worker = shared.worker(shared.kind());
            let code = WorkerExtension::of(worker).map_or(0, |extension| extension.error_numbers.last_error());
            let described = worker.session().and_then(|mut session| session.call(&DescribeLastError { code }));
            match described.map_err(|error| failure::from_remote(error, worker, "dll.lasterror"))? {
                Value::Bytes(text) => Ok((code, Some(lua.create_string(&text)?))),
                _ => Ok((code, None)),
            }
        })?,
    )
}

fn errno_value(value: &LuaValue) -> Result<i32, Error> {
    value.as_integer().and_then(|value| i32::try_from(value).ok()).ok_or_else(|| {
        let message = format!("dll.errno: expected an integer that fits C's int, got {}", describe(value));
        Error::new(ErrorKind::Type, message)
    })
}
