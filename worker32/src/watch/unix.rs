//! Linux: a thread that waits for the host's end. The thread that serves does not end alone here.

use std::io;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use protocol::link::Watcher;

use crate::process;

/// What the thread is to do.
type Task = Box<dyn FnOnce() + Send>;

/// Gives the thread that was started with the process its task, once.
static WAITING: Mutex<Option<Sender<Task>>> = Mutex::new(None);

/// Starts the thread that will watch. It starts before the host is answered: a worker that could not watch must not run a
/// library.
pub(crate) fn start() -> io::Result<()> {
    let (give, given) = mpsc::channel::<Task>();
    thread::Builder::new().spawn(move || given.recv().map(|task| task()))?;
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(give);
    Ok(())
}

/// Calls `ended` once the host has.
pub(crate) fn watch_host(watcher: Watcher, ended: impl FnOnce() + Send + 'static) -> io::Result<()> {
    process::keep_from_forks(&watcher);
    run_beside(move || {
        watcher.wait_for_end();
        ended();
    })
}

/// Runs a task on another thread, which is the one that was started with the process if that has none yet.
pub(crate) fn run_beside(task: impl FnOnce() + Send + 'static) -> io::Result<()> {
    match WAITING.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // It waits for this alone, and so receives it.
        Some(waiting) => {
            waiting.send(Box::new(task)).map_err(|_| io::Error::other("the thread that watches has ended"))
        }
        None => thread::Builder::new().spawn(task).map(drop),
    }
}

/// Rests for a time.
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}
