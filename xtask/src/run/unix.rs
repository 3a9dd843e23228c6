//! On Unix the program replaces xtask.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::step;

/// Replaces this process with the program: it directly owns Ctrl-C, the terminal and the exit status.
pub(super) fn pass_through(command: &mut Command) -> Result<ExitCode, Failure> {
    let error = command.exec();
    Err(Failure::new(format!("{} cannot be started: {error}", step::line_of(command))))
}
