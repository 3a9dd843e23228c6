//! `cargo xtask layouts`: compares more byte layouts with those of compilers than the tests do.

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::setup;
use crate::step;
use crate::workspace::{System, cargo, target};

/// `cargo xtask layouts [--count N] [--seed S]`.
pub(crate) fn layouts(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    if !are_count_and_seed(arguments) {
        return Err(Failure::usage("layouts takes --count N and --seed S, both numbers"));
    }
    if System::HOST == System::Windows {
        return Err(Failure::usage("layouts: the compilers of the comparison run on Linux"));
    }
    setup::everything()?;
    let folder = target().join("layouts");
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--package", "layouts", "--bin", "layouts", "--"]);
    step::run(command.arg(folder).args(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the arguments are only the options `--count` and `--seed`, each with a number.
pub(crate) fn are_count_and_seed(arguments: &[OsString]) -> bool {
    arguments.chunks(2).all(|words| match words {
        [option, number] => {
            (option == "--count" || option == "--seed")
                && number.to_str().is_some_and(|number| number.parse::<u64>().is_ok())
        }
        _ => false,
    })
}
