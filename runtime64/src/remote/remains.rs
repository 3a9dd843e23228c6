//! What workers that have ended leave to the host, let go of beside those who wait for the news, and a little later: to unmap
//! memory and close handles takes milliseconds where Wine is the system, and holds up what the whole process does with memory.

use std::thread;
use std::time::{Duration, Instant};

use super::lasting_thread::LastingThread;
use super::start::Running;

/// How long it is kept, in which the news is raised, caught and told.
const KEPT: Duration = Duration::from_millis(50);

/// What a worker has left, and when.
type Left = (Instant, Running);

/// Lets go of what the host has of a worker that has ended, soon. Its arena is of no use from now on.
pub(super) fn let_go(ended: Running) {
    static ENDED: LastingThread<Left> = LastingThread::new("releases what workers have left", let_go_in_time);
    ended.bury_arena();
    // Without a thread it comes back with the error, and is let go of here.
    let _ = ENDED.send((Instant::now(), ended));
}

fn let_go_in_time((left, ended): Left) {
    thread::sleep(KEPT.saturating_sub(left.elapsed()));
    drop(ended);
}
