//! Releases the host's resources of exited workers on a separate thread and after a short delay, so that threads which
//! wait for the news of an exit are not held up: unmapping memory and closing handles takes milliseconds where Wine is
//! the system, and blocks memory operations of the whole process.

use std::thread;
use std::time::{Duration, Instant};

use super::lasting_thread::LastingThread;
use super::start::RunningWorker;

/// The delay, during which the error is raised, caught and reported.
const KEPT: Duration = Duration::from_millis(50);

/// The resources of an exited worker, and the time of its exit.
type ExitedWorker = (Instant, RunningWorker);

/// Releases the host's resources of an exited worker after a short delay. Its arena is invalid from now on.
pub(super) fn reap(ended: RunningWorker) {
    static ENDED: LastingThread<ExitedWorker> =
        LastingThread::new("releases resources of exited workers", release_later);
    ended.bury_arena();
    // Without a thread they are returned with the error, and released here.
    let _ = ENDED.send((Instant::now(), ended));
}

fn release_later((left, ended): ExitedWorker) {
    thread::sleep(KEPT.saturating_sub(left.elapsed()));
    drop(ended);
}
