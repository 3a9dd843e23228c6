//! The C library's own streams; libraries share them with this executable.
#![allow(unsafe_code, reason = "C streams are C's")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

unsafe extern "C" {
    static stdout: *mut libc::FILE;
    fn __fpending(stream: *mut libc::FILE) -> usize;
    fn ftrylockfile(stream: *mut libc::FILE) -> c_int;
    fn fflush_unlocked(stream: *mut libc::FILE) -> c_int;
    fn funlockfile(stream: *mut libc::FILE);
}

/// Standard output and error.
const OUTPUTS: [c_int; 2] = [1, 2];

/// Makes the C library flush every line as it is printed, so that the output of a long call is visible live.
pub(crate) fn prepare() {
    end_when_unread();
    // SAFETY: called once at the start, before any library could use or replace the stream; a null buffer makes the C
    // library allocate one (C11 7.21.5.6).
    unsafe { libc::setvbuf(stdout, ptr::null_mut(), libc::_IOLBF, 0) };
}

/// Makes SIGPIPE end this process if the output it shares with its host is no longer read, as for any program that
/// prints; the host then ends likewise. Any other write to a closed pipe or socket is an error of that write, which
/// Rust's startup code already ensures; because a handler is installed instead, programs started by a library have
/// the default action.
fn end_when_unread() {
    // SAFETY: `sigaction` is zeroed, which is a valid value of it, and then filled; the handler has the type of a
    // handler without SA_SIGINFO and makes async-signal-safe calls only.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = on_pipe as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        // It cannot fail for a signal that may be handled.
        libc::sigaction(libc::SIGPIPE, &raw const action, ptr::null_mut());
    }
}

extern "C" fn on_pipe(_: c_int) {
    const CLOSED: libc::c_short = libc::POLLERR | libc::POLLHUP;
    // SAFETY: `poll` gets one valid entry, `errno` is this thread's, and it is restored for the interrupted write.
    // The raised signal is blocked until this handler returns.
    unsafe {
        let errno = *libc::__errno_location();
        let is_unread = |&descriptor: &c_int| {
            let mut asked = libc::pollfd { fd: descriptor, events: libc::POLLOUT, revents: 0 };
            libc::poll(&raw mut asked, 1, 0) > 0 && asked.revents & CLOSED != 0
        };
        if OUTPUTS.iter().any(is_unread) {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            libc::raise(libc::SIGPIPE);
        }
        *libc::__errno_location() = errno;
    }
}

/// A library brings no other runtime here.
pub(crate) fn prepare_new_runtime() {}

/// Flushes the part of a line that a call left in the buffer. A stream in use by another thread of the library is
/// left to that thread: waiting for it could last forever.
pub(crate) fn flush() {
    // SAFETY: the stream is the C library's own, open for the life of the process; it is used unlocked only while
    // this thread holds its lock.
    unsafe {
        // The buffer is nearly always empty; checking is cheaper than locking.
        if __fpending(stdout) > 0 && ftrylockfile(stdout) == 0 {
            fflush_unlocked(stdout);
            funlockfile(stdout);
        }
    }
}
