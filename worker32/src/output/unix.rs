//! The C library's own streams; a library shares them with this executable.
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

/// Has every line flushed as it is printed, so that a long call is followed live.
pub(crate) fn prepare() {
    end_when_unread();
    // SAFETY: called once at the start, before any library could use or replace the stream; a null buffer asks the C
    // library to allocate one (C11 7.21.5.6).
    unsafe { libc::setvbuf(stdout, ptr::null_mut(), libc::_IOLBF, 0) };
}

/// Has SIGPIPE end this process if the output that it shares with its host is what nobody reads, as it ends any program that
/// prints; the host then ends likewise. Any other write to a closed pipe or socket is an error of that write, which Rust's
/// start has already seen to; as a handler is in its place, programs that a library starts have the default action.
fn end_when_unread() {
    // SAFETY: `sigaction` is zeroed, which is a valid value of it, and then filled; the handler has the type of a handler
    // without SA_SIGINFO and makes async-signal-safe calls only.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = on_pipe as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        // It fails for no signal that may be handled.
        libc::sigaction(libc::SIGPIPE, &raw const action, ptr::null_mut());
    }
}

extern "C" fn on_pipe(_: c_int) {
    const CLOSED: libc::c_short = libc::POLLERR | libc::POLLHUP;
    // SAFETY: `poll` is given one valid entry, `errno` is this thread's, and it is restored for the write that was
    // interrupted. The signal that is raised is blocked until this handler returns.
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
