//! The process that loads a library and runs its functions for `runtime64`.
//!
//! It knows no C declarations and no Lua: it gets names, prepared signatures and values, and answers with values. Built
//! for i686 it is `worker32`; the same package built for the host's width is `worker64`. Requests arrive on the
//! inherited [channel](protocol::link); standard output and error belong to the library.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use protocol::link;

mod fault;
mod invoke;
mod library;
mod memory;
mod output;
mod process;
mod serve;

pub use serve::serve;

/// How long a busy worker may go on after its host has closed the channel. An idle one ends at once.
const GRACE: Duration = Duration::from_millis(300);

/// Serves the host that started this process, until the host closes the channel.
#[must_use]
pub fn run() -> ExitCode {
    let endpoint = match link::inherit() {
        Ok(endpoint) => endpoint,
        Err(error) => {
            eprintln!("worker32 is started by runtime64, which hands it a channel; it is not run by hand ({error})");
            return ExitCode::from(2);
        }
    };
    process::end_with_host();
    process::suppress_dialogs();
    output::flush_lines();
    fault::report_to(&endpoint.sender);
    let closed = || {
        thread::sleep(GRACE);
        process::end_now();
    };
    match serve(endpoint.receiver, endpoint.sender, closed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker32: {error}");
            ExitCode::FAILURE
        }
    }
}
