//! Fuzzing, with libFuzzer, of all code that takes input from others.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::step;
use crate::workspace::{root, target};

/// A fuzz target.
struct Target {
    name: &'static str,
    /// The dictionary of its input.
    dictionary: Option<&'static str>,
    /// The additional libFuzzer options.
    options: &'static [&'static str],
}

/// All fuzz targets. They are also listed in USAGE.
const TARGETS: [Target; 4] = [
    // Structs that point to each other in a cycle keep each other alive, which is by design and would hide other
    // findings: only the size of each allocation is limited.
    Target { name: "cdef", dictionary: Some("c.dict"), options: &["-rss_limit_mb=0"] },
    // Functions prepared by a worker live as long as its process, so one process must not run for long.
    Target { name: "requests", dictionary: Some("protocol.dict"), options: &["-fork=1", "-rss_limit_mb=4096"] },
    Target { name: "replies", dictionary: Some("protocol.dict"), options: &[] },
    Target { name: "region", dictionary: None, options: &["-max_len=2048"] },
];

/// The names of all targets.
fn names() -> String {
    TARGETS.map(|target| target.name).join(", ")
}

/// `cargo xtask fuzz TARGET [SECONDS or libFuzzer arguments]`. Without either it runs until it is stopped.
///
/// Findings are in `fuzz/artifacts`, inputs with new coverage in `fuzz/corpus`.
pub(crate) fn fuzz(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let [name, rest @ ..] = arguments else {
        return Err(Failure::usage(format!("fuzz needs a target: {}", names())));
    };
    let Some(target) = TARGETS.iter().find(|target| target.name == name.to_string_lossy()) else {
        return Err(Failure::usage(format!("{name:?} is not a fuzz target; the targets are {}", names())));
    };
    if !step::succeeds(nightly_cargo().args(["fuzz", "--version"])) {
        return Err(Failure::new(
            "fuzzing needs a nightly toolchain, cargo-fuzz and a C++ compiler:\n    rustup toolchain install nightly\n    \
             cargo install --locked cargo-fuzz\n    apt-get install g++",
        ));
    }
    let mut command = command_for(target)?;
    match rest {
        [seconds] if seconds.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) => {
            command.arg(format!("-max_total_time={}", seconds.to_string_lossy()))
        }
        _ => command.args(rest),
    };
    step::run(&mut command).map(|()| ExitCode::SUCCESS)
}

fn command_for(target: &Target) -> Result<Command, Failure> {
    let folder = root().join("fuzz");
    let corpus = folder.join("corpus").join(target.name);
    fs::create_dir_all(&corpus).map_err(|error| Failure::file(&corpus, &error))?;
    let mut command = nightly_cargo();
    command.args(["fuzz", "run", target.name]).arg(&corpus).arg(folder.join("seeds").join(target.name)).arg("--");
    if let Some(dictionary) = target.dictionary {
        command.arg(format!("-dict={}", folder.join(dictionary).display()));
    }
    command.env("ASAN_OPTIONS", "detect_leaks=0");
    command.args(["-detect_leaks=0", "-malloc_limit_mb=1024", "-timeout=10", "-print_final_stats=1"]);
    command.args(target.options);
    Ok(command)
}

/// The cargo of the nightly toolchain, which alone supports sanitizers and coverage instrumentation.
fn nightly_cargo() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).current_dir(root());
    command.env("CARGO_TARGET_DIR", target().join("fuzz")).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}
