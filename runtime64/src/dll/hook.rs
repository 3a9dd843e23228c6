//! Lua's one hook: what may stop Lua code while it computes. That is the deadline of a call whose callback it is, and, in a
//! state that can be interrupted, an interrupt. `hook.lua` shares it with hooks that scripts set by `debug.sethook`.

use std::time::{Duration, Instant};

use mlua::chunk::ChunkMode;
use mlua::{Function, HookTriggers, Lua, VmState};

use crate::error::{Error, ErrorKind};
use crate::remote::Interrupt;

/// How many instructions of Lua run between two looks.
const INSTRUCTIONS: u32 = 10_000;

/// What is looked at.
struct Hook {
    interrupt: Interrupt,
    /// Whether interrupts are looked at also while there is no deadline.
    is_interruptible: bool,
    /// The moments at which the callbacks that run now are to end, the outermost first.
    deadlines: Vec<Instant>,
    /// Says whether anything is looked at to the Lua part.
    set_watched: Function,
    /// Removes a script's hook from the running thread.
    remove: Function,
}

impl Hook {
    fn is_watched(&self) -> bool {
        self.is_interruptible || self.interrupt.deadline().is_some()
    }
}

/// Has Lua code stopped by interrupts if that is asked for. Coroutines inherit the hook, so this comes before any script.
pub(super) fn install(lua: &Lua, interrupt: Interrupt, is_interruptible: bool) -> mlua::Result<()> {
    let looked_at = interrupt.clone();
    let look = lua.create_function(move |_, ()| look(&looked_at).map(drop))?;
    let looked_at = interrupt.clone();
    let is_stopping = lua.create_function(move |_, ()| Ok(is_last(&looked_at)))?;
    let chunk = lua.load(include_str!("hook.lua")).set_name("=[runtime64]").set_mode(ChunkMode::Text);
    let (set_watched, remove): (Function, Function) = chunk.call((look, is_stopping, INSTRUCTIONS))?;
    lua.set_app_data(Hook { interrupt, is_interruptible, deadlines: Vec::new(), set_watched, remove });
    renew(lua)
}

/// Runs Lua code that is to end at a moment: a callback that goes on for ever would keep its caller from learning that the
/// worker was ended. Calls of libraries that the code makes are to end then too.
pub(super) fn within<R>(lua: &Lua, deadline: Option<Instant>, run: impl FnOnce() -> R) -> R {
    let Some(deadline) = deadline else { return run() };
    change_deadlines(lua, |deadlines| deadlines.push(deadline));
    let result = run();
    change_deadlines(lua, |deadlines| {
        deadlines.pop();
    });
    result
}

/// The state ends: hooks of scripts are removed from the thread that runs its finalizers, as Lua runs none in a finalizer.
pub(super) fn end(lua: &Lua) -> mlua::Result<()> {
    let Some(remove) = lua.app_data_ref::<Hook>().map(|hook| hook.remove.clone()) else { return Ok(()) };
    // A hook for calls would run at the next one, and may raise.
    lua.remove_hook();
    remove.call(())
}

/// How much of the time is left that what runs now has: nothing, if it has no limit.
///
/// # Errors
/// It is over.
#[inline]
pub(super) fn time_left(interrupt: &Interrupt) -> Result<Option<Duration>, Error> {
    match interrupt.deadline() {
        None => Ok(None),
        Some(deadline) => match deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(too_late()),
            left => Ok(Some(left)),
        },
    }
}

/// A time that is no longer than what runs now has.
///
/// # Errors
/// That time is over.
pub(super) fn at_most(interrupt: &Interrupt, limit: Duration) -> Result<Duration, Error> {
    Ok(time_left(interrupt)?.map_or(limit, |left| left.min(limit)))
}

/// The same where there may be no limit but that.
///
/// # Errors
/// That time is over.
#[inline]
pub(super) fn limited(interrupt: &Interrupt, limit: Option<Duration>) -> Result<Option<Duration>, Error> {
    match limit {
        None => time_left(interrupt),
        Some(limit) => at_most(interrupt, limit).map(Some),
    }
}

#[cold]
fn too_late() -> Error {
    Error::new(ErrorKind::Timeout, "a callback took longer than its call was given")
}

fn change_deadlines(lua: &Lua, change: impl FnOnce(&mut Vec<Instant>)) {
    if let Some(mut hook) = lua.app_data_mut::<Hook>() {
        change(&mut hook.deadlines);
        hook.interrupt.set_deadline(hook.deadlines.iter().min().copied());
    }
    // Only memory can be lacking, of which the callback will hear.
    let _ = renew(lua);
}

/// Sets the hook for what is to be looked at now, also in coroutines that are made from here on.
fn renew(lua: &Lua) -> mlua::Result<()> {
    let Some(hook) = lua.app_data_ref::<Hook>() else { return Ok(()) };
    let (interrupt, set_watched) = (hook.interrupt.clone(), hook.set_watched.clone());
    let is_watched = hook.is_watched();
    drop(hook);
    if is_watched {
        // Code that catches every error would else be stopped in the same protected function again and again.
        let was_last = is_last(&interrupt);
        let triggers = HookTriggers::new().every_nth_instruction(if was_last { 1 } else { INSTRUCTIONS });
        lua.set_global_hook(triggers, move |lua, _| {
            let looked = look(&interrupt);
            // The deadline may have passed since the hook was set, also during that look.
            if is_last(&interrupt) != was_last {
                renew(lua)?;
            }
            looked
        })?;
    } else {
        lua.remove_global_hook();
    }
    set_watched.call(is_watched)
}

/// Whether code is to be stopped wherever it goes on.
fn is_last(interrupt: &Interrupt) -> bool {
    interrupt.is_final() || interrupt.deadline().is_some_and(|deadline| Instant::now() >= deadline)
}

fn look(interrupt: &Interrupt) -> mlua::Result<VmState> {
    if interrupt.is_requested() && interrupt.take() {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted").into());
    }
    time_left(interrupt)?;
    Ok(VmState::Continue)
}
