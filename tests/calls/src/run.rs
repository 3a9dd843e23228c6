//! Libraries made, compiled and called.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::sample::Sample;
use crate::target::Target;
use crate::{c_source, generator, lua_source};

/// How many samples are in one library.
const BATCH: u64 = 400;

/// What calls have shown.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many samples were tried.
    pub tried: u64,
    /// What the scripts that failed have printed, and where they are.
    pub failures: Vec<String>,
}

/// Why nothing could be called.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file cannot be written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The compiler is not installed.
    #[error("the compiler of {0} cannot be started: {1}")]
    Start(Target, io::Error),
    /// The compiler does not take the source; the file is kept.
    #[error("{0} refuses {1}:\n{2}")]
    Refused(Target, PathBuf, String),
}

/// Calls the samples of a seed. Files are made in the folder; those of what fails stay there.
///
/// # Errors
/// The compiler is missing or refuses a source.
///
/// # Panics
/// If a script hangs, or the programs were not built by `cargo xtask`.
pub fn run(target: Target, seed: u64, numbers: Range<u64>, folder: &Path) -> Result<Outcome, RunError> {
    let mut outcome = Outcome::default();
    let mut start = numbers.start;
    while start < numbers.end {
        let end = numbers.end.min(start + BATCH);
        run_batch(target, seed, start..end, folder, &mut outcome)?;
        start = end;
    }
    Ok(outcome)
}

fn run_batch(
    target: Target,
    seed: u64,
    numbers: Range<u64>,
    folder: &Path,
    outcome: &mut Outcome,
) -> Result<(), RunError> {
    let stem = folder.join(format!("{}-{seed}-{}", target.name, numbers.start));
    let samples: Vec<Sample> = numbers.map(|number| generator::sample(seed, number, target.abi)).collect();
    let [source, script] = ["c", "lua"].map(|extension| stem.with_extension(extension));
    let library = target.library(&stem);
    for (path, text) in [(&source, c_source::file(&samples)), (&script, lua_source::file(&samples))] {
        fs::write(path, text).map_err(|error| RunError::File(path.clone(), error))?;
    }
    let compiled = target.compile(&source, &library).stdin(Stdio::null()).output();
    let compiled = compiled.map_err(|error| RunError::Start(target, error))?;
    if !compiled.status.success() {
        return Err(RunError::Refused(target, source, String::from_utf8_lossy(&compiled.stderr).into_owned()));
    }
    let configuration = target.configuration;
    let mut command = configuration.runtime();
    command.args([&script, &library].map(|path| configuration.path(path)));
    let output = tests::run(command, configuration.limit());
    outcome.tried += samples.len() as u64;
    if output.status.success() && output.stdout.lines().last() == Some(&lua_source::last_line(samples.len())) {
        for path in [source, script, library] {
            fs::remove_file(&path).map_err(|error| RunError::File(path, error))?;
        }
    } else {
        outcome.failures.push(format!("{target}, seed {seed}: {}\n{output}", script.display()));
    }
    Ok(())
}
