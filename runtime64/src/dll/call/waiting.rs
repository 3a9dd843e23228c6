//! Waiting for all or any of several futures.

use std::thread;
use std::time::{Duration, Instant};

use mlua::{AnyUserData, Function, Lua, Table, Value as LuaValue};

use super::future::Future;
use super::result;
use crate::dll::describe::describe;
use crate::dll::hook;
use crate::dll::module::Module;
use crate::error::{Error, ErrorKind};
use crate::stack;

/// The number of consecutive checks before the thread sleeps between them.
const BUSY_CHECKS: u32 = 20;

/// The longest sleep between checks. Early sleeps are shorter, so that a wait is at most an eighth too long.
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// Waits for all futures of a list and returns their results in order.
pub(in crate::dll) fn wait_all(lua: &Lua, futures: &Table) -> mlua::Result<Table> {
    let results = lua.create_table()?;
    for (index, value) in futures.sequence_values::<LuaValue>().enumerate() {
        let value = value?;
        let values = match (&value, method_of(&value, "wait")) {
            // A pool's future is a table.
            (_, Some(wait)) => stack::with_room_for_lua(|| wait.call(&value))?,
            (LuaValue::UserData(userdata), None) if userdata.is::<Future>() => {
                userdata.borrow::<Future>()?.wait(lua, None)?
            }
            _ => return Err(no_future("dll.wait_all", index, &value).into()),
        };
        results.raw_set(index + 1, result::as_one(lua, values)?)?;
    }
    Ok(results)
}

/// A method of a table.
fn method_of(value: &LuaValue, name: &str) -> Option<Function> {
    value.as_table()?.get::<Option<Function>>(name).ok().flatten()
}

/// Waits until one of the futures of a list has returned or failed, and returns its index; `None` on a timeout.
pub(in crate::dll) fn wait_any(lua: &Lua, futures: &Table, limit: Option<Duration>) -> mlua::Result<Option<usize>> {
    let mut waited_for = Vec::new();
    for (index, value) in futures.sequence_values::<LuaValue>().enumerate() {
        waited_for.push(Waitable::of(index, value?)?);
    }
    let begun = Instant::now();
    let interrupt = Module::of_state(lua).map(|module| module.shared().settings.interrupt.clone()).unwrap_or_default();
    for checks in 0_u32.. {
        hook::time_left(&interrupt)?;
        // A future that can never complete is an error only if no other one can.
        let (mut stuck_error, mut others) = (None, false);
        for (index, future) in waited_for.iter().enumerate() {
            match future.is_done(lua, limit.is_none()) {
                Ok(true) => return Ok(Some(index + 1)),
                Ok(false) => others = true,
                Err(error) if matches!(future, Waitable::Call(_)) => return Err(error),
                Err(error) => stuck_error = Some(error),
            }
        }
        if let (Some(error), false) = (stuck_error, others) {
            return Err(error);
        }
        let waited = begun.elapsed();
        if waited_for.is_empty() || limit.is_some_and(|limit| waited >= limit) {
            break;
        }
        rest(checks, waited, limit.map_or(Duration::MAX, |limit| limit - waited));
    }
    Ok(None)
}

/// A future that can be waited for.
enum Waitable {
    Call(AnyUserData),
    /// A pool's future, and its method `done`.
    Pooled(LuaValue, Function),
}

impl Waitable {
    fn of(index: usize, value: LuaValue) -> mlua::Result<Self> {
        match (method_of(&value, "done"), value) {
            (Some(done), value) => Ok(Self::Pooled(value, done)),
            (None, LuaValue::UserData(userdata)) if userdata.is::<Future>() => Ok(Self::Call(userdata)),
            (None, other) => Err(no_future("dll.wait_any", index, &other).into()),
        }
    }

    /// Whether it has returned or failed. With an unlimited wait, a pool's future raises an error if it can never
    /// complete.
    fn is_done(&self, lua: &Lua, is_without_end: bool) -> mlua::Result<bool> {
        match self {
            Self::Call(future) => future.borrow::<Future>()?.is_done(lua),
            Self::Pooled(future, done) => stack::with_room_for_lua(|| done.call((future, is_without_end))),
        }
    }
}

/// Sleeps between checks, depending on their number and the time waited so far; at most for `left`.
pub(in crate::dll) fn rest(checks: u32, waited: Duration, left: Duration) {
    if checks >= BUSY_CHECKS {
        thread::sleep((waited / 8).min(LONGEST_PAUSE).min(left));
    }
}

fn no_future(doing: &str, index: usize, value: &LuaValue) -> Error {
    let message = format!("{doing}: expected a future as element {}, got {}", index + 1, describe(value));
    Error::new(ErrorKind::Type, message)
}
