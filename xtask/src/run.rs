//! Running what was built.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::build::{self, Profile};
use crate::failure::Failure;
use crate::setup;
use crate::step;
use crate::workspace::{System, dist};

/// `cargo xtask run [ARGUMENTS]`: the runtime, with its arguments.
pub(crate) fn run(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let tools = setup::everything()?;
    build::build(Profile::Dev, &[System::HOST])?;
    let mut command = Command::new(dist(System::HOST).join(runtime_name(System::HOST)));
    command.args(arguments);
    if let Some(wine) = &tools.wine {
        wine.apply(&mut command);
    }
    pass_through(&mut command)
}

/// `cargo xtask wine PROGRAM [ARGUMENTS]`: a Windows program in the private Wine.
pub(crate) fn wine(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let (program, rest) = arguments.split_first().ok_or_else(|| Failure::usage("wine: which program?"))?;
    let wine = setup::everything()?.wine.ok_or_else(|| Failure::usage("wine: this is Windows itself"))?;
    pass_through(wine.command(Path::new(program)).args(rest))
}

/// The file name of the runtime.
pub(crate) fn runtime_name(system: System) -> &'static str {
    match system {
        System::Linux => "runtime64",
        System::Windows => "runtime64.exe",
    }
}

/// Runs a program as if it had been started instead of xtask.
fn pass_through(command: &mut Command) -> Result<ExitCode, Failure> {
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("{} cannot be started: {error}", step::line_of(command))))?;
    // A program that a signal ended has no code; shells count such from 128.
    let code = status.code().unwrap_or_else(|| 128 + signal_of(status));
    Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1)))
}

#[cfg(unix)]
fn signal_of(status: std::process::ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)
}

#[cfg(not(unix))]
fn signal_of(_: std::process::ExitStatus) -> i32 {
    0
}
