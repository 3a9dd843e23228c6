//! System callbacks of this executable: the start of each thread, and the end of the process by `ExitProcess` or
//! `exit`.

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

use protocol::{Cause, CrashReport, Stage};
use windows_sys::Win32::System::SystemServices::{DLL_PROCESS_DETACH, DLL_THREAD_ATTACH};

type Callback = unsafe extern "system" fn(*mut c_void, u32, *mut c_void);

/// The linker collects the sections with this name into the executable's list of callbacks (PE format, the TLS
/// directory).
#[used]
#[unsafe(link_section = ".CRT$XLC")]
static CALLBACK: Callback = called;

unsafe extern "C" {
    /// Registers a function with `exit` of the C runtime that this executable is linked to.
    fn atexit(function: unsafe extern "C" fn()) -> c_int;
}

/// Installs reporting of the process's exit.
pub(super) fn prepare() {
    // Nothing else refers to the callback, which must be linked into the executable.
    std::hint::black_box(CALLBACK);
    // SAFETY: the function has the required type. Wine does not call executables at the end of the process.
    unsafe { atexit(exited) };
}

unsafe extern "C" fn exited() {
    if !crate::is_ending() && super::ENDING.load(Ordering::Relaxed) == 0 {
        // The exit code is that of the process, which the host sees.
        crate::fault::deliver(CrashReport::new(Stage::Final, Cause::Exit, 0));
    }
}

unsafe extern "system" fn called(_: *mut c_void, reason: u32, _: *mut c_void) {
    match reason {
        // The library's own threads can overflow their stacks too.
        DLL_THREAD_ATTACH => super::keep_stack_back(),
        // SAFETY: the function has no precondition.
        DLL_PROCESS_DETACH => unsafe { exited() },
        _ => {}
    }
}
