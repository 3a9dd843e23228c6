//! C's standard output, which Lua writes to, and a check of it at the end of the process, however that happens:
//! buffered output is written only then, and C's `exit` ignores failures of it.
#![allow(unsafe_code, reason = "C streams and exit handlers are a C interface")]

use std::ffi::c_int;
use std::io;
use std::sync::atomic::Ordering;

use super::{HAS_FAILED, IS_REPORTED, IS_UNREAD, UNREAD};

unsafe extern "C" {
    fn clearerr(stream: *mut libc::FILE);
    #[cfg(unix)]
    static stdout: *mut libc::FILE;
    #[cfg(windows)]
    fn __acrt_iob_func(index: std::ffi::c_uint) -> *mut libc::FILE;
    #[cfg(windows)]
    fn _exit(code: c_int) -> !;
}

#[cfg(unix)]
use libc::_exit;

const FAILURE: c_int = 1;

/// Registers the check that runs when the process ends.
pub(super) fn check_at_exit() {
    // SAFETY: the handler stays in this program for its whole life. If there is no room to register it, there is no
    // check.
    unsafe { libc::atexit(at_exit) };
}

/// Whether a write has failed since the last call. A failure also changes the exit code.
pub(super) fn has_failed() -> bool {
    // SAFETY: the stream belongs to the C library, and is open for the life of the process.
    unsafe {
        if libc::ferror(stream()) == 0 {
            return false;
        }
        clearerr(stream());
    }
    HAS_FAILED.store(true, Ordering::Relaxed);
    true
}

/// The C stream of standard output.
fn stream() -> *mut libc::FILE {
    // SAFETY: the C library sets it before `main`, and nothing changes it later.
    #[cfg(unix)]
    return unsafe { stdout };
    // SAFETY: a stream with this number exists.
    #[cfg(windows)]
    return unsafe { __acrt_iob_func(1) };
}

extern "C" fn at_exit() {
    has_failed();
    // SAFETY: as in `has_failed`.
    let flushed = if unsafe { libc::fflush(stream()) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    if IS_UNREAD.load(Ordering::Relaxed) || flushed.as_ref().is_err_and(super::says_unread) {
        #[cfg(unix)]
        super::pipe::raise();
        end(UNREAD.into());
    }
    if let Err(error) = &flushed {
        super::report_failure(error);
        end(FAILURE);
    }
    if HAS_FAILED.load(Ordering::Relaxed) {
        if !IS_REPORTED.load(Ordering::Relaxed) {
            super::report_failure(&io::Error::other("an earlier write failed"));
        }
        end(FAILURE);
    }
}

/// Ends the process. `exit`, which runs this handler, cannot be called again, so its remaining steps are done here.
fn end(code: c_int) -> ! {
    // SAFETY: a null pointer stands for all streams; the other call takes a number, and nothing runs after it.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        _exit(code)
    }
}
