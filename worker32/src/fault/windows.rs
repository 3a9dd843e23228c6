//! Structured exceptions that nothing in the library handled.
#![allow(unsafe_code, reason = "exception filters are the operating system's")]

use std::os::windows::io::{AsHandle, AsRawHandle};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use protocol::LastWords;
use windows_sys::Win32::Foundation::{EXCEPTION_ACCESS_VIOLATION, EXCEPTION_IN_PAGE_ERROR};
use windows_sys::Win32::Storage::FileSystem::WriteFile;
use windows_sys::Win32::System::Diagnostics::Debug::{EXCEPTION_POINTERS, SetUnhandledExceptionFilter};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, SetThreadStackGuarantee, TerminateProcess};

use crate::invoke;

/// Stack kept back for the filter, so that it also runs after a stack overflow.
const STACK_BYTES: u32 = 32 << 10;

static CHANNEL: AtomicPtr<core::ffi::c_void> = AtomicPtr::new(ptr::null_mut());

/// Has faults of this process reported on the channel, as its last frame.
pub(crate) fn report_to(channel: &impl AsHandle) {
    CHANNEL.store(channel.as_handle().as_raw_handle(), Ordering::Relaxed);
    guard_thread();
    // SAFETY: the filter has the type the function asks for.
    unsafe { SetUnhandledExceptionFilter(Some(filter)) };
}

/// Keeps stack back for the filter on the calling thread, so that a stack overflow of its is reported too.
pub(crate) fn guard_thread() {
    let mut stack = STACK_BYTES;
    // SAFETY: the size is passed in and out through a local.
    unsafe { SetThreadStackGuarantee(&raw mut stack) };
}

unsafe extern "system" fn filter(exception: *const EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system hands over a valid record and keeps it for the filter's run. The parameters of an access
    // violation are documented: the kind of access, then the address (MSDN, EXCEPTION_RECORD).
    let words = unsafe {
        let record = &*(*exception).ExceptionRecord;
        let is_access = matches!(record.ExceptionCode, EXCEPTION_ACCESS_VIOLATION | EXCEPTION_IN_PAGE_ERROR);
        let is_access = is_access && record.NumberParameters >= 2;
        LastWords {
            code: record.ExceptionCode as u32,
            instruction: record.ExceptionAddress.addr() as u64,
            accessed: is_access.then(|| record.ExceptionInformation[1] as u64),
            // 0 is a read, 1 a write, 8 an execution.
            write: match record.ExceptionInformation[0] {
                0 if is_access => Some(false),
                1 if is_access => Some(true),
                _ => None,
            },
            in_call: invoke::is_in_call(),
        }
    };
    let (frame, length) = words.to_frame();
    // SAFETY: the frame is a local of `length` valid bytes and the channel's handle is never closed. The process is
    // ended here and now, without DllMain: its heap cannot be trusted any more.
    unsafe {
        let mut written = 0;
        WriteFile(CHANNEL.load(Ordering::Relaxed), frame.as_ptr(), length as u32, &raw mut written, ptr::null_mut());
        TerminateProcess(GetCurrentProcess(), words.code);
    }
    1
}
