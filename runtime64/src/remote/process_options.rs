//! Options for the process of a worker.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// The environment and resources of a worker's process. By default they are the same as this process's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessOptions {
    /// Environment variables to set or, without a value, to remove.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// Its current directory.
    pub directory: Option<PathBuf>,
    /// Its share of the processors.
    pub priority: Priority,
    /// The maximum of its own memory, in bytes. Memory that it shares with this process does not count.
    ///
    /// Beyond it, allocations of a library fail. On Linux the limit is `RLIMIT_DATA` (setrlimit(2)), on Windows the
    /// process memory limit of a job.
    pub memory_limit: Option<u64>,
}

impl ProcessOptions {
    /// Adds the cause to an error of starting a process with these options, where the system's own message says little.
    pub(super) fn explain(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        match &self.directory {
            Some(directory) if !directory.is_dir() => io::Error::new(
                kind,
                format!("its directory {} does not exist or is not a directory: {error}", directory.display()),
            ),
            _ if kind == io::ErrorKind::PermissionDenied && self.priority == Priority::High => io::Error::new(
                kind,
                format!(
                    "a high priority requires a privilege (on Linux CAP_SYS_NICE, or the resource limit 'nice'): {error}"
                ),
            ),
            _ => error,
        }
    }
}

/// The share of the processors that a process gets beside others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Only time that no other process wants.
    Idle,
    /// Less than others.
    Low,
    /// As much as this process.
    #[default]
    Normal,
    /// More than others; on Linux this requires a privilege.
    High,
}

impl Priority {
    /// All priorities, with their names in scripts.
    pub const WORDS: [(&'static str, Self); 4] =
        [("idle", Self::Idle), ("low", Self::Low), ("normal", Self::Normal), ("high", Self::High)];
}
