//! `abort` of the shared C runtimes: they raise SIGABRT within the process first. A library with its own runtime ends
//! in its own way.

#[cfg(target_arch = "x86")]
use std::arch::naked_asm;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{caller, registers};
use protocol::{Cause, CrashReport, Stage};
use windows_sys::Win32::System::Diagnostics::Debug::CONTEXT;
#[cfg(target_arch = "x86_64")]
use windows_sys::Win32::System::Diagnostics::Debug::RtlCaptureContext;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};

/// The number of SIGABRT in Microsoft's runtimes.
const SIGABRT: c_int = 22;

/// The exit code of a process that has called `abort`.
const EXIT_CODE: u32 = 3;

type Handler = unsafe extern "C" fn(c_int);
type Signal = unsafe extern "C" fn(c_int, Handler) -> *mut c_void;

unsafe extern "C" {
    /// `signal` of the C runtime that this executable is linked to.
    fn signal(number: c_int, handler: Handler) -> *mut c_void;
}

/// Installs reporting of `abort` in this executable's C runtime.
pub(super) fn prepare() {
    // SAFETY: the handler has the required type.
    unsafe { signal(SIGABRT, aborted) };
}

/// The same for the Universal C Runtime, once a library has loaded it.
pub(super) fn prepare_new_runtime() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: both names are zero-terminated; a runtime loaded by a library stays, as no library is unloaded, and
    // `signal` has this type in it.
    unsafe {
        let module = GetModuleHandleA(c"ucrtbase.dll".as_ptr().cast());
        if module.is_null() {
            return;
        }
        if let Some(signal) = GetProcAddress(module, c"signal".as_ptr().cast()) {
            std::mem::transmute::<unsafe extern "system" fn() -> isize, Signal>(signal)(SIGABRT, aborted);
            DONE.store(true, Ordering::Relaxed);
        }
    }
}

/// Called by `abort`: passes the frame pointer on, which compiled functions cannot access.
#[cfg(target_arch = "x86")]
#[unsafe(naked)]
unsafe extern "C" fn aborted(_: c_int) {
    naked_asm!("push ebp", "call {report}", "ud2", report = sym report);
}

/// Called by `abort`. Frames are found without a frame pointer.
#[cfg(target_arch = "x86_64")]
unsafe extern "C" fn aborted(_: c_int) {
    // SAFETY: the function accepts any number.
    unsafe { report(0) }
}

/// The context of this thread, as far as frames can be followed from it.
#[cfg(target_arch = "x86")]
fn context(frame: usize) -> caller::Aligned {
    let here = (&raw const frame).addr() as u32;
    let code = aborted as unsafe extern "C" fn(c_int) as usize as u32;
    caller::Aligned(CONTEXT { Esp: here, Ebp: frame as u32, Eip: code, ..CONTEXT::default() })
}

/// The context of this thread.
#[cfg(target_arch = "x86_64")]
fn context(_: usize) -> caller::Aligned {
    let mut context = caller::Aligned(CONTEXT::default());
    // SAFETY: the structure has the alignment that the system requires.
    unsafe { RtlCaptureContext(&raw mut context.0) };
    context
}

unsafe extern "C" fn report(frame: usize) -> ! {
    let mut report = CrashReport::new(Stage::Final, Cause::Abort, EXIT_CODE);
    let context = context(frame);
    report.registers = match caller::find(&context.0) {
        Some(caller) => {
            report.instruction = caller.instruction as u64;
            (report.module_base, report.module) = (caller.base, caller.module);
            registers::of_call(caller.instruction, caller.stack)
        }
        None => registers::of(&context.0),
    };
    super::end(report)
}
