//! The streams of the shared C runtimes. A library with its own static runtime flushes its own streams.
//!
//! These runtimes have no line buffering (`_IOLBF` means full buffering there), so standard output is unbuffered.
#![allow(unsafe_code, reason = "C streams are C's, and functions are looked up in a loaded C runtime")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};

type StandardStream = unsafe extern "C" fn(index: c_uint) -> *mut c_void;
type SetBuffer = unsafe extern "C" fn(*mut c_void, *mut c_char, c_int, usize) -> c_int;

unsafe extern "C" {
    /// Standard input, output and error of the C runtime that this executable is linked to.
    fn __acrt_iob_func(index: c_uint) -> *mut c_void;
    fn setvbuf(stream: *mut c_void, buffer: *mut c_char, mode: c_int, size: usize) -> c_int;
}

const STANDARD_OUTPUT: c_uint = 1;
const UNBUFFERED: c_int = 4;

/// Makes output through this executable's C runtime unbuffered.
pub(crate) fn prepare() {
    // SAFETY: called once at the start, before any library could use the stream; without a buffer no pointer is kept.
    unsafe { setvbuf(__acrt_iob_func(STANDARD_OUTPUT), ptr::null_mut(), UNBUFFERED, 0) };
    prepare_new_runtime();
}

/// The same for the Universal C Runtime, once a library has loaded it.
pub(crate) fn prepare_new_runtime() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.load(Ordering::Relaxed) {
        return;
    }
    let runtime = c"ucrtbase.dll";
    if let (Some(stream), Some(set_buffer)) = (function(runtime, c"__acrt_iob_func"), function(runtime, c"setvbuf")) {
        // SAFETY: both functions have these types in that runtime (MSDN, setvbuf); the stream is a standard one,
        // always valid, and without a buffer no pointer is kept.
        unsafe {
            let stream = std::mem::transmute::<Address, StandardStream>(stream)(STANDARD_OUTPUT);
            std::mem::transmute::<Address, SetBuffer>(set_buffer)(stream, ptr::null_mut(), UNBUFFERED, 0);
        }
        DONE.store(true, Ordering::Relaxed);
    }
}

/// Does nothing: the streams are unbuffered.
pub(crate) fn flush() {}

type Address = unsafe extern "system" fn() -> isize;

/// A function of a runtime, if that runtime is in this process.
fn function(runtime: &CStr, name: &CStr) -> Option<Address> {
    // SAFETY: both names are zero-terminated; a runtime loaded by a library stays, as no library is unloaded.
    unsafe {
        let module = GetModuleHandleA(runtime.as_ptr().cast());
        if module.is_null() { None } else { GetProcAddress(module, name.as_ptr().cast()) }
    }
}
