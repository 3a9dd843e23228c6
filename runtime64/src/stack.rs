//! What is left of the stack of the thread that runs Lua. A program that the runtime is part of chooses how much its threads have.

/// What the runtime needs at least to run code: Lua's own state, a call of a library, and an error that is reported.
pub(crate) const ENTRY_BYTES: usize = if cfg!(debug_assertions) { 48 << 10 } else { 24 << 10 };

/// What a callback may need until its own calls of libraries look again: the Lua function, and the conversion of arguments and
/// results on both ways. A level of callbacks takes a third of it.
pub(crate) const CALLBACK_BYTES: usize = if cfg!(debug_assertions) { 64 << 10 } else { 32 << 10 };

/// Runs code of Rust alone that recurses as deep as its input is nested, on a stack of its own if this thread has too little left.
pub(crate) fn with_room<R>(run: impl FnOnce() -> R) -> R {
    /// What the parser of declarations needs for the deepest text that it takes, where the compiler does not optimise.
    const ROOM: usize = 1 << 20;
    stacker::maybe_grow(ROOM, 2 * ROOM, run)
}

/// Whether so many bytes are left on this thread. Where the system does not tell, they are.
#[inline]
pub(crate) fn has_left(bytes: usize) -> bool {
    stacker::remaining_stack().is_none_or(|left| left >= bytes)
}

/// What is wrong with a thread on which too little is left, and what to do.
pub(crate) fn shortage() -> String {
    let left = stacker::remaining_stack().unwrap_or_default() >> 10;
    format!(
        "{left} KiB of this thread's stack are left, which is too little; run it on a thread with more \
         (std::thread::Builder::stack_size)"
    )
}
