//! Linux: a thread that waits for the host's exit. The serving thread does not end on its own here.

use std::io;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use protocol::link::Watcher;

use crate::process;

/// The task of the thread.
type Task = Box<dyn FnOnce() + Send>;

/// Sends the thread started with the process its task, once.
static WAITING: Mutex<Option<Sender<Task>>> = Mutex::new(None);

/// Starts the watching thread. It starts before the host is answered: a worker that could not watch must not run a
/// library.
pub(crate) fn start() -> io::Result<()> {
    let (give, given) = mpsc::channel::<Task>();
    thread::Builder::new().spawn(move || given.recv().map(|task| task()))?;
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(give);
    Ok(())
}

/// Calls `ended` once the host has exited.
pub(crate) fn watch_host(watcher: Watcher, ended: impl FnOnce() + Send + 'static) -> io::Result<()> {
    process::keep_from_forks(&watcher);
    run_beside(move || {
        watcher.wait_for_end();
        ended();
    })
}

/// Runs a task on another thread: the one started with the process, if that has no task yet.
pub(crate) fn run_beside(task: impl FnOnce() + Send + 'static) -> io::Result<()> {
    match WAITING.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // It waits for nothing else, and therefore receives it.
        Some(waiting) => waiting.send(Box::new(task)).map_err(|_| io::Error::other("the watching thread has ended")),
        None => thread::Builder::new().spawn(task).map(drop),
    }
}

/// Sleeps for a time.
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}
