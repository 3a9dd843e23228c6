//! The streams of the shared C runtimes. A library with a static runtime of its own flushes for itself.
#![allow(unsafe_code, reason = "functions are looked up in the C runtimes that are loaded")]

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};

type Flush = unsafe extern "C" fn(stream: *mut c_void) -> c_int;

unsafe extern "C" {
    /// Standard input, output and error of the C runtime that this executable is linked to.
    fn __acrt_iob_func(index: c_uint) -> *mut c_void;
    fn setvbuf(stream: *mut c_void, buffer: *mut c_char, mode: c_int, size: usize) -> c_int;
}

/// Has everything that is printed through this executable's C runtime written at once, so that a long call is followed
/// live. These runtimes have no line buffering: `_IOLBF` means full buffering there.
pub(crate) fn flush_lines() {
    const STANDARD_OUTPUT: c_uint = 1;
    const UNBUFFERED: c_int = 4;
    // SAFETY: called once at the start, before any library could use the stream; without a buffer no pointer is kept.
    unsafe { setvbuf(__acrt_iob_func(STANDARD_OUTPUT), std::ptr::null_mut(), UNBUFFERED, 0) };
}

/// Flushes what a call left in the buffers of msvcrt.dll and, once a library has brought it, ucrtbase.dll.
pub(crate) fn flush() {
    static MSVCRT: OnceLock<Option<Flush>> = OnceLock::new();
    static UCRT: OnceLock<Flush> = OnceLock::new();
    call(*MSVCRT.get_or_init(|| loaded_flush(c"msvcrt.dll")));
    match UCRT.get() {
        Some(flush) => call(Some(*flush)),
        None => {
            if let Some(flush) = loaded_flush(c"ucrtbase.dll") {
                call(Some(*UCRT.get_or_init(|| flush)));
            }
        }
    }
}

fn call(flush: Option<Flush>) {
    if let Some(flush) = flush {
        // SAFETY: a null stream means all output streams (C11 7.21.5.2).
        unsafe { flush(std::ptr::null_mut()) };
    }
}

/// `fflush` of a runtime, if that runtime is in this process.
fn loaded_flush(runtime: &std::ffi::CStr) -> Option<Flush> {
    // SAFETY: both names are zero-terminated; a runtime that is loaded stays so: this executable or a library that is
    // never unloaded uses it. `fflush` has this type in every C runtime.
    unsafe {
        let module = GetModuleHandleA(runtime.as_ptr().cast());
        if module.is_null() {
            return None;
        }
        let address = GetProcAddress(module, c"fflush".as_ptr().cast())?;
        Some(std::mem::transmute::<unsafe extern "system" fn() -> isize, Flush>(address))
    }
}
