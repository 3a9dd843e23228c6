//! Lua's one hook, which stops running Lua code: at the deadline of the call whose callback it is and, in an
//! interruptible state, on an interrupt. `hook.lua` shares it with the hooks that scripts set with `debug.sethook`.

use std::time::{Duration, Instant};

use mlua::chunk::ChunkMode;
use mlua::{Function, HookTriggers, Lua, VmState};

use crate::error::{Error, ErrorKind};
use crate::remote::Interrupt;

/// The number of Lua instructions between two checks.
const INSTRUCTIONS: u32 = 10_000;

/// The conditions the hook checks.
struct Hook {
    interrupt: Interrupt,
    /// Whether interrupts are checked even without a deadline.
    is_interruptible: bool,
    /// The deadlines of the running callbacks, outermost first.
    deadlines: Vec<Instant>,
    /// Sets whether the Lua part checks anything.
    set_watched: Function,
    /// Removes a script's hook from the running thread.
    remove: Function,
}

impl Hook {
    fn is_watched(&self) -> bool {
        self.is_interruptible || self.interrupt.deadline().is_some()
    }
}

/// Lets interrupts stop Lua code if `is_interruptible`. Must run before any script, as coroutines inherit the hook.
pub(super) fn install(lua: &Lua, interrupt: Interrupt, is_interruptible: bool) -> mlua::Result<()> {
    let checked = interrupt.clone();
    let check = lua.create_function(move |_, ()| check(&checked).map(drop))?;
    let checked = interrupt.clone();
    let is_stopping = lua.create_function(move |_, ()| Ok(is_last(&checked)))?;
    let chunk = lua.load(include_str!("hook.lua")).set_name("=[runtime64]").set_mode(ChunkMode::Text);
    let (set_watched, remove): (Function, Function) = chunk.call((check, is_stopping, INSTRUCTIONS))?;
    lua.set_app_data(Hook { interrupt, is_interruptible, deadlines: Vec::new(), set_watched, remove });
    update(lua)
}

/// Runs Lua code with a deadline: the caller of a callback that never returns would not notice that the worker was
/// terminated. The deadline also applies to library calls that the code makes.
pub(super) fn within<R>(lua: &Lua, deadline: Option<Instant>, run: impl FnOnce() -> R) -> R {
    let Some(deadline) = deadline else { return run() };
    change_deadlines(lua, |deadlines| deadlines.push(deadline));
    let result = run();
    change_deadlines(lua, |deadlines| {
        deadlines.pop();
    });
    result
}

/// Removes the hooks of scripts from the thread that runs the state's last finalizers, as Lua runs no hooks in a
/// finalizer.
pub(super) fn end(lua: &Lua) -> mlua::Result<()> {
    let Some(remove) = lua.app_data_ref::<Hook>().map(|hook| hook.remove.clone()) else { return Ok(()) };
    // A call hook would run at the next call and may raise an error.
    lua.remove_hook();
    remove.call(())
}

/// The time left until the current deadline; `None` without one.
///
/// # Errors
/// The deadline has passed.
#[inline]
pub(super) fn time_left(interrupt: &Interrupt) -> Result<Option<Duration>, Error> {
    match interrupt.deadline() {
        None => Ok(None),
        Some(deadline) => match deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(deadline_exceeded()),
            left => Ok(Some(left)),
        },
    }
}

/// `limit`, but not beyond the current deadline.
///
/// # Errors
/// The deadline has passed.
pub(super) fn at_most(interrupt: &Interrupt, limit: Duration) -> Result<Duration, Error> {
    Ok(time_left(interrupt)?.map_or(limit, |left| left.min(limit)))
}

/// Like [`at_most`], for an optional limit.
///
/// # Errors
/// The deadline has passed.
#[inline]
pub(super) fn limited(interrupt: &Interrupt, limit: Option<Duration>) -> Result<Option<Duration>, Error> {
    match limit {
        None => time_left(interrupt),
        Some(limit) => at_most(interrupt, limit).map(Some),
    }
}

#[cold]
fn deadline_exceeded() -> Error {
    Error::new(ErrorKind::Timeout, "deadline exceeded: the callback took longer than its call's timeout")
}

fn change_deadlines(lua: &Lua, change: impl FnOnce(&mut Vec<Instant>)) {
    if let Some(mut hook) = lua.app_data_mut::<Hook>() {
        change(&mut hook.deadlines);
        hook.interrupt.set_deadline(hook.deadlines.iter().min().copied());
    }
    // This fails only without memory, which the callback will notice.
    let _ = update(lua);
}

/// Installs or removes the hook as the conditions require, also for coroutines created from now on.
fn update(lua: &Lua) -> mlua::Result<()> {
    let Some(hook) = lua.app_data_ref::<Hook>() else { return Ok(()) };
    let (interrupt, set_watched) = (hook.interrupt.clone(), hook.set_watched.clone());
    let is_watched = hook.is_watched();
    drop(hook);
    if is_watched {
        // Otherwise code that catches every error would be stopped in the same protected function again and again.
        let was_last = is_last(&interrupt);
        let triggers = HookTriggers::new().every_nth_instruction(if was_last { 1 } else { INSTRUCTIONS });
        lua.set_global_hook(triggers, move |lua, _| {
            let checked = check(&interrupt);
            // The deadline may have passed since the hook was installed, even during the check.
            if is_last(&interrupt) != was_last {
                update(lua)?;
            }
            checked
        })?;
    } else {
        lua.remove_global_hook();
    }
    set_watched.call(is_watched)
}

/// Whether code is to be stopped on every instruction, so that it cannot go on after catching the error.
fn is_last(interrupt: &Interrupt) -> bool {
    interrupt.is_final() || interrupt.deadline().is_some_and(|deadline| Instant::now() >= deadline)
}

fn check(interrupt: &Interrupt) -> mlua::Result<VmState> {
    if interrupt.is_requested() && interrupt.take() {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted").into());
    }
    time_left(interrupt)?;
    Ok(VmState::Continue)
}
