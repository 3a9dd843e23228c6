//! `cargo xtask bench`: builds the benchmarks of `tests/bench` and runs them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::build::{self, Profile};
use crate::failure::Failure;
use crate::setup::{self, Tools};
use crate::step;
use crate::wine_server::Server;
use crate::workspace::{System, cargo, dist, root, target};

mod peers;

const I686_LINUX: &str = "i686-unknown-linux-gnu";
const I686_WINDOWS: &str = "i686-pc-windows-gnu";

/// The libraries of the benchmarks: compiler, compiler options, and file name.
const LIBRARIES: [(&str, &[&str], &str); 3] = [
    ("gcc", &["-m32", "-msse2", "-fPIC"], "libbench.so"),
    ("gcc", &["-fPIC"], "libbench64.so"),
    ("i686-w64-mingw32-gcc", &["-msse2"], "bench.dll"),
];

/// `cargo xtask bench [--quick]`.
pub(crate) fn bench(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let quick = match words.iter().map(AsRef::as_ref).collect::<Vec<_>>()[..] {
        [] => false,
        ["--quick"] => true,
        _ => {
            return Err(Failure::usage(format!(
                "bench: unknown option {}; the only option is --quick",
                words.join(" ")
            )));
        }
    };
    if System::HOST == System::Windows {
        return Err(Failure::usage("bench: the benchmarks run on Linux, with Wine for the Windows workers"));
    }
    let tools = setup::everything()?;
    let _server = tools.wine.as_ref().map(Server::start).transpose()?;
    build::build(Profile::Release, &[System::HOST])?;
    let folder = target().join("bench");
    build_measurements(&folder)?;
    let peers = if quick { peers::installed(&folder) } else { peers::install(&folder) };
    let json = target().join("bench.json");
    let mut command = Command::new(folder.join("bench"));
    command.arg("all").arg(if quick { "quick" } else { "full" }).arg(&json);
    command.env("RUNTIME64_BENCH_PROGRAMS", dist(System::HOST)).env("RUNTIME64_BENCH_FIXTURES", &folder);
    command.envs(peers);
    offer_wine(&tools, &mut command);
    step::run(&mut command)?;
    step::say(&format!("the figures are in {}", json.display()));
    Ok(ExitCode::SUCCESS)
}

fn offer_wine(tools: &Tools, command: &mut Command) {
    if let Some(wine) = &tools.wine {
        wine.apply(command).env("RUNTIME64_WINE", wine.loader());
    }
}

/// Builds both sides of the benchmarks and the library that they call.
fn build_measurements(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    let cargo_build = |arguments: &[&str]| {
        let mut command = cargo();
        command.args(["build", "--quiet", "--locked", "--release", "--package", "bench"]).args(arguments);
        step::run(&mut command)
    };
    cargo_build(&["--features", "host", "--bin", "bench"])?;
    cargo_build(&["--bin", "peer", "--target", I686_LINUX])?;
    cargo_build(&["--bin", "peer", "--target", I686_WINDOWS])?;
    let built = |within: &str, name: &str| target().join(within).join("release").join(name);
    copy(&built("", "bench"), &folder.join("bench"))?;
    copy(&built(I686_LINUX, "peer"), &folder.join("peer"))?;
    copy(&built(I686_WINDOWS, "peer.exe"), &folder.join("peer.exe"))?;
    let source = root().join("tests/bench/fixtures/bench.c");
    for (compiler, options, name) in LIBRARIES {
        let mut command = Command::new(compiler);
        command.args(["-O3", "-shared", "-o"]).arg(folder.join(name)).args(options).arg(&source);
        step::run(&mut command)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &PathBuf) -> Result<(), Failure> {
    fs::copy(from, to).map(drop).map_err(|error| Failure::file(from, &error))
}
