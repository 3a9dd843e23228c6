//! What goes on while the prompt waits: threads of libraries may have called callbacks.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use runtime64::{Runtime, RuntimeError};

/// How long a callback waits at most: short for a person, long for a processor.
const PAUSE: Duration = Duration::from_millis(30);

/// Waits for something, and has callbacks served on another thread meanwhile. `report` shows what they raise.
pub(super) fn during<R>(runtime: &Runtime, report: impl Fn(&RuntimeError) + Sync, wait: impl FnOnce() -> R) -> R {
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            let is_done = is_done;
            while is_done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = runtime.serve_callbacks() {
                    report(&error);
                }
            }
        });
        let waited = wait();
        drop(done);
        waited
    })
}
