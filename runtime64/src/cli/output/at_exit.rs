//! The check of C's standard output at the end of the process, whichever way it ends: what Lua has left in the buffer is
//! written only then, and C's `exit` ignores that this fails.
#![allow(unsafe_code, reason = "C streams and exit handlers are C's")]

use std::ffi::c_int;
use std::io;
use std::sync::atomic::Ordering;

use super::{HAS_FAILED, IS_UNREAD, UNREAD};

unsafe extern "C" {
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

/// Has the check made when the process ends.
pub(super) fn check() {
    // SAFETY: the handler stays in this program for its whole life. Without room for it the check is left out.
    unsafe { libc::atexit(at_exit) };
}

extern "C" fn at_exit() {
    let flushed = flush();
    if IS_UNREAD.load(Ordering::Relaxed) || flushed.as_ref().is_err_and(super::says_unread) {
        #[cfg(unix)]
        super::pipe::raise();
        end(UNREAD.into());
    }
    if let Err(error) = &flushed {
        super::report_failure(error);
    }
    if flushed.is_err() || HAS_FAILED.load(Ordering::Relaxed) {
        end(FAILURE);
    }
}

/// Ends the process. `exit`, which runs this handler, cannot be called again, so what it does after that is done here.
fn end(code: c_int) -> ! {
    // SAFETY: a null pointer stands for all streams; the other call takes a number, and nothing runs after it.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        _exit(code)
    }
}

/// Writes what is left in C's standard output.
fn flush() -> io::Result<()> {
    // SAFETY: the stream is the C library's own, and open for the life of the process.
    unsafe {
        #[cfg(unix)]
        let stream = stdout;
        #[cfg(windows)]
        let stream = __acrt_iob_func(1);
        let had_failed = libc::ferror(stream) != 0;
        if libc::fflush(stream) != 0 {
            return Err(io::Error::last_os_error());
        }
        if had_failed {
            return Err(io::Error::other("an earlier write failed"));
        }
    }
    Ok(())
}
