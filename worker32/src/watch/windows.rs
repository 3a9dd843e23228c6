//! Windows: one thread watches for everything and makes the reports that a thread without stack cannot make. Each
//! additional thread delays the exit of a dying process, under Wine by a tenth of a millisecond and up to one on a
//! busy machine.
#![allow(unsafe_code, reason = "handles are waited for through the operating system's functions")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use protocol::link::Watcher;
use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, GetExitCodeThread, INFINITE, TerminateProcess, WaitForMultipleObjects,
};

use crate::fault;

/// The time limit for the thread to start running.
const START_LIMIT: Duration = Duration::from_secs(5);

/// How long the thread sleeps if it cannot wait, for instance after a library has closed a handle it does not own.
const REST: Duration = Duration::from_millis(10);

/// The maximum number of objects waited for at once: the serving thread, the report request, and the two that signal
/// the host's exit.
const MOST: usize = 4;

static WATCHED: OnceLock<Watched> = OnceLock::new();

/// The objects watched from the start.
struct Watched {
    /// The thread that serves the host.
    serving: OwnedHandle,
    /// Set when there is a host whose exit can be waited for; auto-reset.
    host_is_known: OwnedHandle,
}

/// That host, until the thread takes it.
static HOST: Mutex<Option<Host>> = Mutex::new(None);

struct Host {
    watcher: Watcher,
    ended: Box<dyn FnOnce() + Send>,
}

/// Starts the thread, which lives as long as the process, and waits until it runs: a new thread first takes the
/// loader's lock, and would wait for it while a library is loaded whose crash is to be reported.
///
/// The process ends when the calling thread, which serves the host, does: a library may end only that thread, with
/// ExitThread, and Wine does so for an exception that it cannot deliver.
pub(crate) fn start() -> io::Result<()> {
    let watched = Watched { serving: calling_thread()?, host_is_known: fault::event()? };
    let watched = WATCHED.get_or_init(move || watched);
    let (runs, is_run) = mpsc::channel::<()>();
    thread::Builder::new().spawn(move || {
        drop(runs);
        watch(watched);
    })?;
    // The sender is dropped instead of used.
    let _ = is_run.recv_timeout(START_LIMIT);
    Ok(())
}

/// Calls `ended` once the host has exited.
#[expect(clippy::unnecessary_wraps, reason = "it may fail on Linux")]
pub(crate) fn watch_host(watcher: Watcher, ended: impl FnOnce() + Send + 'static) -> io::Result<()> {
    *host() = Some(Host { watcher, ended: Box::new(ended) });
    if let Some(watched) = WATCHED.get() {
        fault::set(&watched.host_is_known);
    }
    Ok(())
}

/// Runs a task on a new thread: the one started with the process is busy watching.
pub(crate) fn run_beside(task: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(task).map(drop)
}

/// Sleeps for a time, and meanwhile continues to watch for everything but the host.
pub(crate) fn pause(time: Duration) {
    match WATCHED.get() {
        Some(watched) => _ = attend(watched, &[], u32::try_from(time.as_millis()).unwrap_or(INFINITE)),
        None => thread::sleep(time),
    }
}

fn watch(watched: &Watched) {
    let host = loop {
        if attend(watched, &[watched.host_is_known.as_handle()], INFINITE)
            && let Some(host) = host().take()
        {
            break host;
        }
    };
    while !attend(watched, &host.watcher.handles(), INFINITE) {}
    (host.ended)();
}

fn host() -> std::sync::MutexGuard<'static, Option<Host>> {
    HOST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the objects watched from the start and handles their events; returns whether one of the other objects
/// was signalled instead.
fn attend(watched: &Watched, others: &[BorrowedHandle<'_>], milliseconds: u32) -> bool {
    let report = fault::report_wanted();
    let objects = [watched.serving.as_handle()].into_iter().chain(report).chain(others.iter().copied());
    // The thread that requests a report may hold the heap lock, so nothing may be allocated or freed here.
    let mut handles = [ptr::null_mut(); MOST];
    let mut count = 0;
    for (handle, object) in handles.iter_mut().zip(objects) {
        *handle = object.as_raw_handle();
        count += 1;
    }
    // SAFETY: the handles are open for as long as they are borrowed, and their number is passed.
    let outcome = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, milliseconds) };
    if outcome == WAIT_FAILED {
        thread::sleep(REST);
        return false;
    }
    match outcome.wrapping_sub(WAIT_OBJECT_0) {
        0 => end_as(&watched.serving),
        1 if report.is_some() => fault::make_report(),
        index => return index < count,
    }
    false
}

/// Ends the process with a thread's exit code.
fn end_as(thread: &OwnedHandle) {
    let mut code = 0;
    // SAFETY: the handle is open, the code is written to a local, and the pseudo handle is always valid.
    unsafe {
        GetExitCodeThread(thread.as_raw_handle(), &raw mut code);
        TerminateProcess(GetCurrentProcess(), code);
    }
}

fn calling_thread() -> io::Result<OwnedHandle> {
    let mut thread: RawHandle = ptr::null_mut();
    // SAFETY: the pseudo handles of the current process and thread are always valid; the real handle is owned only if
    // the function reports that it created one.
    unsafe {
        let process = GetCurrentProcess();
        match DuplicateHandle(process, GetCurrentThread(), process, &raw mut thread, 0, 0, DUPLICATE_SAME_ACCESS) {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(OwnedHandle::from_raw_handle(thread)),
        }
    }
}
