//! Linux.
#![allow(unsafe_code, reason = "errno, _exit and fork handlers are C's")]

use std::os::fd::{AsFd, AsRawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::invoke::ErrorNumbers;

/// The descriptors of the host's channel, for the handler that runs in forked processes.
static CHANNEL: [AtomicI32; 4] = [const { AtomicI32::new(-1) }; 4];

static FORKED: AtomicBool = AtomicBool::new(false);

/// Restricts a descriptor of the host's channel to this process: a forked process closes it, or the host would not
/// detect this process's exit, and might mistake a child's report for this process's.
pub(crate) fn keep_from_forks(descriptor: &impl AsFd) {
    static HANDLER: Once = Once::new();
    let descriptor = descriptor.as_fd().as_raw_fd();
    let free = |slot: &&AtomicI32| slot.compare_exchange(-1, descriptor, Ordering::Relaxed, Ordering::Relaxed).is_ok();
    let kept = CHANNEL.iter().find(free);
    debug_assert!(kept.is_some(), "the table of descriptors is full");
    // SAFETY: the handler does only what is safe after a fork of a multi-threaded program (fork(2)): it stores and
    // closes.
    HANDLER.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(forked));
    });
}

super::entry! {
    /// Called in a forked process.
    unsafe extern "C" fn forked() = leave_channel;
}

unsafe extern "C" fn leave_channel() {
    FORKED.store(true, Ordering::Relaxed);
    for descriptor in CHANNEL.iter().map(|slot| slot.load(Ordering::Relaxed)).filter(|descriptor| *descriptor >= 0) {
        // SAFETY: the descriptors are the fork's own copies; its code no longer uses them, which `is_fork` prevents.
        unsafe { libc::close(descriptor) };
    }
}

/// Whether this is a process forked by a library: it has no host and nothing to serve.
pub(crate) fn is_fork() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Ends the process without running destructors: a library may hold any lock at this moment.
pub(crate) fn end_now() -> ! {
    // SAFETY: `_exit` takes any status and has no other precondition.
    unsafe { libc::_exit(0) }
}

/// Does nothing: no dialogs exist here.
pub(crate) fn suppress_dialogs() {}

/// Sets the thread's error numbers before a call.
pub(crate) fn set_error_numbers(numbers: ErrorNumbers) {
    // SAFETY: `__errno_location` returns the calling thread's own `errno`, valid for the thread's life.
    unsafe { *libc::__errno_location() = numbers.errno }
}

/// Reads the thread's error numbers right after a call.
pub(crate) fn error_numbers() -> ErrorNumbers {
    // SAFETY: as above.
    ErrorNumbers { errno: unsafe { *libc::__errno_location() }, last_error: 0 }
}

/// There is no last error on this system; `errno` has its own texts.
pub(crate) fn last_error_text(_: u32) -> Option<String> {
    None
}
