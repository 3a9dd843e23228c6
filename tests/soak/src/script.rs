//! The scripts that hosts run.

use std::time::Duration;

use tests::{Configuration, Run, Scratch};

/// Starts a host with a script, its standard input open.
pub(crate) fn start(
    configuration: Configuration,
    scratch: &Scratch,
    source: &str,
    arguments: &[String],
    environment: &[(&str, String)],
    limit: Duration,
) -> Run {
    let script = scratch.file("script.lua", source);
    let mut command = configuration.runtime();
    command.arg(configuration.path(&script)).args(arguments);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(std::process::Stdio::piped());
    Run::start(command, limit)
}

/// The path of a fixture as the configuration's host names it.
pub(crate) fn library(configuration: Configuration, fixture: &str) -> String {
    configuration.path(&configuration.fixture(fixture))
}

/// The path of a fixture in the library kind that reaches the host's own processes.
pub(crate) fn library_beside_host(configuration: Configuration, fixture: &str) -> String {
    let beside = if configuration == Configuration::WineWorker { Configuration::HostWidth } else { configuration };
    library(beside, fixture)
}

/// How long so many steps may take: the watchdog is there against hangs, not slowness.
pub(crate) fn limit(configuration: Configuration, steps: u64) -> Duration {
    let (each, start) = if configuration.needs_wine() { (4_000, 180) } else { (500, 60) };
    Duration::from_secs(start) + Duration::from_millis(each * steps)
}
