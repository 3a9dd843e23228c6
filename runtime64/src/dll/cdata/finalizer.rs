//! What is to be done when C data is of no use any more: `dll.gc`, and `__gc` of a metatype.
//!
//! mlua keeps `__gc` of its userdata to itself. So C data with a finalizer has a *guard* as its user value: a table with a
//! `__gc` of its own, which dies with the last userdata that has it. Parts of an object and pointers to it have its guard
//! too. The guard holds a copy of the C data, which it hands to the finalizer. `metamethods.lua` makes and runs guards.

use mlua::{AnyUserData, Lua, Table, Value as LuaValue};

use super::{Cdata, metamethods};
use crate::dll::call;

/// Sets what is called with the C data when it is of no use any more; nil takes that back.
pub(in crate::dll) fn set(lua: &Lua, userdata: &AnyUserData, finalizer: LuaValue) -> mlua::Result<()> {
    let earlier = guard_of(userdata)?;
    let copy = Cdata { is_guarded: false, ..userdata.borrow::<Cdata>()?.clone() };
    // One that was inherited stays; one of its own is changed.
    if let Some(guard) = &earlier
        && is_own(guard, &copy)?
    {
        return guard.raw_set("finalizer", finalizer);
    }
    if finalizer.is_nil() {
        return Ok(());
    }
    let copy = lua.create_userdata(copy)?;
    let guard: Table = metamethods::function(lua, "make_guard")?.call((copy, finalizer, earlier))?;
    userdata.set_user_value(guard)?;
    userdata.borrow_mut::<Cdata>()?.is_guarded = true;
    Ok(())
}

/// The guard of C data, if it has one.
pub(super) fn guard_of(userdata: &AnyUserData) -> mlua::Result<Option<Table>> {
    match userdata.borrow::<Cdata>()?.is_guarded {
        true => userdata.user_value(),
        false => Ok(None),
    }
}

/// Whether a guard is that of this C data, not of what it is a part of.
fn is_own(guard: &Table, cdata: &Cdata) -> mlua::Result<bool> {
    let copy: AnyUserData = guard.raw_get("copy")?;
    let copy = copy.borrow::<Cdata>()?;
    Ok(copy.kind == cdata.kind && copy.place == cdata.place && copy.ctype.ty == cdata.ctype.ty)
}

/// A userdata for a part of other C data, or for a pointer to it: it keeps the guard too.
pub(super) fn derive(lua: &Lua, from: &AnyUserData, cdata: Cdata) -> mlua::Result<LuaValue> {
    let derived = cdata.into_lua(lua)?;
    match from.borrow::<Cdata>().is_ok_and(|from| from.is_guarded) {
        true => inherit(from, derived),
        false => Ok(derived),
    }
}

/// Gives a new userdata the guard of what it is a part of.
#[cold]
pub(super) fn inherit(from: &AnyUserData, part: LuaValue) -> mlua::Result<LuaValue> {
    if let LuaValue::UserData(part) = &part
        && let Ok(mut cdata) = part.borrow_mut::<Cdata>()
    {
        cdata.is_guarded = true;
        part.set_user_value(from.user_value::<LuaValue>()?)?;
    }
    Ok(part)
}

/// Whether a finalizer has nothing left to do: what a dead worker held needs no function of its library to be freed.
pub(super) fn is_obsolete(_: &Lua, (finalizer, copy): (LuaValue, AnyUserData)) -> mlua::Result<bool> {
    Ok(call::is_function(&finalizer) && !copy.borrow::<Cdata>()?.place.is_alive())
}

/// Runs all finalizers that are left: the state is about to end, and with it the workers.
pub(in crate::dll) fn run_all(lua: &Lua) {
    let ran = metamethods::function(lua, "run_all").and_then(|run_all| run_all.call::<()>(()));
    debug_assert!(ran.is_ok(), "errors of finalizers are warnings: {ran:?}");
}
