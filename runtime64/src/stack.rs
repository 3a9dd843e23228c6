//! Stack space for the threads that run Lua, whose stack size the embedding program chooses.
//!
//! Lua and this crate nest at most 200 calls into each other, by Lua's count. Each part with a count of its own ensures
//! the stack that this takes: if the thread has less left, the part runs on a separate stack. A Lua error never crosses
//! from one stack to another, as each part is called in protected mode.

/// The stack that Lua code may need before it calls something that checks again: 200 nested calls of Lua's own
/// functions take up to 430 KiB (`string.gsub`, x86-64).
const LUA_ROOM: usize = 640 << 10;

/// The stack that the parser of declarations may need for the deepest text that it accepts, in an unoptimised build.
const PARSER_ROOM: usize = 1 << 20;

/// The size of a separate stack.
const STACK_BYTES: usize = 2 << 20;

/// Calls a function that runs Lua code in protected mode, with enough stack for it.
#[inline]
pub(crate) fn with_room_for_lua<R>(run: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(LUA_ROOM, STACK_BYTES, run)
}

/// Calls the parser of declarations, with enough stack for it.
pub(crate) fn with_room_for_parser<R>(run: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(PARSER_ROOM, STACK_BYTES, run)
}
