//! Durations: in seconds in scripts, in milliseconds in requests to workers.

use std::time::Duration;

use mlua::Value as LuaValue;

use super::describe::wrong_type;
use crate::error::Error;

/// The longest wait in seconds: the milliseconds in a request have 32 bits.
const MAX_SECONDS: f64 = u32::MAX as f64 / 1000.0;

/// A duration that a script passes in seconds. `doing` names the operation.
pub(super) fn of_seconds(doing: &str, value: &LuaValue) -> Result<Duration, Error> {
    let seconds = value.as_number().or_else(|| value.as_integer().map(|seconds| seconds as f64));
    match seconds.filter(|seconds| *seconds >= 0.0) {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds.min(MAX_SECONDS))),
        None => Err(wrong_type("a number of seconds", value).at(doing)),
    }
}

/// A duration in the milliseconds of a request.
pub(super) fn milliseconds(limit: Duration) -> u32 {
    limit.as_millis().min(u32::MAX.into()) as u32
}
