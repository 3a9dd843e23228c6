//! The C library's own streams; a library shares them with this executable.
#![allow(unsafe_code, reason = "C streams are C's")]

use std::ffi::c_int;
use std::ptr;

unsafe extern "C" {
    static stdout: *mut libc::FILE;
    fn __fpending(stream: *mut libc::FILE) -> usize;
    fn ftrylockfile(stream: *mut libc::FILE) -> c_int;
    fn fflush_unlocked(stream: *mut libc::FILE) -> c_int;
    fn funlockfile(stream: *mut libc::FILE);
}

/// Has every line flushed as it is printed, so that a long call is followed live.
pub(crate) fn prepare() {
    // SAFETY: called once at the start, before any library could use or replace the stream; a null buffer asks the C
    // library to allocate one (C11 7.21.5.6).
    unsafe { libc::setvbuf(stdout, ptr::null_mut(), libc::_IOLBF, 0) };
}

/// A library brings no other runtime here.
pub(crate) fn prepare_new_runtime() {}

/// Flushes the part of a line that a call left in the buffer. A stream that another thread of the library is using is
/// left to that thread: waiting for it could last for ever.
pub(crate) fn flush() {
    // SAFETY: the stream is the C library's own, open for the life of the process; it is used unlocked only while this
    // thread holds its lock.
    unsafe {
        // Nearly always nothing is left; looking costs less than locking.
        if __fpending(stdout) > 0 && ftrylockfile(stdout) == 0 {
            fflush_unlocked(stdout);
            funlockfile(stdout);
        }
    }
}
