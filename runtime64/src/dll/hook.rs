//! Lua's one hook: what may stop Lua code while it computes. That is the deadline of a call whose callback it is, and, in a
//! state that can be interrupted, an interrupt.

use std::time::Instant;

use mlua::{HookTriggers, Lua, VmState};

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
}

/// Has Lua code stopped by interrupts if that is asked for. Coroutines inherit the hook, so this comes before any script.
pub(super) fn install(lua: &Lua, interrupt: Interrupt, is_interruptible: bool) -> mlua::Result<()> {
    lua.set_app_data(Hook { interrupt, is_interruptible, deadlines: Vec::new() });
    renew(lua)
}

/// Runs Lua code that is to end at a moment: a callback that goes on for ever would keep its caller from learning that the
/// worker was ended.
pub(super) fn within<R>(lua: &Lua, deadline: Option<Instant>, run: impl FnOnce() -> R) -> R {
    let Some(deadline) = deadline else { return run() };
    change_deadlines(lua, |deadlines| deadlines.push(deadline));
    let result = run();
    change_deadlines(lua, |deadlines| {
        deadlines.pop();
    });
    result
}

fn change_deadlines(lua: &Lua, change: impl FnOnce(&mut Vec<Instant>)) {
    if let Some(mut hook) = lua.app_data_mut::<Hook>() {
        change(&mut hook.deadlines);
    }
    // Only memory can be lacking, of which the callback will hear.
    let _ = renew(lua);
}

/// Sets the hook for what is to be looked at now, also in coroutines that are made from here on.
fn renew(lua: &Lua) -> mlua::Result<()> {
    let Some(hook) = lua.app_data_ref::<Hook>() else { return Ok(()) };
    let (interrupt, is_interruptible) = (hook.interrupt.clone(), hook.is_interruptible);
    let earliest = hook.deadlines.iter().min().copied();
    drop(hook);
    if !is_interruptible && earliest.is_none() {
        lua.remove_global_hook();
        return Ok(());
    }
    // Code that catches every error would else be stopped in the same protected function again and again.
    let is_last = move |interrupt: &Interrupt| {
        interrupt.is_final() || earliest.is_some_and(|earliest| Instant::now() >= earliest)
    };
    let was_last = is_last(&interrupt);
    let triggers = HookTriggers::new().every_nth_instruction(if was_last { 1 } else { INSTRUCTIONS });
    lua.set_global_hook(triggers, move |lua, _| {
        if is_last(&interrupt) != was_last {
            renew(lua)?;
        }
        look(&interrupt, earliest)
    })
}

fn look(interrupt: &Interrupt, earliest: Option<Instant>) -> mlua::Result<VmState> {
    if interrupt.is_requested() && interrupt.take() {
        return Err(Error::new(ErrorKind::Interrupted, "interrupted").into());
    }
    match earliest {
        Some(earliest) if Instant::now() >= earliest => {
            Err(Error::new(ErrorKind::Timeout, "a callback took longer than its call was given").into())
        }
        _ => Ok(VmState::Continue),
    }
}
