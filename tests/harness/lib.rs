//! What the integration tests stand on: where the built programs and libraries are, programs run under a watchdog, and
//! conditions that are awaited instead of slept for.
//!
//! Nothing here is skipped: what is missing ends the test with a message that says what to do.

mod configuration;
mod environment;
#[cfg(unix)]
mod limited;
mod output;
mod process;
mod run;
mod scratch;
mod spawn;
#[cfg(unix)]
mod terminal;
mod wait;
#[cfg(unix)]
mod wine_server;

pub use configuration::Configuration;
pub use environment::{fixtures, is_release, linux_programs, repository, windows_programs, wine};
#[cfg(unix)]
pub use limited::{Idlers, Limited};
pub use output::Output;
pub use process::{Process, Role, processes};
pub use run::{Run, run, run_with_input};
pub use scratch::Scratch;
#[cfg(unix)]
pub use terminal::Terminal;
pub use wait::wait_until;
#[cfg(unix)]
pub use wine_server::{WineServer, end_what_wine_runs};
