//! `ReadProcessMemory` on this process itself.
#![allow(unsafe_code, reason = "the system call takes raw addresses")]

use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Copies as many bytes at `start` as can be read, and tells how many.
pub(super) fn copy(start: usize, into: &mut [u8]) -> usize {
    let mut copied = 0;
    // SAFETY: `into` is borrowed for writing and its length is given; the source is checked by the system, which fails
    // with ERROR_PARTIAL_COPY for what is not mapped.
    let whole = unsafe {
        ReadProcessMemory(
            GetCurrentProcess(),
            start as *const core::ffi::c_void,
            into.as_mut_ptr().cast(),
            into.len(),
            &raw mut copied,
        )
    };
    if whole == 0 { copied.min(into.len()) } else { into.len() }
}
