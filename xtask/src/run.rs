//! Running what was built.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::build::{self, Profile};
use crate::failure::Failure;
use crate::setup;
use crate::workspace::{System, dist};

#[cfg(unix)]
use unix::pass_through;
#[cfg(windows)]
use windows::pass_through;

/// `cargo xtask run [ARGUMENTS]`: the runtime, with its arguments.
pub(crate) fn run(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let tools = setup::everything()?;
    build::build(Profile::Dev, &[System::HOST])?;
    let mut command = Command::new(dist(System::HOST).join(runtime_name(System::HOST)));
    command.args(arguments);
    if let Some(wine) = &tools.wine {
        wine.offer(&mut command);
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
