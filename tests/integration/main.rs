//! The built programs, tried as a user would use them. `cargo xtask test` builds what they need and runs them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod command_line;
mod declarations_page;
mod decoys;
mod documentation;
mod examples;
mod lua_scripts;
mod markdown;
mod program_end;
mod programs;
mod windows_libraries;
mod worker_output;

// These need Wine beside Linux, a terminal, or processes that can be listed and killed from outside.
#[cfg(unix)]
mod byte_paths;
#[cfg(unix)]
mod crash_dumps;
#[cfg(unix)]
mod endpoints;
#[cfg(unix)]
mod hostile_workers;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod limits;
#[cfg(unix)]
mod link;
#[cfg(unix)]
mod linux_libraries;
#[cfg(unix)]
mod metrics;
#[cfg(unix)]
mod output;
#[cfg(unix)]
mod repl;
#[cfg(unix)]
mod routing;
#[cfg(unix)]
mod small_stacks;
#[cfg(unix)]
mod wine_prefix;
#[cfg(unix)]
mod worker_life;
#[cfg(unix)]
mod worker_search;

use tests::{Configuration, run};

/// Runs code in a configuration, which must end well and print exactly this.
#[track_caller]
fn assert_prints(configuration: Configuration, code: &str, expected: &str) {
    let mut command = configuration.runtime();
    command.arg("-e").arg(code);
    run(command, configuration.limit()).assert_code(0).assert_stdout(expected);
}
