//! Every check and test, ordered so that mistakes show as early as possible. The first failure ends the run.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::build::{self, Profile};
use crate::failure::Failure;
use crate::setup::{self, Tools};
use crate::step;
use crate::wine_server::Server;
use crate::workspace::{System, cargo, dist, tested_release};
use crate::{fixtures, invariants};

const I686_LINUX: &str = "i686-unknown-linux-gnu";
const I686_WINDOWS: &str = "i686-pc-windows-gnu";
const X86_64_WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The measuring side of `tests/bench`, which exists on Linux.
const MEASUREMENTS: &[&str] = match System::HOST {
    System::Linux => &["--features", "bench/host"],
    System::Windows => &[],
};

/// The tests in `tests/` that also use the release build in every complete run: those of the scripts' view of it, and
/// of the programs themselves.
const RELEASE: &[&str] = &["lua_scripts::", "programs::"];

/// `cargo xtask test [--release] [FILTER]`. A filter runs only the tests of `tests/` whose names contain it,
/// `--release` runs these tests with the release build; either skips the checks.
pub(crate) fn test(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let (options, filters): (Vec<&str>, Vec<&str>) =
        words.iter().map(|word| &**word).partition(|word| word.starts_with('-'));
    let is_release = match (&options[..], filters.len()) {
        ([], 0 | 1) => false,
        (["--release"], 0 | 1) => true,
        _ => {
            let message = "test takes --release and one filter, a part of the names of the tests to run";
            return Err(Failure::usage(message));
        }
    };
    setup::rust::components()?;
    let tools = setup::everything()?;
    let _server = tools.wine.as_ref().map(Server::start).transpose()?;
    let mut counts = Counts::default();
    let stages = || -> Result<(), Failure> {
        if is_release {
            return integration_tests(&tools, Profile::Release, &filters, &mut counts);
        }
        if filters.is_empty() {
            checks()?;
            unit_tests(&tools, &mut counts)?;
        }
        integration_tests(&tools, Profile::Dev, &filters, &mut counts)?;
        if filters.is_empty() {
            integration_tests(&tools, Profile::Release, RELEASE, &mut counts)?;
        }
        Ok(())
    };
    let outcome = { stages }();
    if let Err(failure) = &outcome {
        eprintln!("xtask: {failure}");
    }
    let failed = counts.failed + counts.ignored;
    println!("{} passed, {failed} failed", counts.passed);
    let good = outcome.is_ok() && failed == 0 && counts.passed > 0;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks without tests: formatting, lints, documentation, invariants, licences.
fn checks() -> Result<(), Failure> {
    stage("formatting", || step::run(cargo().args(["fmt", "--all", "--check"])))?;
    stage("invariants", invariants::check)?;
    let clippy = |arguments: &[&str]| {
        let mut command = cargo();
        command.args(["clippy", "--quiet", "--locked"]).args(arguments).args(["--", "-D", "warnings"]);
        step::run(&mut command)
    };
    stage("clippy", || clippy(&[&["--workspace", "--all-targets"], MEASUREMENTS].concat()))?;
    if System::HOST == System::Linux {
        let both = ["--package", "runtime64-protocol", "--package", "worker32", "--all-targets", "--target"];
        stage("clippy, 32-bit Linux", || clippy(&[&both[..], &[I686_LINUX]].concat()))?;
        stage("clippy, 32-bit Windows", || clippy(&[&both[..], &[I686_WINDOWS]].concat()))?;
        stage("clippy, 64-bit Windows", || {
            clippy(&[
                "--package",
                "runtime64",
                "--package",
                "worker32",
                "--package",
                "xtask",
                "--target",
                X86_64_WINDOWS,
            ])
        })?;
        stage("clippy, launcher", || {
            clippy(&["--package", "worker32-launcher", "--profile", "launcher", "--target", X86_64_WINDOWS])
        })?;
    }
    stage("documentation", || {
        let mut command = cargo();
        command.args(["doc", "--quiet", "--locked", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings");
        step::run(&mut command)
    })?;
    licences()
}

/// Runs cargo-deny if it is installed; building it takes longer than everything else here. Advisories need the
/// network in every run, so they are left to `cargo deny check advisories`.
fn licences() -> Result<(), Failure> {
    if !step::succeeds(cargo().args(["deny", "--version"])) {
        step::say("licences: not checked, cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    stage("licences", || {
        step::run(cargo().args(["deny", "--all-features", "--offline", "check", "bans", "licenses", "sources"]))
    })
}

fn unit_tests(tools: &Tools, counts: &mut Counts) -> Result<(), Failure> {
    stage("unit tests", || {
        let mut command = cargo();
        command.args(["test", "--quiet", "--locked", "--workspace", "--no-fail-fast"]);
        command.args(["--exclude", "tests", "--exclude", "headers", "--exclude", "layouts"]);
        command.args(["--exclude", "calls", "--exclude", "soak"]).args(MEASUREMENTS);
        counts.run(&mut command)
    })?;
    if System::HOST == System::Linux {
        stage("headers", || {
            counts.run(cargo().args(["test", "--quiet", "--locked", "--package", "headers", "--no-fail-fast"]))
        })?;
    }
    let Some(wine) = &tools.wine else {
        return Ok(());
    };
    stage("byte layouts, against compilers", || {
        counts.run(cargo().args(["test", "--quiet", "--locked", "--package", "layouts", "--no-fail-fast"]))
    })?;
    let worker =
        ["test", "--quiet", "--locked", "--package", "runtime64-protocol", "--package", "worker32", "--no-fail-fast"];
    stage("unit tests, 32-bit Linux", || counts.run(cargo().args(worker).args(["--target", I686_LINUX])))?;
    stage("unit tests, 32-bit Windows", || {
        let mut command = cargo();
        command.args(worker).args(["--tests", "--target", I686_WINDOWS]);
        command.env("CARGO_TARGET_I686_PC_WINDOWS_GNU_RUNNER", wine.loader());
        counts.run(wine.apply(&mut command))
    })
}

/// The tests of `tests/`, `tests/calls` and `tests/soak`, which run the built programs: those whose names contain one
/// of the filters.
fn integration_tests(tools: &Tools, profile: Profile, filters: &[&str], counts: &mut Counts) -> Result<(), Failure> {
    let systems = [System::HOST, System::Windows];
    let (folder, what): (fn(System) -> PathBuf, _) = match profile {
        Profile::Dev => (dist, ""),
        Profile::Release => (tested_release, ", release"),
    };
    stage(&format!("programs{what}"), || build::build_into(folder, profile, &systems))?;
    let fixtures = stage("fixtures", fixtures::build)?;
    // All packages at once, so that their shared code is built once.
    let packages = ["--locked", "--package", "tests", "--package", "calls", "--package", "soak"];
    stage("embedder", || step::run(cargo().args(["build", "--quiet", "--example", "embedded"]).args(packages)))?;
    stage(&format!("integration tests{what}"), || {
        let mut command = cargo();
        command.arg("test").args(packages).arg("--").args(filters);
        command.env("RUNTIME64_FIXTURES", &fixtures).env("RUNTIME64_TESTED_PROFILE", profile.name());
        counts.run(with_programs_in(folder, &mut command, tools))
    })
}

/// Passes a command the locations of the last built programs, and of Wine.
pub(crate) fn with_programs<'a>(command: &'a mut Command, tools: &Tools) -> &'a mut Command {
    with_programs_in(dist, command, tools)
}

fn with_programs_in<'a>(folder: fn(System) -> PathBuf, command: &'a mut Command, tools: &Tools) -> &'a mut Command {
    command.env("RUNTIME64_DIST_LINUX", folder(System::Linux));
    command.env("RUNTIME64_DIST_WINDOWS", folder(System::Windows));
    if let Some(wine) = &tools.wine {
        wine.apply(command);
    }
    command
}

/// Runs a stage, and prints its name and duration.
fn stage<T>(name: &str, part: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    step::say(name);
    let start = Instant::now();
    let outcome = part().map_err(|failure| Failure::new(format!("{name}: {failure}")))?;
    step::say(&format!("{name}: done in {:.1} s", start.elapsed().as_secs_f64()));
    Ok(outcome)
}

/// The totals reported by test runners.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// Runs a command, passes on its output, and adds its totals.
    fn run(&mut self, command: &mut Command) -> Result<(), Failure> {
        let line = step::line_of(command);
        let cannot = |error: std::io::Error| Failure::new(format!("{line}: {error}"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(cannot)?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                // The reader of the output may be gone; the tests continue.
                let _ = writeln!(std::io::stdout(), "{}", line.trim_end_matches('\r'));
                self.add(&line);
            }
        }
        let status = child.wait().map_err(cannot)?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("{line} failed ({status})"))) }
    }

    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out`.
    fn add(&mut self, line: &str) {
        let Some(results) = line.trim().strip_prefix("test result: ") else {
            return;
        };
        for part in results.split(['.', ';']) {
            let mut words = part.split_whitespace();
            if let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) {
                match what {
                    "passed" => self.passed += count,
                    "failed" => self.failed += count,
                    "ignored" => self.ignored += count,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up() {
        let mut counts = Counts::default();
        counts.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s");
        counts.add("test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out");
        counts.add("test thing ... ok");
        assert_eq!(counts, Counts { passed: 5, failed: 4, ignored: 1 });
    }
}
