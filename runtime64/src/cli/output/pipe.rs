//! SIGPIPE, which the kernel raises for a write to a pipe without a reader.
//!
//! If it were ignored, as is Rust's default, such a write would be an error that scripts rarely check, and a script
//! that prints in a loop would never end. With the default action, any write to a dead worker would also end the host.
//! So a handler decides: the process ends if its own output has no reader; otherwise the write is an error.
#![allow(unsafe_code, reason = "signal handlers are a C interface")]

use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Standard output and error.
const OUTPUTS: [i32; 2] = [1, 2];

/// Installs the handler. Programs that this process starts get the default action, as `exec` resets a handler.
pub(super) fn end_when_unread() {
    // SAFETY: `sigaction` is zeroed, which is a valid value, and then filled; the handler has the type of a handler
    // without SA_SIGINFO and makes async-signal-safe calls only.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = on_pipe as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        // It fails for no signal that may be handled.
        libc::sigaction(libc::SIGPIPE, &raw const action, std::ptr::null_mut());
    }
}

extern "C" fn on_pipe(_: libc::c_int) {
    // SAFETY: the location of this thread's `errno` is always valid, and the interrupted write needs its value.
    let errno = unsafe { *libc::__errno_location() };
    if OUTPUTS.into_iter().any(is_unread) {
        raise();
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Whether the reader of standard output is gone.
pub(super) fn has_no_reader() -> bool {
    let [stdout, _] = OUTPUTS;
    is_unread(stdout)
}

/// Whether a descriptor is the end of a pipe or socket whose other end is closed. Only makes one system call.
fn is_unread(descriptor: i32) -> bool {
    // SAFETY: the descriptor is borrowed for one call. Rust's startup code opens all three standard descriptors if
    // necessary, and nothing in this program closes them.
    let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let mut asked = [PollFd::from_borrowed_fd(descriptor, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        match poll(&mut asked, Some(&at_once)) {
            Err(Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => return asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
        }
    }
}

/// Ends this process by SIGPIPE: at once, or as soon as the calling handler returns.
pub(super) fn raise() {
    // SAFETY: both calls take numbers, and are async-signal-safe.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::raise(libc::SIGPIPE);
    }
}
