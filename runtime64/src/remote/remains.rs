//! What workers that have ended leave to the host, let go of beside those who wait for the news: to unmap memory and close
//! handles takes milliseconds where Wine is the system.

use std::sync::{OnceLock, mpsc};
use std::thread;

use super::start::Running;

/// Lets go of what the host has of a worker that has ended, soon. Its arena is of no use from now on.
pub(super) fn let_go(ended: Running) {
    static ENDED: OnceLock<mpsc::Sender<Running>> = OnceLock::new();
    ended.bury_arena();
    let queue = ENDED.get_or_init(|| {
        let (sender, queue) = mpsc::channel();
        // If there is no thread, there is no receiver either.
        let _ = thread::Builder::new().spawn(move || queue.into_iter().for_each(drop::<Running>));
        sender
    });
    // What cannot be sent comes back with the error, and is let go of here.
    let _ = queue.send(ended);
}
