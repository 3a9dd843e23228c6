//! `cargo xtask soak`: more kills, hangs and calls than the tests make.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::build::{self, Profile};
use crate::failure::Failure;
use crate::fixtures;
use crate::setup;
use crate::step;
use crate::test;
use crate::wine_server::Server;
use crate::workspace::{System, cargo};

/// `cargo xtask soak COMMAND [--count N] [--configuration NAME] [--seed S] [--release]`.
pub(crate) fn soak(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    if System::HOST == System::Windows {
        return Err(Failure::usage("soak runs on Linux only: it counts processes as Linux shows them"));
    }
    let (release, arguments): (Vec<&OsString>, Vec<&OsString>) =
        arguments.iter().partition(|argument| *argument == "--release");
    let profile = if release.is_empty() { Profile::Dev } else { Profile::Release };
    let tools = setup::everything()?;
    let _server = tools.wine.as_ref().map(Server::start).transpose()?;
    build::build(profile, &[System::HOST, System::Windows])?;
    let fixtures = fixtures::build()?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--package", "soak", "--bin", "soak", "--"]).args(arguments);
    command.env("RUNTIME64_FIXTURES", fixtures);
    step::run(test::with_programs(&mut command, &tools))?;
    Ok(ExitCode::SUCCESS)
}
