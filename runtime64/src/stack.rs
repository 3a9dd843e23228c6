//! Room on the stack of the thread that runs Lua, of which a program that the runtime is part of chooses how much there is.
//!
//! Lua and this crate call each other 200 levels deep at most, as Lua counts. What that takes is there before each part that
//! counts for itself: where less is left on the thread, the part runs on a stack of its own. An error of Lua never crosses from one
//! to the other, as each part is called in protected mode.

/// What Lua code may need until it calls something that looks again: 200 functions of Lua's own that call each other take up to
/// 430 KiB (`string.gsub`, x86-64).
const LUA_ROOM: usize = 640 << 10;

/// What the parser of declarations may need for the deepest text that it takes, where the compiler does not optimise.
const PARSER_ROOM: usize = 1 << 20;

/// How large a stack of its own is.
const STACK_BYTES: usize = 2 << 20;

/// Runs what runs Lua code in protected mode, with enough room for that.
#[inline]
pub(crate) fn with_room_for_lua<R>(run: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(LUA_ROOM, STACK_BYTES, run)
}

/// Runs the parser of declarations, with enough room for that.
pub(crate) fn with_room_for_parser<R>(run: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(PARSER_ROOM, STACK_BYTES, run)
}
