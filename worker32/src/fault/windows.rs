//! Structured exceptions: each fatal one is recorded before any handler runs, and an unhandled one is reported as
//! final. A library that replaces the exception filter, or ends in a way that runs no filter, therefore leaves a
//! report as well; the host accepts it if the process ends with that exception's code.
#![allow(unsafe_code, reason = "exception handlers are the operating system's")]

use std::os::windows::io::{AsHandle, AsRawHandle};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use protocol::{CrashReport, Stage};
use windows_sys::Win32::Foundation::{ERROR_NOACCESS, RtlNtStatusToDosError};
use windows_sys::Win32::Storage::FileSystem::WriteFile;
use windows_sys::Win32::System::Diagnostics::Debug::{
    AddVectoredExceptionHandler, EXCEPTION_POINTERS, SetUnhandledExceptionFilter,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThreadId, INFINITE, SetThreadStackGuarantee, Sleep, TerminateProcess,
};

mod abort;
mod caller;
mod exception;
mod memory;
mod modules;
mod registers;
mod reporter;
mod thread;

pub(crate) use reporter::{event, make_report, report_wanted, set};

/// Stack reserved for the handlers, so that they also run after a stack overflow.
const STACK_BYTES: u32 = 32 << 10;

const CONTINUE_SEARCH: i32 = 0;

static CHANNEL: AtomicPtr<core::ffi::c_void> = AtomicPtr::new(ptr::null_mut());

/// The thread whose report is final; 0 if none.
static ENDING: AtomicU32 = AtomicU32::new(0);

/// The last exception recorded.
static RECORDED: Mutex<Option<CrashReport>> = Mutex::new(None);

/// Installs crash reporting: on the channel, as its last frame, until shared memory is available.
pub(crate) fn report_to(channel: &impl AsHandle) {
    CHANNEL.store(channel.as_handle().as_raw_handle(), Ordering::Relaxed);
    guard_thread();
    thread::prepare();
    reporter::prepare();
    abort::prepare();
    // SAFETY: the handler has the type the function requires.
    unsafe { AddVectoredExceptionHandler(1, Some(record)) };
    set_filter();
}

/// Registers the calling thread as one that runs functions for the host, and makes its stack overflows reportable.
pub(crate) fn guard_thread() {
    super::OWN.add(thread_id());
    keep_stack_back();
}

/// Reserves stack for the handlers on the calling thread.
fn keep_stack_back() {
    let mut stack = STACK_BYTES;
    // SAFETY: the size is passed in and out through a local.
    unsafe { SetThreadStackGuarantee(&raw mut stack) };
}

fn set_filter() {
    // SAFETY: the filter has the type the function requires.
    unsafe { SetUnhandledExceptionFilter(Some(filter)) };
}

/// Loads a library, whose DllMain may replace the exception filter, or bring another C runtime.
pub(crate) fn while_loading<R>(load: impl FnOnce() -> R) -> R {
    *recorded() = None;
    let loaded = load();
    set_filter();
    abort::prepare_new_runtime();
    loaded
}

/// Ends the process if a library failed to load because of an exception: the loader has handled it, but its work was
/// interrupted halfway.
pub(crate) fn end_if_crashed(load_error: u32) {
    let Some(report) = recorded().clone() else { return };
    // SAFETY: the function accepts any number.
    let as_error = unsafe { RtlNtStatusToDosError(report.code as i32) };
    if load_error == as_error || load_error == ERROR_NOACCESS {
        end(report);
    }
}

/// A library call needs no barrier here: exceptions of all kinds reach the filter.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn barrier<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// The system's id of the calling thread.
pub(super) fn thread_id() -> u32 {
    // SAFETY: the function has no precondition.
    unsafe { GetCurrentThreadId() }
}

/// Sends a frame on the channel.
pub(super) fn send(frame: &[u8]) {
    let mut written = 0;
    let channel = CHANNEL.load(Ordering::Relaxed);
    // SAFETY: the length is that of the frame, and the channel's handle is never closed.
    unsafe { WriteFile(channel, frame.as_ptr(), frame.len() as u32, &raw mut written, ptr::null_mut()) };
}

fn recorded() -> std::sync::MutexGuard<'static, Option<CrashReport>> {
    RECORDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Vectored handler, called first for every exception. Records fatal ones, which may still be handled.
unsafe extern "system" fn record(exception: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system passes valid pointers, whose targets stay valid while the handler runs.
    let exception = unsafe { &*exception };
    if exception::is_serious(exception) && ENDING.load(Ordering::Relaxed) == 0 {
        route(exception, false);
    }
    CONTINUE_SEARCH
}

/// Filter for unhandled exceptions.
unsafe extern "system" fn filter(exception: *const EXCEPTION_POINTERS) -> i32 {
    // SAFETY: as for `record`.
    route(unsafe { &*exception }, true);
    wait_for_end()
}

/// Reports an exception of the calling thread, on a thread that has stack for it.
fn route(exception: &EXCEPTION_POINTERS, is_final: bool) {
    if exception::is_stack_overflow(exception) {
        reporter::ask(exception, thread_id(), is_final || !has_stack_for_handlers());
    } else {
        report(exception, thread_id(), is_final);
    }
}

/// Whether the system has reserved stack, as requested. Wine does not for 64-bit programs: it ends only the thread
/// whose handlers find no stack, so code that waits for the thread would never learn of its end.
fn has_stack_for_handlers() -> bool {
    let local = 0_u8;
    cfg!(target_arch = "x86")
        || memory::stack_end().is_none_or(|end| (&raw const local).addr() - end > STACK_BYTES as usize)
}

/// Reports an exception of a thread, and ends the process if it is final.
#[inline(never)]
fn report(exception: &EXCEPTION_POINTERS, thread: u32, is_final: bool) {
    if is_final {
        end(exception::describe(exception, thread, Stage::Final));
    }
    // Two threads do not write one report at the same time; the other's is as good.
    if let Ok(mut recorded) = RECORDED.try_lock() {
        let report = exception::describe(exception, thread, Stage::Provisional);
        super::deliver(report.clone());
        *recorded = Some(report);
    }
}

/// Reports the end of the process and ends it immediately, without DllMain: its heap can no longer be trusted.
fn end(mut report: CrashReport) -> ! {
    report.stage = Stage::Final;
    let code = report.code;
    if ENDING.compare_exchange(0, thread_id(), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        super::deliver(report);
        super::wait_for_dump();
        // SAFETY: the pseudo handle of the current process is always valid.
        unsafe { TerminateProcess(GetCurrentProcess(), code) };
    }
    wait_for_end()
}

/// Waits until another thread has made its report and ended the process.
fn wait_for_end() -> ! {
    loop {
        // SAFETY: the function accepts any time.
        unsafe { Sleep(INFINITE) };
    }
}
