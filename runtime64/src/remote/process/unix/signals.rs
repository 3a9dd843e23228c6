//! Signals that would end this process where an error does.
//!
//! A handler, unlike a signal that is ignored, is not inherited through exec: a worker, and whatever else this process starts,
//! finds what this process was started with.

use std::mem;
use std::ptr;

extern "C" fn do_nothing(_: libc::c_int) {}

/// Has a write beyond the limit on the size of files (`ulimit -f`) fail with EFBIG, where it would end the process (SIGXFSZ). The
/// shared memory, dumps, and what scripts write are subject to that limit. A process that has its own way with the signal keeps
/// it.
pub fn outlive_file_size_limit() {
    if is_default(libc::SIGXFSZ) {
        set(libc::SIGXFSZ, do_nothing as *const () as libc::sighandler_t);
    }
}

/// Has Ctrl-C end this process at once, in the system's way.
pub fn end_at_interrupt() {
    set(libc::SIGINT, libc::SIG_DFL);
}

fn is_default(signal: libc::c_int) -> bool {
    // SAFETY: zeros are a valid action; the call writes the current one to it and changes nothing.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        libc::sigaction(signal, ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_DFL
    }
}

fn set(signal: libc::c_int, handler: libc::sighandler_t) {
    // SAFETY: the action is whole: zeros are an empty mask, and the handler is the default one or does nothing, which is safe
    // at any moment. SA_RESTART keeps calls that a signal interrupts from failing.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}
