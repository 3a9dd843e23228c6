//! What the user may set.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use super::{Conditions, Interrupt, RemoteError, Spares};

/// Where things are, as far as the user says; what is not set is found by the rules.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// A worker's executable, or a folder of workers. By default they are looked for by the environment variables
    /// `RUNTIME64_WORKER32` and `RUNTIME64_WORKER64`, then beside this program.
    pub worker: Option<PathBuf>,
    /// Wine's loader. By default the one that `RUNTIME64_WINE` names, then the system's.
    pub wine: Option<PathBuf>,
    /// The script's folder, where its libraries are looked for first.
    pub script_directory: Option<PathBuf>,
    /// How workers are linked. By default as `RUNTIME64_LINK` says, `shared` or `plain`, then through shared memory.
    pub link: Option<LinkKind>,
    /// How much memory the objects of one worker may take, in bytes. By default as `RUNTIME64_ARENA_LIMIT` says, in MiB,
    /// then 1 GiB.
    pub arena_limit: Option<u64>,
    /// How long a call may take before its worker is ended, where the call itself does not say. By default for ever.
    pub call_deadline: Option<Duration>,
    /// What calls off what workers with these settings do.
    pub interrupt: Interrupt,
    /// What to call the worker in messages; without a name it is the one of its kind.
    pub name: Option<String>,
    /// Under what conditions its process runs.
    pub conditions: Conditions,
    /// Whether it stays ended once it has died, until it is told to start again.
    pub never_restarts: bool,
    /// When it is replaced though it is well.
    pub recycling: Recycling,
    /// The folder that a dump of the process's memory is written to when it crashes; none is made without it.
    pub crash_dir: Option<PathBuf>,
    /// Where spare workers wait; none are started without it.
    pub spares: Option<Spares>,
}

/// When a worker is replaced by a fresh one, between two calls. What scripts hold of the old one is stale then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recycling {
    /// After so many calls.
    pub calls: Option<u64>,
    /// When it has more memory than this, in bytes.
    pub memory: Option<u64>,
}

/// How host and worker are linked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkKind {
    /// Through shared memory, where the system has it.
    #[default]
    Shared,
    /// Through the plain channel.
    Plain,
}

/// A worker of 32 bits has 2 to 4 GiB of addresses, which its libraries need too.
const ARENA_LIMIT: u64 = 1 << 30;

/// The least limit, in MiB, and the highest, which no machine comes near.
const ARENA_LIMITS: std::ops::RangeInclusive<u64> = 1..=1 << 20;

impl Recycling {
    /// Whether it ever is.
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        self.calls.is_some() || self.memory.is_some()
    }
}

impl Settings {
    /// Whether a worker that was started with these may serve as one with others.
    pub(super) fn starts_as(&self, other: &Self) -> bool {
        self.worker == other.worker
            && self.wine == other.wine
            && self.link == other.link
            && self.arena_limit == other.arena_limit
            && self.conditions == other.conditions
            && self.crash_dir == other.crash_dir
    }

    /// The same for a spare, which must not keep the others from being let go of.
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

    /// How much memory objects may take, in bytes: a multiple of a MiB.
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

/// An environment variable. An empty one is as good as none.
fn variable(name: &str) -> Option<String> {
    env::var_os(name).filter(|value| !value.is_empty()).map(|value| value.to_string_lossy().into_owned())
}
