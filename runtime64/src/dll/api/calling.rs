//! `call`, `check`, `async`, `wait_all`, `batch`: calls made in another way than by naming the function.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use mlua::{Lua, LuaString, MultiValue, Table, UserDataRef, Value as LuaValue};
use protocol::FailureRule;

use super::options::read_each;
use crate::dll::bind::library_of;
use crate::dll::call::{self, Options};
use crate::dll::describe::{describe, wrong_type};
use crate::dll::duration;
use crate::dll::hook;
use crate::dll::library::Function;
use crate::dll::module::Module;
use crate::error::{Error, ErrorKind};

/// How long is waited before the first further try; each later one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// How long is waited at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Puts the functions into the module's table.
pub(super) fn install(lua: &Lua, table: &Table) -> mlua::Result<()> {
    let call = |lua: &Lua, (options, function, arguments): (LuaValue, LuaValue, MultiValue)| {
        call(lua, &Wanted::of(&options)?, &function, &arguments)
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
        other => Err(wrong_type("a function that is given what writes calls down", other).at("dll.batch").into()),
    };
    table.set("batch", lua.create_function(batch)?)
}

/// Waits until one of several calls has returned, and gives its place in the list; nothing, if none has in time.
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
struct Wanted {
    limit: Option<Duration>,
    rule: Option<FailureRule>,
    /// How often a call is made again whose worker was lost.
    retries: u32,
}

impl Wanted {
    fn of(options: &LuaValue) -> mlua::Result<Self> {
        let LuaValue::Table(table) = options else {
            return Err(wrong_type("a table of options, then a function and its arguments,", options)
                .at("dll.call")
                .into());
        };
        let (mut wanted, mut is_idempotent) = (Self::default(), false);
        read_each("dll.call", table, "deadline, on_error, retry and idempotent", |key, given| {
            match key {
                "deadline" => wanted.limit = Some(given.seconds()?),
                "on_error" => wanted.rule = Some(rule_of(given.location(), &given.value)?),
                "retry" => {
                    let retries = given.value.as_integer().and_then(|retries| u32::try_from(retries).ok());
                    wanted.retries = retries.ok_or_else(|| given.wrong("a number of tries"))?;
                }
                "idempotent" => is_idempotent = given.boolean()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if wanted.retries > 0 && !is_idempotent {
            let message = "dll.call: option 'retry' makes a call again that may have had its effect; idempotent = true says that \
                           this does no harm";
            return Err(Error::new(ErrorKind::Type, message).into());
        }
        Ok(wanted)
    }
}

/// Calls a function, and again if its worker is lost and the options allow it. One deadline holds for all tries.
fn call(lua: &Lua, wanted: &Wanted, function: &LuaValue, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    let mut options = Options::new(wanted.limit, wanted.rule);
    let mut pause = FIRST_PAUSE;
    let mut tries = 0;
    loop {
        let error = match call::call_value(lua, function, arguments, &mut options) {
            Ok(results) => return Ok(results),
            Err(error) => error,
        };
        let kind = error.downcast_ref::<Error>().map(|error| error.kind);
        let is_lost = matches!(kind, Some(ErrorKind::Crash | ErrorKind::WorkerLost));
        if !is_lost || tries == wanted.retries || !options.go_on_after(pause) {
            return Err(error);
        }
        tries += 1;
        if pause_is_interrupted(lua, jittered(pause))? {
            let message = format!("dll.call: interrupted before the next try; the last one failed: {error}");
            return Err(Error::new(ErrorKind::Interrupted, message).into());
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits, unless that is called off. Tells whether it was.
fn pause_is_interrupted(lua: &Lua, length: Duration) -> Result<bool, Error> {
    let Some(module) = Module::of_state(lua) else { return Ok(false) };
    let interrupt = &module.shared().settings.interrupt;
    Ok(interrupt.pause(hook::at_most(interrupt, length)?))
}

/// Half of a pause to all of it, so that callers that failed together do not try together.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 512;
    pause / 2 + pause / 1024 * random as u32
}

/// Sets which results of functions say that they failed.
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
        other => return Err(wrong_type("a function's name, or a list of names,", other).at("dll.check").into()),
    };
    for name in names {
        let mut function = function_named(functions, &name)?;
        if !function.is_found() {
            // The library keeps it once it was found.
            function.find()?;
            function = function_named(functions, &name)?;
        }
        function.set_failure_rule(rule);
    }
    Ok(())
}

/// The function that a name of a library stands for.
fn function_named(library: &Table, name: &LuaString) -> mlua::Result<UserDataRef<Function>> {
    let value: LuaValue = library.get(name)?;
    let function = value.as_userdata().and_then(|userdata| userdata.borrow::<Function>().ok());
    function.ok_or_else(|| {
        let message = format!("dll.check: '{}' is no function but {}", name.to_string_lossy(), describe(&value));
        Error::new(ErrorKind::Type, message).into()
    })
}

/// The rule of a word.
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
