//! `ReadProcessMemory` and `WriteProcessMemory` on this process itself.
#![allow(unsafe_code, reason = "the system call takes raw addresses")]

use windows_sys::Win32::System::Diagnostics::Debug::{ReadProcessMemory, WriteProcessMemory};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Copies as many bytes at `start` as are readable, and returns their number.
pub(super) fn copy(start: usize, into: &mut [u8]) -> usize {
    let mut copied = 0;
    // SAFETY: `into` is borrowed for writing and its length is passed; the system checks the source, and fails with
    // ERROR_PARTIAL_COPY for unmapped memory.
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

/// Copies as many bytes to `start` as are writable, and returns their number.
pub(super) fn copy_in(bytes: &[u8], start: usize) -> usize {
    let mut copied = 0;
    // SAFETY: `bytes` are only read; the host has requested the write to the target, on behalf of a script that is
    // responsible for it, and the system checks that it is writable memory.
    let whole = unsafe {
        WriteProcessMemory(
            GetCurrentProcess(),
            start as *const core::ffi::c_void,
            bytes.as_ptr().cast(),
            bytes.len(),
            &raw mut copied,
        )
    };
    if whole == 0 { copied.min(bytes.len()) } else { bytes.len() }
}
