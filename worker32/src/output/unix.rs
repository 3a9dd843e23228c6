//! The C library's own streams; a library shares them with this executable.
#![allow(unsafe_code, reason = "C streams are C's")]

use std::ptr;

unsafe extern "C" {
    static stdout: *mut libc::FILE;
}

/// Has every line flushed as it is printed, so that a long call is followed live.
pub(crate) fn flush_lines() {
    // SAFETY: called once at the start, before any library could use or replace the stream; a null buffer asks the C
    // library to allocate one (C11 7.21.5.6).
    unsafe { libc::setvbuf(stdout, ptr::null_mut(), libc::_IOLBF, 0) };
}

/// Flushes what a call left in the buffers.
pub(crate) fn flush() {
    // SAFETY: a null stream means all output streams (C11 7.21.5.2).
    unsafe { libc::fflush(ptr::null_mut()) };
}
