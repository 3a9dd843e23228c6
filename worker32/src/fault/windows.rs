//! Structured exceptions: each serious one is noted before anybody can handle it, and one that nobody has handled is
//! reported for good. So a library that puts another filter in the place of ours, or ends in a way that runs no filter, leaves a
//! report as well, which the host believes if the process ends with that exception's code.
#![allow(unsafe_code, reason = "exception handlers are the operating system's")]

use std::os::windows::io::{AsHandle, AsRawHandle};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use protocol::{LastWords, Stage};
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

/// Stack kept back for the handlers, so that they also run after a stack overflow.
const STACK_BYTES: u32 = 32 << 10;

const CONTINUE_SEARCH: i32 = 0;

static CHANNEL: AtomicPtr<core::ffi::c_void> = AtomicPtr::new(ptr::null_mut());

/// The thread whose report is the last one; 0 for none.
static ENDING: AtomicU32 = AtomicU32::new(0);

/// The exception that was noted last.
static NOTED: Mutex<Option<LastWords>> = Mutex::new(None);

/// Has the end of this process reported: on the channel, as its last frame, as long as there is no better place.
pub(crate) fn report_to(channel: &impl AsHandle) {
    CHANNEL.store(channel.as_handle().as_raw_handle(), Ordering::Relaxed);
    guard_thread();
    thread::prepare();
    reporter::prepare();
    abort::prepare();
    // SAFETY: the handler has the type the function asks for.
    unsafe { AddVectoredExceptionHandler(1, Some(note)) };
    set_filter();
}

/// Says that the calling thread runs functions for the host, and has a stack overflow of its reported too.
pub(crate) fn guard_thread() {
    super::OWN.add(thread_id());
    keep_stack_back();
}

/// Keeps stack back for the handlers on the calling thread.
fn keep_stack_back() {
    let mut stack = STACK_BYTES;
    // SAFETY: the size is passed in and out through a local.
    unsafe { SetThreadStackGuarantee(&raw mut stack) };
}

fn set_filter() {
    // SAFETY: the filter has the type the function asks for.
    unsafe { SetUnhandledExceptionFilter(Some(filter)) };
}

/// Loads a library, whose DllMain may put another filter in the place of ours, or bring another C runtime.
pub(crate) fn while_loading<R>(load: impl FnOnce() -> R) -> R {
    *noted() = None;
    let loaded = load();
    set_filter();
    abort::prepare_new_runtime();
    loaded
}

/// Ends the process if it is because of an exception that a library could not be loaded: the loader has handled it, but
/// what was under way is left half done.
pub(crate) fn end_if_crashed(load_error: u32) {
    let Some(report) = noted().clone() else { return };
    // SAFETY: the function takes any number.
    let as_error = unsafe { RtlNtStatusToDosError(report.code as i32) };
    if load_error == as_error || load_error == ERROR_NOACCESS {
        end(report);
    }
}

/// A library's call needs no barrier here: exceptions of all kinds come to the filter.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn barrier<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// The system's number of the calling thread.
pub(super) fn thread_id() -> u32 {
    // SAFETY: the function has no precondition.
    unsafe { GetCurrentThreadId() }
}

/// Sends a frame on the channel.
pub(super) fn send(frame: &[u8]) {
    let mut written = 0;
    let channel = CHANNEL.load(Ordering::Relaxed);
    // SAFETY: the frame is as long as said, and the channel's handle is never closed.
    unsafe { WriteFile(channel, frame.as_ptr(), frame.len() as u32, &raw mut written, ptr::null_mut()) };
}

fn noted() -> std::sync::MutexGuard<'static, Option<LastWords>> {
    NOTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sees every exception first. Those that mean no good are noted; what becomes of them is not known yet.
unsafe extern "system" fn note(exception: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system hands over valid pointers and keeps what they lead to for the handler's run.
    let exception = unsafe { &*exception };
    if exception::is_serious(exception) && ENDING.load(Ordering::Relaxed) == 0 {
        tell(exception, false);
    }
    CONTINUE_SEARCH
}

/// Sees the exceptions that nobody has handled.
unsafe extern "system" fn filter(exception: *const EXCEPTION_POINTERS) -> i32 {
    // SAFETY: as for `note`.
    tell(unsafe { &*exception }, true);
    wait_for_end()
}

/// Has an exception of the calling thread reported where there is stack for it.
fn tell(exception: &EXCEPTION_POINTERS, is_final: bool) {
    if exception::is_stack_overflow(exception) {
        reporter::ask(exception, thread_id(), is_final || !has_stack_for_handlers());
    } else {
        report(exception, thread_id(), is_final);
    }
}

/// Whether the system has kept stack back, as it was asked to. Wine does not for 64-bit programs: it ends a thread whose
/// handlers find no stack, and nothing else, so that whoever waits for the thread would never learn of its end.
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
    // Two threads do not write one report; that of the other is as good.
    if let Ok(mut noted) = NOTED.try_lock() {
        let report = exception::describe(exception, thread, Stage::Provisional);
        super::deliver(report.clone());
        *noted = Some(report);
    }
}

/// Reports the end of the process and ends it here and now, without DllMain: its heap cannot be trusted any more.
fn end(mut report: LastWords) -> ! {
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
        // SAFETY: the function takes any time.
        unsafe { Sleep(INFINITE) };
    }
}
