//! Reports of stack overflows: the thread that has used up its stack has no room for one, so that another makes it, which
//! [watches](crate::watch). Wine keeps back no more than a page for handlers in 32-bit programs.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Diagnostics::Debug::EXCEPTION_POINTERS;
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, SetEvent, Sleep, WaitForSingleObject};

/// How long the answer may take, in milliseconds, before the exception goes its way without a report.
const LIMIT: u32 = 5000;

static EVENTS: OnceLock<Events> = OnceLock::new();
static IS_BUSY: AtomicBool = AtomicBool::new(false);
static EXCEPTION: AtomicPtr<EXCEPTION_POINTERS> = AtomicPtr::new(ptr::null_mut());
static THREAD: AtomicU32 = AtomicU32::new(0);
static IS_FINAL: AtomicBool = AtomicBool::new(false);

/// Both reset themselves.
struct Events {
    wanted: OwnedHandle,
    made: OwnedHandle,
}

/// Has reports asked for from now on.
pub(super) fn prepare() {
    if let (Ok(wanted), Ok(made)) = (event(), event()) {
        // Whoever comes second finds what the first has made.
        let _ = EVENTS.set(Events { wanted, made });
    }
}

/// What is set when a report is to be [made](make_report).
pub(crate) fn report_wanted() -> Option<BorrowedHandle<'static>> {
    EVENTS.get().map(|events| events.wanted.as_handle())
}

/// Makes the report that is wanted, if one is, which may end the process.
pub(crate) fn make_report() {
    let exception = EXCEPTION.swap(ptr::null_mut(), Ordering::Acquire);
    // SAFETY: whoever asks keeps the exception until it is answered, or leaves it to the process's end.
    let Some(exception) = (unsafe { exception.as_ref() }) else { return };
    super::report(exception, THREAD.load(Ordering::Relaxed), IS_FINAL.load(Ordering::Relaxed));
    if let Some(events) = EVENTS.get() {
        set(&events.made);
    }
}

/// Has the report of an exception of the calling thread made. It needs next to no stack.
#[inline(never)]
pub(super) fn ask(exception: &EXCEPTION_POINTERS, thread: u32, is_final: bool) {
    let Some(events) = EVENTS.get() else { return };
    while IS_BUSY.swap(true, Ordering::Acquire) {
        // SAFETY: the function takes any time.
        unsafe { Sleep(1) };
    }
    THREAD.store(thread, Ordering::Relaxed);
    IS_FINAL.store(is_final, Ordering::Relaxed);
    EXCEPTION.store(ptr::from_ref(exception).cast_mut(), Ordering::Release);
    set(&events.wanted);
    let in_time = wait(&events.made, LIMIT);
    // What is taken back in time is not looked at when it is gone. What was taken before that is waited for.
    if !in_time && EXCEPTION.swap(ptr::null_mut(), Ordering::AcqRel).is_null() {
        wait(&events.made, INFINITE);
    }
    IS_BUSY.store(false, Ordering::Release);
}

/// An event that resets itself.
pub(crate) fn event() -> io::Result<OwnedHandle> {
    // SAFETY: null pointers ask for no name and the default protection. The handle is owned only if one was made.
    unsafe {
        let handle = CreateEventW(ptr::null(), 0, 0, ptr::null());
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(OwnedHandle::from_raw_handle(handle)) }
    }
}

pub(crate) fn set(event: &OwnedHandle) {
    // SAFETY: the handle is open for as long as it is borrowed.
    unsafe { SetEvent(event.as_raw_handle()) };
}

/// Whether the event came in time.
fn wait(event: &OwnedHandle, milliseconds: u32) -> bool {
    // SAFETY: as for `set`.
    unsafe { WaitForSingleObject(event.as_raw_handle(), milliseconds) == WAIT_OBJECT_0 }
}
