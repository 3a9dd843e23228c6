//! Signals that would end this process instead of causing an error.
//!
//! Unlike an ignored signal, a handler is not inherited through exec: a worker, like any other program that this
//! process starts, has the signal setting that this process was started with.

use std::mem;
use std::ptr;

extern "C" fn do_nothing(_: libc::c_int) {}

/// Makes a write beyond the file size limit (`ulimit -f`) fail with EFBIG, where it would end the process (SIGXFSZ).
/// The shared memory, dumps, and files written by scripts are subject to that limit. If the process already handles the
/// signal, its setting is kept.
pub fn outlive_file_size_limit() {
    if is_default(libc::SIGXFSZ) {
        set(libc::SIGXFSZ, do_nothing as *const () as libc::sighandler_t);
    }
}

/// Makes Ctrl-C end this process at once, in the system's default way.
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
    // SAFETY: the action is complete: zeros are an empty mask, and the handler is the default one or does nothing,
    // which is safe at any time. SA_RESTART prevents failures of interrupted calls.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}
