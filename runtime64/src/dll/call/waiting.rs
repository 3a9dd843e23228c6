//! Waiting for several futures: for all of them, or for any.

use std::thread;
use std::time::{Duration, Instant};

use mlua::{Function, Lua, Table, Value as LuaValue};

use super::future::Future;
use super::result;
use crate::dll::describe::describe;
use crate::error::{Error, ErrorKind};

/// How often futures are looked at in a row before the thread sleeps between two looks.
const BUSY_LOOKS: u32 = 20;

/// The longest sleep between two looks. It is shorter as long as little time has passed: the wait is an eighth too long at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// Waits for each future of a list, and gives their results in its order.
pub(in crate::dll) fn wait_all(lua: &Lua, futures: &Table) -> mlua::Result<Table> {
    let results = lua.create_table()?;
    for (index, value) in futures.sequence_values::<LuaValue>().enumerate() {
        let value = value?;
        let values = match (&value, wait_of(&value)) {
            // What a pool gives stands for a call as a future does.
            (_, Some(wait)) => wait.call(&value)?,
            (LuaValue::UserData(userdata), None) if userdata.is::<Future>() => {
                userdata.borrow::<Future>()?.wait(lua, None)?
            }
            _ => return Err(no_future("dll.wait_all", index, &value).into()),
        };
        results.raw_set(index + 1, result::as_one(lua, values)?)?;
    }
    Ok(results)
}

/// The method `wait` of a table.
fn wait_of(value: &LuaValue) -> Option<Function> {
    value.as_table()?.get::<Option<Function>>("wait").ok().flatten()
}

/// Waits until one of the futures of a list has returned or failed, and gives its index; nothing, if none has in time.
pub(in crate::dll) fn wait_any(lua: &Lua, futures: &Table, limit: Option<Duration>) -> mlua::Result<Option<usize>> {
    let mut waited_for = Vec::new();
    for (index, value) in futures.sequence_values::<LuaValue>().enumerate() {
        match value? {
            LuaValue::UserData(userdata) if userdata.is::<Future>() => waited_for.push(userdata),
            other => return Err(no_future("dll.wait_any", index, &other).into()),
        }
    }
    let begun = Instant::now();
    for looks in 0_u32.. {
        for (index, future) in waited_for.iter().enumerate() {
            if future.borrow::<Future>()?.is_done(lua)? {
                return Ok(Some(index + 1));
            }
        }
        let waited = begun.elapsed();
        if waited_for.is_empty() || limit.is_some_and(|limit| waited >= limit) {
            break;
        }
        if looks >= BUSY_LOOKS {
            let left = limit.map_or(LONGEST_PAUSE, |limit| limit - waited);
            thread::sleep((waited / 8).min(LONGEST_PAUSE).min(left));
        }
    }
    Ok(None)
}

fn no_future(doing: &str, index: usize, value: &LuaValue) -> Error {
    let message = format!("{doing}: element {} is no future but {}", index + 1, describe(value));
    Error::new(ErrorKind::Type, message)
}
