//! Reports of stack overflows: the overflowed thread has no room to make one, so the thread that
//! [watches](crate::watch) makes it. Wine reserves at most a page for handlers in 32-bit programs.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Diagnostics::Debug::EXCEPTION_POINTERS;
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, SetEvent, Sleep, WaitForSingleObject};

/// The time limit of the answer, in milliseconds, after which the exception proceeds without a report.
const LIMIT: u32 = 5000;

static EVENTS: OnceLock<Events> = OnceLock::new();
static IS_BUSY: AtomicBool = AtomicBool::new(false);
static EXCEPTION: AtomicPtr<EXCEPTION_POINTERS> = AtomicPtr::new(ptr::null_mut());
static THREAD: AtomicU32 = AtomicU32::new(0);
static IS_FINAL: AtomicBool = AtomicBool::new(false);

/// Both are auto-reset events.
struct Events {
    wanted: OwnedHandle,
    made: OwnedHandle,
}

/// Enables report requests.
pub(super) fn prepare() {
    if let (Ok(wanted), Ok(made)) = (event(), event()) {
        // A second caller uses the events of the first.
        let _ = EVENTS.set(Events { wanted, made });
    }
}

/// The event that is set when a report should be [made](make_report).
pub(crate) fn report_wanted() -> Option<BorrowedHandle<'static>> {
    EVENTS.get().map(|events| events.wanted.as_handle())
}

/// Makes the requested report, if any, which may end the process.
pub(crate) fn make_report() {
    let exception = EXCEPTION.swap(ptr::null_mut(), Ordering::Acquire);
    // SAFETY: the requesting thread keeps the exception valid until it is answered, or until the process ends.
    let Some(exception) = (unsafe { exception.as_ref() }) else { return };
    super::report(exception, THREAD.load(Ordering::Relaxed), IS_FINAL.load(Ordering::Relaxed));
    if let Some(events) = EVENTS.get() {
        set(&events.made);
    }
}

/// Requests the report of an exception of the calling thread. Needs almost no stack.
#[inline(never)]
pub(super) fn ask(exception: &EXCEPTION_POINTERS, thread: u32, is_final: bool) {
    let Some(events) = EVENTS.get() else { return };
    while IS_BUSY.swap(true, Ordering::Acquire) {
        // SAFETY: the function accepts any time.
        unsafe { Sleep(1) };
    }
    THREAD.store(thread, Ordering::Relaxed);
    IS_FINAL.store(is_final, Ordering::Relaxed);
    EXCEPTION.store(ptr::from_ref(exception).cast_mut(), Ordering::Release);
    set(&events.wanted);
    let in_time = wait(&events.made, LIMIT);
    // A request withdrawn in time is not read after it is gone. If it has been taken already, the answer is awaited.
    if !in_time && EXCEPTION.swap(ptr::null_mut(), Ordering::AcqRel).is_null() {
        wait(&events.made, INFINITE);
    }
    IS_BUSY.store(false, Ordering::Release);
}

/// Creates an auto-reset event.
pub(crate) fn event() -> io::Result<OwnedHandle> {
    // SAFETY: null pointers request no name and the default protection. The handle is owned only if one was created.
    unsafe {
        let handle = CreateEventW(ptr::null(), 0, 0, ptr::null());
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(OwnedHandle::from_raw_handle(handle)) }
    }
}

pub(crate) fn set(event: &OwnedHandle) {
    // SAFETY: the handle is open for as long as it is borrowed.
    unsafe { SetEvent(event.as_raw_handle()) };
}

/// Whether the event was set in time.
fn wait(event: &OwnedHandle, milliseconds: u32) -> bool {
    // SAFETY: as for `set`.
    unsafe { WaitForSingleObject(event.as_raw_handle(), milliseconds) == WAIT_OBJECT_0 }
}
