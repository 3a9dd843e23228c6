//! `ReadProcessMemory` and `WriteProcessMemory`.
#![allow(unsafe_code, reason = "the system calls take raw addresses")]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE};
use windows_sys::Win32::System::Diagnostics::Debug::{ReadProcessMemory, WriteProcessMemory};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};

use super::Transfer;

/// A process.
#[derive(Debug)]
pub(super) struct Target(OwnedHandle);

impl Target {
    pub(super) fn new(process: OwnedHandle) -> Self {
        Self(process)
    }
}

/// The working set (MSDN, PROCESS_MEMORY_COUNTERS).
pub(super) fn resident(target: &Target) -> Option<u64> {
    // SAFETY: zeroed counters are valid; their size is passed, and the handle is open.
    let counters = unsafe {
        let mut counters: PROCESS_MEMORY_COUNTERS = std::mem::zeroed();
        counters.cb = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
        let told = K32GetProcessMemoryInfo(target.0.as_raw_handle(), &raw mut counters, counters.cb);
        (told != 0).then_some(counters)
    }?;
    Some(counters.WorkingSetSize as u64)
}

pub(super) fn copy_out(target: &Target, address: u64, into: &mut [u8]) -> Transfer {
    let (process, length) = (target.0.as_raw_handle(), into.len());
    let mut copied = 0;
    // SAFETY: `into` is borrowed for writing and its length is given; the address is the other process's, which the
    // system checks.
    let whole = unsafe {
        let from = address as usize as *const c_void;
        ReadProcessMemory(process, from, into.as_mut_ptr().cast(), length, &raw mut copied)
    };
    outcome(whole != 0, length)
}

pub(super) fn copy_in(target: &Target, address: u64, bytes: &[u8]) -> Transfer {
    let (process, length) = (target.0.as_raw_handle(), bytes.len());
    let mut copied = 0;
    // SAFETY: `bytes` are only read; the address is the other process's, which the system checks.
    let whole = unsafe {
        let to = address as usize as *const c_void;
        WriteProcessMemory(process, to, bytes.as_ptr().cast(), length, &raw mut copied)
    };
    outcome(whole != 0, length)
}

/// What is said to be copied of a range that is partly bad is not relied upon: the caller goes on page by page.
fn outcome(whole: bool, length: usize) -> Transfer {
    if whole {
        return Transfer::Copied(length);
    }
    match io::Error::last_os_error().raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_ACCESS_DENIED | ERROR_INVALID_HANDLE) => Transfer::Refused,
        _ => Transfer::Copied(0),
    }
}
