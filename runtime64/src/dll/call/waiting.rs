//! Waiting for several futures: for all of them, or for any.

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

/// How often futures are looked at in a row before the thread sleeps between two looks.
const BUSY_LOOKS: u32 = 20;

/// The longest sleep between two looks. It is shorter as long as little time has passed: the wait is an eighth too long at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// Waits for each future of a list, and gives their results in its order.
pub(in crate::dll) fn wait_all(lua: &Lua, futures: &Table) -> mlua::Result<Table> {
    let results = lua.create_table()?;
    for (index, value) in futures.sequence_values::<LuaValue>().enumerate() {
        let value = value?;
        let values = match (&value, method_of(&value, "wait")) {
            // What a pool gives stands for a call as a future does.
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

/// Waits until one of the futures of a list has returned or failed, and gives its index; nothing, if none has in time.
pub(in crate::dll) fn wait_any(lua: &Lua, futures: &Table, limit: Option<Duration>) -> mlua::Result<Option<usize>> {
    let mut waited_for = Vec::new();
    for (index, value) in futures.sequence_values::<LuaValue>().enumerate() {
        waited_for.push(Awaited::of(index, value?)?);
    }
    let begun = Instant::now();
    let interrupt = Module::of_state(lua).map(|module| module.shared().settings.interrupt.clone()).unwrap_or_default();
    for looks in 0_u32.. {
        hook::time_left(&interrupt)?;
        // One that can never be done is no mistake as long as another one can.
        let (mut stuck, mut others) = (None, false);
        for (index, future) in waited_for.iter().enumerate() {
            match future.is_done(lua, limit.is_none()) {
                Ok(true) => return Ok(Some(index + 1)),
                Ok(false) => others = true,
                Err(error) if matches!(future, Awaited::Call(_)) => return Err(error),
                Err(error) => stuck = Some(error),
            }
        }
        if let (Some(error), false) = (stuck, others) {
            return Err(error);
        }
        let waited = begun.elapsed();
        if waited_for.is_empty() || limit.is_some_and(|limit| waited >= limit) {
            break;
        }
        rest(looks, waited, limit.map_or(Duration::MAX, |limit| limit - waited));
    }
    Ok(None)
}

/// What is waited for.
enum Awaited {
    Call(AnyUserData),
    /// What a pool gives, and its method `done`.
    OfPool(LuaValue, Function),
}

impl Awaited {
    fn of(index: usize, value: LuaValue) -> mlua::Result<Self> {
        match (method_of(&value, "done"), value) {
            (Some(done), value) => Ok(Self::OfPool(value, done)),
            (None, LuaValue::UserData(userdata)) if userdata.is::<Future>() => Ok(Self::Call(userdata)),
            (None, other) => Err(no_future("dll.wait_any", index, &other).into()),
        }
    }

    /// Whether it has returned or failed. One of a pool that is waited for without end raises an error if it never can.
    fn is_done(&self, lua: &Lua, is_without_end: bool) -> mlua::Result<bool> {
        match self {
            Self::Call(future) => future.borrow::<Future>()?.is_done(lua),
            Self::OfPool(future, done) => stack::with_room_for_lua(|| done.call((future, is_without_end))),
        }
    }
}

/// Sleeps between two looks, after so many of them and so long a time; not longer than is left.
pub(in crate::dll) fn rest(looks: u32, waited: Duration, left: Duration) {
    if looks >= BUSY_LOOKS {
        thread::sleep((waited / 8).min(LONGEST_PAUSE).min(left));
    }
}

fn no_future(doing: &str, index: usize, value: &LuaValue) -> Error {
    let message = format!("{doing}: element {} is no future but {}", index + 1, describe(value));
    Error::new(ErrorKind::Type, message)
}
