//! Serving callbacks of library threads while the prompt waits.

use std::io;
use std::sync::Once;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use runtime64::{Runtime, RuntimeError};

use crate::cli::report::line;

/// How long a callback waits at most: short for a person, long for a processor.
const PAUSE: Duration = Duration::from_millis(30);

fn warn_once(error: &io::Error) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        line(&format!("callbacks from library threads wait while you type, as no thread could be started: {error}"));
    });
}

/// Calls `wait`, and serves callbacks on another thread meanwhile. `report` shows their errors. If the system refuses
/// the thread, the callbacks wait for the next attempt.
pub(super) fn during<R>(runtime: &Runtime, report: impl Fn(&RuntimeError) + Sync, wait: impl FnOnce() -> R) -> R {
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let served = thread::Builder::new().spawn_scoped(scope, || {
            let is_done = is_done;
            while is_done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = runtime.serve_callbacks() {
                    report(&error);
                }
            }
        });
        if let Err(error) = served {
            warn_once(&error);
        }
        let waited = wait();
        drop(done);
        waited
    })
}
