//! Linux.
#![allow(unsafe_code, reason = "errno, _exit and fork handlers are C's")]

use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use protocol::link::Endpoint;

use crate::invoke::ErrorNumbers;

/// The descriptors of the channel, for the handler that runs in forks.
static CHANNEL: [AtomicI32; 2] = [const { AtomicI32::new(-1) }; 2];

static FORKED: AtomicBool = AtomicBool::new(false);

/// Keeps the channel to this process alone: a process that a library forks closes it, or the host would not see this
/// one end, and might hear a child's report as this one's.
pub(crate) fn keep_from_forks(endpoint: &Endpoint) {
    CHANNEL[0].store(endpoint.receiver.as_fd().as_raw_fd(), Ordering::Relaxed);
    CHANNEL[1].store(endpoint.sender.as_fd().as_raw_fd(), Ordering::Relaxed);
    // SAFETY: the handler does only what is safe after a fork of a program with threads (fork(2)): it stores and closes.
    unsafe { libc::pthread_atfork(None, None, Some(leave_channel)) };
}

unsafe extern "C" fn leave_channel() {
    FORKED.store(true, Ordering::Relaxed);
    for descriptor in &CHANNEL {
        // SAFETY: the descriptors are the fork's own copies; nothing of it uses them any more, as `is_fork` tells.
        unsafe { libc::close(descriptor.load(Ordering::Relaxed)) };
    }
}

/// Whether this is a process that a library forked: it has no host and nothing to serve.
pub(crate) fn is_fork() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Ends the process without running destructors: a library may hold any lock at this moment.
pub(crate) fn end_now() -> ! {
    // SAFETY: `_exit` takes any status and has no other precondition.
    unsafe { libc::_exit(0) }
}

/// The main thread does not end alone here.
pub(crate) fn end_with_this_thread() {}

/// Nothing here asks the user anything.
pub(crate) fn suppress_dialogs() {}

/// Puts the thread's error numbers in place before a call.
pub(crate) fn set_error_numbers(numbers: ErrorNumbers) {
    // SAFETY: `__errno_location` gives the calling thread's own `errno`, valid for the thread's life.
    unsafe { *libc::__errno_location() = numbers.errno }
}

/// Takes the thread's error numbers right after a call.
pub(crate) fn error_numbers() -> ErrorNumbers {
    // SAFETY: as above.
    ErrorNumbers { errno: unsafe { *libc::__errno_location() }, last_error: 0 }
}

/// There is no last error here; `errno` has its own texts.
pub(crate) fn last_error_text(_: u32) -> Option<String> {
    None
}
