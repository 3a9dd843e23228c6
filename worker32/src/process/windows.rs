//! Windows.
#![allow(unsafe_code, reason = "the operating system's functions take raw values")]

use std::ffi::c_int;
use std::os::windows::io::AsHandle;

use windows_sys::Win32::Foundation::{GetLastError, SetLastError};
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

use crate::invoke::ErrorNumbers;

unsafe extern "C" {
    /// The calling thread's `errno` in the C runtime this executable is linked to.
    fn _errno() -> *mut c_int;
}

/// Does nothing: there are no forks on this system.
pub(crate) fn keep_from_forks(_: &impl AsHandle) {}

/// There are no forks on this system.
pub(crate) fn is_fork() -> bool {
    false
}

/// Ends the process without running DllMain or destructors: a library may hold the loader lock at this moment.
pub(crate) fn end_now() -> ! {
    // SAFETY: the pseudo handle of the current process is always valid.
    unsafe { TerminateProcess(GetCurrentProcess(), 0) };
    std::process::abort()
}

/// Suppresses dialogs: a fault or a missing file must cause an error message, not a dialog that no user is there to
/// close.
pub(crate) fn suppress_dialogs() {
    // SAFETY: the function accepts any combination of its flags.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX) };
}

/// Sets the thread's error numbers before a call.
pub(crate) fn set_error_numbers(numbers: ErrorNumbers) {
    // SAFETY: `_errno` returns the calling thread's own `errno`, valid for the thread's life.
    unsafe {
        *_errno() = numbers.errno;
        SetLastError(numbers.last_error);
    }
}

/// Reads the thread's error numbers right after a call, the last error first: reading `errno` may change it.
pub(crate) fn error_numbers() -> ErrorNumbers {
    // SAFETY: as above.
    unsafe {
        let last_error = GetLastError();
        ErrorNumbers { errno: *_errno(), last_error }
    }
}

/// The system's message for an error number.
pub(crate) fn last_error_text(code: u32) -> Option<String> {
    let text = std::io::Error::from_raw_os_error(code as i32).to_string();
    // The standard library appends the number, which the caller already has.
    let text = text.rsplit_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    Some(text.trim_end().to_owned())
}
