//! How long something is waited for: in seconds as scripts say it, in milliseconds as workers are told.

use std::time::Duration;

use mlua::Value as LuaValue;

use super::describe::wrong_type;
use crate::error::Error;

/// The longest time that is waited at once, in seconds: what workers are told fits 32 bits.
const LONGEST: f64 = u32::MAX as f64 / 1000.0;

/// A time that a script gives in seconds. `doing` is what it is given for.
pub(super) fn of_seconds(doing: &str, value: &LuaValue) -> Result<Duration, Error> {
    let seconds = value.as_number().or_else(|| value.as_integer().map(|seconds| seconds as f64));
    match seconds.filter(|seconds| *seconds >= 0.0) {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds.min(LONGEST))),
        None => Err(wrong_type("a number of seconds", value).at(doing)),
    }
}

/// A time in the milliseconds that a worker is told.
pub(super) fn milliseconds(limit: Duration) -> u32 {
    limit.as_millis().min(u32::MAX.into()) as u32
}
