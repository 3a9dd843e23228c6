//! On Unix the program takes xtask's place.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::step;

/// Becomes the program: Ctrl-C, the terminal and the exit status are its own, with nobody between it and the shell.
pub(super) fn pass_through(command: &mut Command) -> Result<ExitCode, Failure> {
    let error = command.exec();
    Err(Failure::new(format!("{} cannot be started: {error}", step::line_of(command))))
}
