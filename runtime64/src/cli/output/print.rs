//! `print` as in Lua, except that a failed write raises an error, or ends the program if the reader is gone.
//!
//! A C function wraps Lua's own, as scripts print a great deal: checking the stream costs next to nothing.
#![allow(unsafe_code, reason = "Lua's C API takes a raw state")]

use std::ffi::c_int;
use std::io;

use mlua::{Function, Lua, ffi};

use super::stdout;

/// The upvalues of the function.
const PRINT: c_int = 1;
const FAILED: c_int = 2;

/// Creates the function. It calls `failed` with the system's error number, which raises an error or ends the program.
pub(super) fn checked(lua: &Lua, print: Function, failed: Function) -> mlua::Result<Function> {
    // SAFETY: the two arguments are on the stack, from which the closure takes them; the closure is then the one
    // result.
    unsafe { lua.exec_raw((print, failed), |state| ffi::lua_pushcclosure(state, call, 2)) }
}

/// # Safety
/// Only Lua may call it, with its own state and the two upvalues.
unsafe extern "C-unwind" fn call(state: *mut ffi::lua_State) -> c_int {
    // A failure of an earlier write must not count as one of this write.
    stdout::has_failed();
    // SAFETY: Lua gives a C function room for 20 values beyond its arguments; two are pushed, and each call consumes
    // its pushed values. An error of a call unwinds through this frame, which holds nothing to drop.
    unsafe {
        let count = ffi::lua_gettop(state);
        ffi::lua_pushvalue(state, ffi::lua_upvalueindex(PRINT));
        ffi::lua_insert(state, 1);
        ffi::lua_call(state, count, 0);
        let code = io::Error::last_os_error().raw_os_error().unwrap_or(0);
        if stdout::has_failed() {
            ffi::lua_pushvalue(state, ffi::lua_upvalueindex(FAILED));
            ffi::lua_pushinteger(state, code.into());
            ffi::lua_call(state, 1, 0);
        }
    }
    0
}
