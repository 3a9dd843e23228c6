//! `call`, `check`, `async`, `wait_all`, `batch`: further ways of calling functions.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use mlua::{Lua, LuaString, MultiValue, Table, UserDataRef, Value as LuaValue};
use protocol::FailureRule;

use super::options::read_each;
use crate::dll::bind::library_of;
use crate::dll::call::{self, CallSettings};
use crate::dll::describe::{describe, wrong_type};
use crate::dll::duration;
use crate::dll::hook;
use crate::dll::library::Function;
use crate::dll::module::Module;
use crate::error::{Error, ErrorKind};

/// The pause before the first retry; it doubles for each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, table: &Table) -> mlua::Result<()> {
    let call = |lua: &Lua, (options, function, arguments): (LuaValue, LuaValue, MultiValue)| {
        call(lua, &CallOptions::of(&options)?, &function, &arguments)
    };
    table.set("call", lua.create_function(call)?)?;
    table.set("check", lua.create_function(check)?)?;
    let start = |lua: &Lua, (function, arguments): (LuaValue, MultiValue)| call::start(lua, function, &arguments);
    table.set("async", lua.create_function(start)?)?;
    let wait_all = |lua: &Lua, futures: LuaValue| match &futures {
        LuaValue::Table(futures) => call::wait_all(lua, futures),
        other => Err(wrong_type("a list of futures", other).at("dll.wait_all").into()),
    };
    table.set("wait_all", lua.create_function(wait_all)?)?;
    table.set("wait_any", lua.create_function(wait_any)?)?;
    let batch = |lua: &Lua, write: LuaValue| match &write {
        LuaValue::Function(write) => call::batch(lua, write),
        other => Err(wrong_type("a function that records calls", other).at("dll.batch").into()),
    };
    table.set("batch", lua.create_function(batch)?)
}

/// Waits until one of several calls has returned, and returns its index; `None` on a timeout.
fn wait_any(lua: &Lua, (futures, limit): (LuaValue, LuaValue)) -> mlua::Result<Option<usize>> {
    let limit = match &limit {
        LuaValue::Nil => None,
        limit => Some(duration::of_seconds("dll.wait_any", limit)?),
    };
    match &futures {
        LuaValue::Table(futures) => call::wait_any(lua, futures, limit),
        other => Err(wrong_type("a list of futures", other).at("dll.wait_any").into()),
    }
}

/// The options of `dll.call`.
#[derive(Default)]
struct CallOptions {
    limit: Option<Duration>,
    rule: Option<FailureRule>,
    /// The number of retries after the worker was lost.
    retries: u32,
}

impl CallOptions {
    fn of(options: &LuaValue) -> mlua::Result<Self> {
        let LuaValue::Table(table) = options else {
            return Err(wrong_type("a table of options, then a function and its arguments", options)
                .at("dll.call")
                .into());
        };
        let (mut parsed, mut is_idempotent) = (Self::default(), false);
        read_each("dll.call", table, "deadline, on_error, retry and idempotent", |key, option| {
            match key {
                "deadline" => parsed.limit = Some(option.seconds()?),
                "on_error" => parsed.rule = Some(rule_of(option.location(), &option.value)?),
                "retry" => {
                    let retries = option.value.as_integer().and_then(|retries| u32::try_from(retries).ok());
                    parsed.retries = retries.ok_or_else(|| option.wrong("a number of tries"))?;
                }
                "idempotent" => is_idempotent = option.boolean()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if parsed.retries > 0 && !is_idempotent {
            let message = "dll.call: option 'retry' repeats a call that may have taken effect; set idempotent = true if \
                           that is harmless";
            return Err(Error::new(ErrorKind::Type, message).into());
        }
        Ok(parsed)
    }
}

/// Calls a function, and retries if its worker is lost and the options allow it. The deadline applies to all attempts
/// together.
fn call(lua: &Lua, parsed: &CallOptions, function: &LuaValue, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    let mut options = CallSettings::new(parsed.limit, parsed.rule);
    let mut pause = FIRST_PAUSE;
    let mut tries = 0;
    loop {
        let error = match call::call_value(lua, function, arguments, &mut options) {
            Ok(results) => return Ok(results),
            Err(error) => error,
        };
        let kind = error.downcast_ref::<Error>().map(|error| error.kind);
        let is_lost = matches!(kind, Some(ErrorKind::Crash | ErrorKind::WorkerLost));
        if !is_lost || tries == parsed.retries || !options.go_on_after(pause) {
            return Err(error);
        }
        tries += 1;
        if pause_is_interrupted(lua, jittered(pause))? {
            let message = format!("dll.call: interrupted before the next attempt; the last one failed: {error}");
            return Err(Error::new(ErrorKind::Interrupted, message).into());
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Pauses, and returns whether the pause was interrupted.
fn pause_is_interrupted(lua: &Lua, length: Duration) -> Result<bool, Error> {
    let Some(module) = Module::of_state(lua) else { return Ok(false) };
    let interrupt = &module.shared().settings.interrupt;
    Ok(interrupt.pause(hook::at_most(interrupt, length)?))
}

/// A random pause from half of it up to all of it, so that callers that failed together do not retry together.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 512;
    pause / 2 + pause / 1024 * random as u32
}

/// Sets the rule for failed results of functions.
fn check(_: &Lua, (library, names, rule): (LuaValue, LuaValue, LuaValue)) -> mlua::Result<()> {
    library_of(&library)?;
    let LuaValue::Table(functions) = &library else { return Ok(()) };
    let rule = match &rule {
        LuaValue::Nil | LuaValue::Boolean(false) => FailureRule::Never,
        rule => rule_of("dll.check: a rule", rule)?,
    };
    let names = match &names {
        LuaValue::String(name) => vec![name.clone()],
        LuaValue::Table(names) => names.sequence_values().collect::<mlua::Result<Vec<LuaString>>>()?,
        other => return Err(wrong_type("a function name or a list of names", other).at("dll.check").into()),
    };
    for name in names {
        let mut function = function_named(functions, &name)?;
        if !function.is_found() {
            // The library caches it once its symbol was found.
            function.find()?;
            function = function_named(functions, &name)?;
        }
        function.set_failure_rule(rule);
    }
    Ok(())
}

/// The function with a name in a library.
fn function_named(library: &Table, name: &LuaString) -> mlua::Result<UserDataRef<Function>> {
    let value: LuaValue = library.get(name)?;
    let function = value.as_userdata().and_then(|userdata| userdata.borrow::<Function>().ok());
    function.ok_or_else(|| {
        let message = format!("dll.check: '{}' is not a function but {}", name.to_string_lossy(), describe(&value));
        Error::new(ErrorKind::Type, message).into()
    })
}

/// The rule for a word.
fn rule_of(doing: &str, value: &LuaValue) -> mlua::Result<FailureRule> {
    match value.as_string().map(LuaString::to_string_lossy).as_deref() {
        Some("nonzero") => Ok(FailureRule::Nonzero),
        Some("zero") => Ok(FailureRule::Zero),
        Some("negative") => Ok(FailureRule::Negative),
        Some("lasterror") => Ok(FailureRule::LastError),
        Some("errno") => Ok(FailureRule::Errno),
        Some("hresult") => Ok(FailureRule::Hresult),
        _ => Err(wrong_type("nonzero, zero, negative, lasterror, errno or hresult", value).at(doing).into()),
    }
}
