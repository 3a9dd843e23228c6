//! On Windows the program is a child, and xtask waits for it.

use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::step;

/// Runs the program and ends as it does, as far as an exit code can say.
pub(super) fn pass_through(command: &mut Command) -> Result<ExitCode, Failure> {
    let line = step::line_of(command);
    let status = command.status().map_err(|error| Failure::new(format!("{line} cannot be started: {error}")))?;
    // A code over 255 is that of a crash, which is no success.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
