//! Under what conditions the process of a worker runs.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// What the process of a worker finds and may use. What is not said is as it is for this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Environment variables that are set, or, without a value, removed.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// Its current directory.
    pub directory: Option<PathBuf>,
    /// How much of the processors it gets.
    pub priority: Priority,
    /// How much memory of its own it may have, in bytes. Memory that it shares with this process does not count.
    ///
    /// A library finds that it can allocate no more. On Linux the limit is `RLIMIT_DATA` (setrlimit(2)), on Windows the
    /// process memory limit of a job.
    pub memory_limit: Option<u64>,
}

impl Conditions {
    /// What an error of starting a process under these comes of, where the system's words say little.
    pub(super) fn explain(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        match &self.directory {
            Some(directory) if !directory.is_dir() => {
                io::Error::new(kind, format!("its directory {} is none: {error}", directory.display()))
            }
            _ if kind == io::ErrorKind::PermissionDenied && self.priority == Priority::High => io::Error::new(
                kind,
                format!("a high priority needs a privilege (on Linux CAP_SYS_NICE, or a limit of 'nice'): {error}"),
            ),
            _ => error,
        }
    }
}

/// How much of the processors a process gets beside others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Only what nobody else wants.
    Idle,
    /// Less than others.
    Low,
    /// As much as this process.
    #[default]
    Normal,
    /// More than others; on Linux that needs a privilege.
    High,
}

impl Priority {
    /// All of them, with the words that scripts have for them.
    pub const WORDS: [(&'static str, Self); 4] =
        [("idle", Self::Idle), ("low", Self::Low), ("normal", Self::Normal), ("high", Self::High)];
}
