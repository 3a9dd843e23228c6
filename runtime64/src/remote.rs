//! The host's view of workers: finding their executables, starting them, calling them, detecting their death.
//!
//! This module knows neither Lua nor C. A [`Worker`] takes [typed requests](protocol::Call); it starts when first
//! needed and restarts after it died. Each start is a new *generation*: the ids of libraries and functions and the
//! addresses of an earlier one are invalid.

mod attach;
mod client;
mod dump;
mod error;
mod exit_log;
mod interrupt;
mod kill_handle;
mod kind;
mod lasting_thread;
mod locate;
mod memory;
mod process;
mod process_options;
mod program_folder;
mod reaper;
mod report;
mod session;
mod settings;
mod spare;
mod start;
mod statistics;
mod watchdog;
mod wine;
mod worker;
mod workers;

pub use client::Answer;
#[doc(hidden)]
pub use client::{Client, RequestFailure};
pub use error::{Access, Death, RemoteError, Started};
pub use interrupt::Interrupt;
pub use kind::WorkerKind;
pub use memory::{Allocation, ArenaUse};
pub use process::{Exit, end_at_interrupt, exit_at_once, outlive_file_size_limit};
pub use process_options::{Priority, ProcessOptions};
pub use program_folder::note_program_folder;
pub use report::Report;
pub use session::{REQUEST_LIMIT, Session};
pub use settings::{LinkKind, Recycling, Settings};
pub use spare::Spares;
pub use statistics::{RunningStatistics, Statistics};
pub use watchdog::Deadline;
pub use wine::{Wine, host_path, windows_path};
pub use worker::{Generation, Worker};
pub use workers::Workers;
