//! Windows: one thread watches for everything and makes the reports that a thread without stack cannot make. Each thread
//! more has a dying process end later, under Wine by a tenth of a millisecond and up to one on a busy machine.
#![allow(unsafe_code, reason = "what is watched for are handles, and the operating system's functions wait for them")]

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

/// How long the thread may take to run.
const START_LIMIT: Duration = Duration::from_secs(5);

/// How long the thread rests if it cannot wait, as when a library has closed a handle that is not its own.
const REST: Duration = Duration::from_millis(10);

/// How many objects are waited for at once: the thread that serves, the wish for a report, and the two that tell of the host's end.
const MOST: usize = 4;

static WATCHED: OnceLock<Watched> = OnceLock::new();

/// What is watched for from the start.
struct Watched {
    /// The thread that serves the host.
    serving: OwnedHandle,
    /// Is set when there is a host whose end can be waited for; resets itself.
    host_is_known: OwnedHandle,
}

/// That host, until the thread takes it.
static HOST: Mutex<Option<Host>> = Mutex::new(None);

struct Host {
    watcher: Watcher,
    ended: Box<dyn FnOnce() + Send>,
}

/// Starts the thread, which lasts as long as the process, and waits until it runs: a new thread begins with the loader's
/// lock, and would wait for it while a library is loaded that is to be reported.
///
/// The process ends when the calling thread does, which serves the host: a library may end it alone, with ExitThread, and
/// Wine does so for an exception that it cannot deliver.
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

/// Calls `ended` once the host has.
#[expect(clippy::unnecessary_wraps, reason = "it may fail on Linux")]
pub(crate) fn watch_host(watcher: Watcher, ended: impl FnOnce() + Send + 'static) -> io::Result<()> {
    *host() = Some(Host { watcher, ended: Box::new(ended) });
    if let Some(watched) = WATCHED.get() {
        fault::set(&watched.host_is_known);
    }
    Ok(())
}

/// Runs a task on a thread of its own: the one that was started with the process watches.
pub(crate) fn run_beside(task: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(task).map(drop)
}

/// Rests for a time, and goes on to watch meanwhile for all but the host.
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

/// Waits for what is watched for from the start and does what it asks for; gives whether one of the other objects came instead.
fn attend(watched: &Watched, others: &[BorrowedHandle<'_>], milliseconds: u32) -> bool {
    let report = fault::report_wanted();
    let objects = [watched.serving.as_handle()].into_iter().chain(report).chain(others.iter().copied());
    // Whoever wants a report may hold the lock of the heap, so that nothing may be allocated or freed here.
    let mut handles = [ptr::null_mut(); MOST];
    let mut count = 0;
    for (handle, object) in handles.iter_mut().zip(objects) {
        *handle = object.as_raw_handle();
        count += 1;
    }
    // SAFETY: the handles are open for as long as they are borrowed, and there are as many as said.
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

/// Ends the process with the code that a thread has ended with.
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
    // SAFETY: the pseudo handles of the current process and thread are always valid; the real handle is owned only if the
    // function says that it has made one.
    unsafe {
        let process = GetCurrentProcess();
        match DuplicateHandle(process, GetCurrentThread(), process, &raw mut thread, 0, 0, DUPLICATE_SAME_ACCESS) {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(OwnedHandle::from_raw_handle(thread)),
        }
    }
}
