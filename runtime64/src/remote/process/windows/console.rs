//! The console of a worker, which must be invisible.

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Threading::{CREATE_NO_WINDOW, DETACHED_PROCESS, PROCESS_CREATION_FLAGS};
use windows_sys::{s, w};

/// The flag for creating a worker.
///
/// On Windows it has a console without a window, which programs started by a library share, so that none opens a window
/// of its own (MSDN, "Process Creation Flags"). Wine starts a process for each console, which delays the worker's start
/// and exit, so there it has none, like a worker started by a Linux host.
pub(super) fn flag() -> PROCESS_CREATION_FLAGS {
    if is_wine() { DETACHED_PROCESS } else { CREATE_NO_WINDOW }
}

/// Whether the system is Wine: only Wine's ntdll exports its version.
fn is_wine() -> bool {
    // SAFETY: the names are zero-terminated; ntdll is part of every process and stays.
    unsafe { GetProcAddress(GetModuleHandleW(w!("ntdll.dll")), s!("wine_get_version")).is_some() }
}
