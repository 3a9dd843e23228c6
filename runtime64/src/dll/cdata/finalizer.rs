//! Finalizers of C data: `dll.gc`, and `__gc` of a metatype.
//!
//! mlua reserves `__gc` of its userdata. So C data with a finalizer has a *guard* as its user value: a table with its
//! own `__gc`, which is collected with the last userdata that has it. Parts of an object and pointers to it share its
//! guard. The guard contains a copy of the C data, which it passes to the finalizer. `metamethods.lua` creates and runs
//! guards.

use std::sync::atomic::{AtomicU8, Ordering};

use mlua::{AnyUserData, Lua, Table, Value as LuaValue};

use super::{Cdata, metamethods};
use crate::dll::library;
use crate::error::Error;

/// Whether a userdata has a guard. It is set while the C data is borrowed; a copy of the C data has none.
#[derive(Debug, Default)]
pub(super) struct Guard(AtomicU8);

const INHERITED: u8 = 1;
const OWN: u8 = 2;

impl Guard {
    /// Whether there is a guard, its own or an inherited one.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    fn is_own(&self) -> bool {
        self.0.load(Ordering::Relaxed) == OWN
    }

    fn set(&self, state: u8) {
        self.0.store(state, Ordering::Relaxed);
    }
}

impl Clone for Guard {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Sets the finalizer of C data; nil removes it.
pub(in crate::dll) fn set(lua: &Lua, userdata: &AnyUserData, finalizer: LuaValue) -> mlua::Result<()> {
    // An inherited guard stays; its own is changed.
    if let Some(guard) = own_guard_of(userdata)? {
        return guard.raw_set("finalizer", finalizer);
    }
    if finalizer.is_nil() {
        return Ok(());
    }
    let (copy, is_part) = {
        let cdata = userdata.borrow::<Cdata>()?;
        (cdata.clone(), cdata.guard.is_there())
    };
    let earlier: Option<Table> = if is_part { userdata.user_value()? } else { None };
    let copy = lua.create_userdata(copy)?;
    let guard: Table = metamethods::function(lua, "make_guard")?.call((copy, finalizer, earlier))?;
    userdata.set_user_value(guard)?;
    userdata.borrow::<Cdata>()?.guard.set(OWN);
    Ok(())
}

/// The guard of the C data itself, not an inherited one.
pub(super) fn own_guard_of(userdata: &AnyUserData) -> mlua::Result<Option<Table>> {
    match userdata.borrow::<Cdata>()?.guard.is_own() {
        true => userdata.user_value(),
        false => Ok(None),
    }
}

/// A userdata for a part of other C data, or for a pointer to it, which inherits the guard.
pub(super) fn derive(lua: &Lua, from: &AnyUserData, cdata: Cdata) -> mlua::Result<LuaValue> {
    let derived = cdata.into_lua(lua)?;
    match from.borrow::<Cdata>().is_ok_and(|from| from.guard.is_there()) {
        true => inherit(from, derived),
        false => Ok(derived),
    }
}

/// Passes the guard on to the userdata of a part.
#[cold]
pub(super) fn inherit(from: &AnyUserData, part: LuaValue) -> mlua::Result<LuaValue> {
    if let LuaValue::UserData(part) = &part
        && let Ok(cdata) = part.borrow::<Cdata>()
    {
        cdata.guard.set(INHERITED);
        part.set_user_value(from.user_value::<LuaValue>()?)?;
    }
    Ok(part)
}

/// Whether a finalizer need not run: objects of a dead worker need not be freed by a function of its library.
pub(super) fn is_obsolete(_: &Lua, (finalizer, copy): (LuaValue, AnyUserData)) -> mlua::Result<bool> {
    let is_of_library = library::is_function(&finalizer) || super::is_function_pointer(&finalizer);
    Ok(is_of_library && !copy.borrow::<Cdata>()?.location.is_alive())
}

/// The warning for an error in a finalizer that the collector ran, where it cannot be caught; `None` for the end of a
/// worker, which the next call reports.
pub(super) fn warning_of(_: &Lua, failure: LuaValue) -> mlua::Result<Option<String>> {
    if let LuaValue::Error(error) = &failure
        && let Some(error) = error.downcast_ref::<Error>()
    {
        error.reached_nobody();
        if error.is_end() {
            return Ok(None);
        }
    }
    failure.to_string().map(Some)
}

/// Runs all remaining finalizers, before the workers are stopped.
pub(in crate::dll) fn run_all(lua: &Lua) {
    let ran = metamethods::function(lua, "run_all").and_then(|run_all| run_all.call::<()>(()));
    debug_assert!(ran.is_ok(), "errors of finalizers are warnings: {ran:?}");
}

/// Runs all remaining finalizers before the state closes; none runs afterwards.
pub(in crate::dll) fn finish(lua: &Lua) {
    let finished = metamethods::function(lua, "finish").and_then(|finish| finish.call::<()>(()));
    debug_assert!(finished.is_ok(), "errors of finalizers are warnings: {finished:?}");
}
