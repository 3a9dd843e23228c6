//! Linux.
#![allow(unsafe_code, reason = "errno and _exit are C's")]

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use crate::invoke::ErrorNumbers;

/// Has the kernel kill this process when its host ends, even while it hangs in a library.
///
/// The signal is sent when the *thread* that started this process ends, which is why the host starts workers from a
/// thread that stays.
pub(crate) fn end_with_host() {
    // A failure leaves the watch thread, which sees the channel close.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // The host may have ended before the signal was asked for; then this process has been handed to init.
    if getppid().is_none_or(Pid::is_init) {
        end_now();
    }
}

/// Ends the process without running destructors: a library may hold any lock at this moment.
pub(crate) fn end_now() -> ! {
    // SAFETY: `_exit` takes any status and has no other precondition.
    unsafe { libc::_exit(0) }
}

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
