//! Arbitrary texts for the parser of declarations, by libFuzzer.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::step;
use crate::workspace::{root, target};

/// What can be fuzzed.
const TARGETS: &[&str] = &["cdef"];

/// `cargo xtask fuzz TARGET [SECONDS or libFuzzer arguments]`. Without either it goes on until it is stopped.
///
/// What it finds is in `fuzz/artifacts`, and the texts that reach something new in `fuzz/corpus`.
pub(crate) fn fuzz(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let [name, rest @ ..] = arguments else {
        return Err(Failure::usage(format!("fuzz takes what to fuzz: {}", TARGETS.join(", "))));
    };
    let Some(name) = TARGETS.iter().find(|known| **known == name.to_string_lossy()) else {
        return Err(Failure::usage(format!("{name:?} cannot be fuzzed, only {}", TARGETS.join(", "))));
    };
    if !step::succeeds(nightly_cargo().args(["fuzz", "--version"])) {
        return Err(Failure::new(
            "fuzzing needs a nightly toolchain, cargo-fuzz and a C++ compiler:\n    rustup toolchain install nightly\n    \
             cargo install --locked cargo-fuzz\n    apt-get install g++",
        ));
    }
    let folder = root().join("fuzz");
    let corpus = folder.join("corpus").join(name);
    fs::create_dir_all(&corpus).map_err(|error| Failure::file(&corpus, &error))?;
    let mut command = nightly_cargo();
    command.args(["fuzz", "run", name]).arg(&corpus).arg(folder.join("seeds").join(name)).arg("--");
    command.arg(format!("-dict={}", folder.join("c.dict").display()));
    // Structs that point to each other in a circle keep each other alive, which is by design and would drown the rest:
    // leaks are not looked for, and memory is limited for each allocation alone.
    command.env("ASAN_OPTIONS", "detect_leaks=0");
    command.args([
        "-detect_leaks=0",
        "-rss_limit_mb=0",
        "-malloc_limit_mb=1024",
        "-timeout=10",
        "-print_final_stats=1",
    ]);
    match rest {
        [seconds] if seconds.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) => {
            command.arg(format!("-max_total_time={}", seconds.to_string_lossy()))
        }
        _ => command.args(rest),
    };
    step::run(&mut command).map(|()| ExitCode::SUCCESS)
}

/// The cargo of the nightly toolchain: sanitizers and the counting of branches are its alone.
fn nightly_cargo() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).current_dir(root());
    command.env("CARGO_TARGET_DIR", target().join("fuzz")).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}
