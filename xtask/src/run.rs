//! Running the built programs.

#[cfg(unix)]
mod unix;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::build::{self, Profile};
use crate::failure::Failure;
use crate::setup;
use crate::step;
use crate::wine_server::Server;
use crate::workspace::{System, dist};

#[cfg(unix)]
use unix::pass_through;
#[cfg(windows)]
use wait_for as pass_through;

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
    let (program, rest) = arguments.split_first().ok_or_else(|| Failure::usage("wine: a program is needed"))?;
    let wine = setup::everything()?.wine.ok_or_else(|| Failure::usage("wine: not available on Windows"))?;
    // A test run that ends in the meantime would otherwise stop the server, and with it every program, silently.
    let _server = Server::start(&wine)?;
    wait_for(wine.command(Path::new(program)).args(rest))
}

/// Runs a program and exits as it does, as far as an exit code allows.
fn wait_for(command: &mut Command) -> Result<ExitCode, Failure> {
    let line = step::line_of(command);
    let status = command.status().map_err(|error| Failure::new(format!("{line} cannot be started: {error}")))?;
    // A code over 255 is that of a crash, which is not a success.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// The file name of the runtime.
pub(crate) fn runtime_name(system: System) -> &'static str {
    match system {
        System::Linux => "runtime64",
        System::Windows => "runtime64.exe",
    }
}
