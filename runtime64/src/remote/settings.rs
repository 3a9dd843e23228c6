//! Settings of workers.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use super::{Interrupt, ProcessOptions, RemoteError, Spares};

/// The user's settings; those that are not set have the documented defaults.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// A worker's executable, or a folder of workers. By default they are found by the environment variables
    /// `RUNTIME64_WORKER32` and `RUNTIME64_WORKER64`, then beside this program.
    pub worker: Option<PathBuf>,
    /// Wine's loader. Default: the value of `RUNTIME64_WINE`, then the system's.
    pub wine: Option<PathBuf>,
    /// The script's folder, which is searched first for libraries.
    pub script_directory: Option<PathBuf>,
    /// How workers are linked. Default: the value of `RUNTIME64_LINK`, `shared` or `plain`, then shared memory.
    pub link: Option<LinkKind>,
    /// The maximum memory of one worker's objects, in bytes. Default: the value of `RUNTIME64_ARENA_LIMIT`, in MiB,
    /// then 1 GiB.
    pub arena_limit: Option<u64>,
    /// The time limit of calls without their own, after which the worker is terminated. Default: no limit.
    pub call_deadline: Option<Duration>,
    /// The interrupt of workers with these settings.
    pub interrupt: Interrupt,
    /// The name of the worker in messages; without one it is named by its kind.
    pub name: Option<String>,
    /// The options of its process.
    pub process_options: ProcessOptions,
    /// Whether it stays ended once it has died, until a restart is requested.
    pub never_restarts: bool,
    /// When to replace a healthy worker.
    pub recycling: Recycling,
    /// The folder for the dump of the process's memory when it crashes; without it no dump is written.
    pub crash_dir: Option<PathBuf>,
    /// The spare workers to use; without it none are started.
    pub spares: Option<Spares>,
}

/// When to replace a worker by a fresh one, between two calls. References of scripts to the old one then become stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recycling {
    /// After this many calls.
    pub calls: Option<u64>,
    /// When it uses more memory than this, in bytes.
    pub memory: Option<u64>,
}

/// How host and worker are linked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkKind {
    /// Through shared memory, if the system supports it.
    #[default]
    Shared,
    /// Through the plain channel.
    Plain,
}

/// A 32-bit worker has 2 to 4 GiB of addresses, which its libraries also need.
const ARENA_LIMIT: u64 = 1 << 30;

/// The minimum and the maximum, in MiB; no machine comes near the latter.
const ARENA_LIMITS: std::ops::RangeInclusive<u64> = 1..=1 << 20;

impl Recycling {
    /// Whether the worker is ever replaced.
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        self.calls.is_some() || self.memory.is_some()
    }
}

impl Settings {
    /// Whether a worker started with these settings can serve as one with others.
    pub(super) fn starts_as(&self, other: &Self) -> bool {
        self.worker == other.worker
            && self.wine == other.wine
            && self.link == other.link
            && self.arena_limit == other.arena_limit
            && self.process_options == other.process_options
            && self.crash_dir == other.crash_dir
    }

    /// The same settings for a spare, which must not keep the other spares alive.
    pub(super) fn without_spares(&self) -> Self {
        Self { spares: None, ..self.clone() }
    }

    /// How workers are linked.
    pub(super) fn link(&self) -> Result<LinkKind, RemoteError> {
        if let Some(link) = self.link {
            return Ok(link);
        }
        const VARIABLE: &str = "RUNTIME64_LINK";
        match variable(VARIABLE).as_deref() {
            None | Some("shared") => Ok(LinkKind::Shared),
            Some("plain") => Ok(LinkKind::Plain),
            Some(value) => {
                let value = value.to_owned();
                Err(RemoteError::Setting { variable: VARIABLE, value, expected: "shared or plain" })
            }
        }
    }

    /// The maximum memory of objects, in bytes: a multiple of a MiB.
    pub(super) fn arena_limit(&self) -> Result<u64, RemoteError> {
        const MIB: u64 = 1 << 20;
        if let Some(limit) = self.arena_limit {
            let limit = limit.div_ceil(MIB).clamp(*ARENA_LIMITS.start(), *ARENA_LIMITS.end());
            return Ok(limit * MIB);
        }
        const VARIABLE: &str = "RUNTIME64_ARENA_LIMIT";
        let Some(value) = variable(VARIABLE) else {
            return Ok(ARENA_LIMIT);
        };
        match value.parse().ok().filter(|limit| ARENA_LIMITS.contains(limit)) {
            Some(limit) => Ok(limit * MIB),
            None => {
                let expected = "a number of MiB from 1 to 1048576";
                Err(RemoteError::Setting { variable: VARIABLE, value, expected })
            }
        }
    }
}

/// The value of an environment variable. An empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    env::var_os(name).filter(|value| !value.is_empty()).map(|value| value.to_string_lossy().into_owned())
}
