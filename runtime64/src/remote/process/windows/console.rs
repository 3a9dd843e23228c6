//! The console of a worker, of which nobody is to see anything.

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Threading::{CREATE_NO_WINDOW, DETACHED_PROCESS, PROCESS_CREATION_FLAGS};
use windows_sys::{s, w};

/// With which flag a worker is created.
///
/// On Windows it has a console without a window, which programs that a library starts share, so that none opens a window of its
/// own (MSDN, "Process Creation Flags"). For each console Wine starts a process, whose start and end delay those of the worker,
/// so there it has none, like a worker that a Linux host has started.
pub(super) fn flag() -> PROCESS_CREATION_FLAGS {
    if is_wine() { DETACHED_PROCESS } else { CREATE_NO_WINDOW }
}

/// Whether the system is Wine, whose ntdll alone tells its version.
fn is_wine() -> bool {
    // SAFETY: the names are zero-terminated; ntdll is part of every process and stays.
    unsafe { GetProcAddress(GetModuleHandleW(w!("ntdll.dll")), s!("wine_get_version")).is_some() }
}
