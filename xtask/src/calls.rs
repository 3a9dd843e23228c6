//! `cargo xtask calls`: calls more functions of random signatures than the tests do.

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;

use crate::build::{self, Profile};
use crate::failure::Failure;
use crate::layouts::are_count_and_seed;
use crate::setup;
use crate::step;
use crate::test;
use crate::wine_server::Server;
use crate::workspace::{System, cargo, target};

/// `cargo xtask calls [--count N] [--seed S]`.
pub(crate) fn calls(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    if !are_count_and_seed(arguments) {
        return Err(Failure::usage("calls takes --count N and --seed S, both numbers"));
    }
    if System::HOST == System::Windows {
        return Err(Failure::usage("calls: the compilers of the libraries run on Linux"));
    }
    let tools = setup::everything()?;
    let _server = tools.wine.as_ref().map(Server::start).transpose()?;
    build::build(Profile::Dev, &[System::HOST, System::Windows])?;
    let folder = target().join("calls");
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--package", "calls", "--bin", "calls", "--"]);
    step::run(test::with_programs(command.arg(folder).args(arguments), &tools))?;
    Ok(ExitCode::SUCCESS)
}
