//! The process that loads libraries and runs their functions for `runtime64`.
//!
//! It handles neither C declarations nor Lua: it receives names, prepared signatures and values, and replies with
//! values. Built for i686 it is `worker32`; the same package built for the host's width is `worker64`. Requests
//! arrive on the inherited [link](protocol::link); standard output and error belong to the library.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

mod allocations;
mod batch;
mod callback;
mod conversation;
mod fault;
mod foreign_callbacks;
mod invoke;
mod jobs;
mod library;
mod link;
mod memory;
mod output;
mod process;
mod segments;
mod serve;
mod server;
mod watch;

pub use serve::serve;

/// How long a worker that is busy in a library may continue after its host has closed the channel.
const BUSY_GRACE: Duration = Duration::from_millis(300);

/// How long the libraries' destructors may take after that. The host waits a shorter time before it terminates the
/// process.
const ENDING_GRACE: Duration = Duration::from_secs(4);

/// Whether the main loop has ended and the process is exiting.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether the process is exiting normally.
fn is_ending() -> bool {
    ENDING.load(Ordering::Relaxed)
}

/// Serves the host that started this process, until the host closes the channel.
#[must_use]
pub fn run() -> ExitCode {
    library::restrict_search();
    let endpoint = match protocol::link::inherit() {
        Ok(endpoint) => endpoint,
        Err(error) => {
            say(&format!(
                "this program is started by runtime64, which passes it a channel; it cannot be run by hand ({error})"
            ));
            return ExitCode::from(2);
        }
    };
    process::keep_from_forks(&endpoint.receiver);
    process::keep_from_forks(&endpoint.sender);
    process::suppress_dialogs();
    output::prepare();
    fault::report_to(&endpoint.sender);
    let watched = watch::start();
    let served = serve::serve_host(endpoint, watched, end_unless_done);
    ENDING.store(true, Ordering::Relaxed);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard error. A closed stream, or a file that may not grow, must not cause a panic.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "worker32: {text}");
}

/// Ends the process after the channel has closed, if it does not end by itself.
fn end_unless_done() {
    rest(BUSY_GRACE);
    if is_ending() {
        rest(ENDING_GRACE);
    }
    process::end_now();
}

/// Sleeps in many pauses: on a busy machine each of them takes longer, so that the other threads can run before the
/// time is over.
fn rest(time: Duration) {
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 0..time.as_millis() / PAUSE.as_millis() {
        watch::pause(PAUSE);
    }
}
