//! Windows.
#![allow(unsafe_code, reason = "the operating system's functions take raw values")]

use std::ffi::c_int;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;
use std::thread;

use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, GetLastError, SetLastError};
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, GetExitCodeThread, INFINITE, TerminateProcess, WaitForSingleObject,
};

use crate::invoke::ErrorNumbers;

unsafe extern "C" {
    /// The calling thread's `errno` in the C runtime this executable is linked to.
    fn _errno() -> *mut c_int;
}

/// There are no forks here.
pub(crate) fn keep_from_forks(_: &impl AsHandle) {}

/// There are no forks here.
pub(crate) fn is_fork() -> bool {
    false
}

/// Ends the process without running DllMain or destructors: a library may hold the loader lock at this moment.
pub(crate) fn end_now() -> ! {
    // SAFETY: the pseudo handle of the current process is always valid.
    unsafe { TerminateProcess(GetCurrentProcess(), 0) };
    std::process::abort()
}

/// Ends the process when the calling thread, which serves the host, ends: a library may end it alone, with ExitThread, and
/// Wine does so for an exception that it cannot deliver.
pub(crate) fn end_with_this_thread() {
    let mut serving: RawHandle = ptr::null_mut();
    // SAFETY: the pseudo handles of the current process and thread are always valid; the real handle is owned only if the
    // function says that it has made one.
    let serving = unsafe {
        let process = GetCurrentProcess();
        let made = DuplicateHandle(process, GetCurrentThread(), process, &raw mut serving, 0, 0, DUPLICATE_SAME_ACCESS);
        if made == 0 {
            return;
        }
        OwnedHandle::from_raw_handle(serving)
    };
    thread::spawn(move || {
        let mut code = 0;
        // SAFETY: the handle is open for as long as this thread runs; the code is written to a local.
        unsafe {
            WaitForSingleObject(serving.as_raw_handle(), INFINITE);
            GetExitCodeThread(serving.as_raw_handle(), &raw mut code);
            TerminateProcess(GetCurrentProcess(), code);
        }
    });
}

/// A fault or a missing file must end in an error message, never in a dialog that nobody is there to close.
pub(crate) fn suppress_dialogs() {
    // SAFETY: the function takes any combination of its flags.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX) };
}

/// Puts the thread's error numbers in place before a call.
pub(crate) fn set_error_numbers(numbers: ErrorNumbers) {
    // SAFETY: `_errno` gives the calling thread's own `errno`, valid for the thread's life.
    unsafe {
        *_errno() = numbers.errno;
        SetLastError(numbers.last_error);
    }
}

/// Takes the thread's error numbers right after a call, the last error first: asking for `errno` may change it.
pub(crate) fn error_numbers() -> ErrorNumbers {
    // SAFETY: as above.
    unsafe {
        let last_error = GetLastError();
        ErrorNumbers { errno: *_errno(), last_error }
    }
}

/// The system's own text for an error number.
pub(crate) fn last_error_text(code: u32) -> Option<String> {
    let text = std::io::Error::from_raw_os_error(code as i32).to_string();
    // The standard library appends the number, which the caller has.
    let text = text.rsplit_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    Some(text.trim_end().to_owned())
}
