//! Failures between the host and a worker.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use protocol::{Cause, CrashReport, Fault, Identity, VERSION};

use super::{ArenaUse, Exit, Report, WorkerKind};

/// The reason why a request to a worker failed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The executable of a worker was not found.
    #[error(
        "the {kind} worker was not found; {}. Put it beside runtime64, or set its path with --worker or the \
         environment variable {variable}",
        looked_for(tried)
    )]
    WorkerMissing {
        /// The required kind.
        kind: WorkerKind,
        /// The paths where it was searched.
        tried: Vec<PathBuf>,
        /// The environment variable that can set its path.
        variable: &'static str,
    },
    /// Wine is required and was not found.
    #[error(
        "Wine was not found, which Windows libraries require on Linux. Install it (Debian and Ubuntu: apt install \
         wine64 wine32), or set its loader's path with --wine or the environment variable RUNTIME64_WINE"
    )]
    WineMissing,
    /// No folder for Wine's prefix is known.
    #[error(
        "no folder for Wine's prefix is known: set HOME to your own folder, or WINEPREFIX to the folder that Wine may use"
    )]
    WinePrefixNowhere,
    /// Wine cannot use its prefix, or cannot create it.
    #[error(
        "Wine cannot use the prefix {}: {} {reason}. Set WINEPREFIX to a folder of your own",
        prefix.display(), path.display()
    )]
    WinePrefix {
        /// The prefix.
        prefix: PathBuf,
        /// The prefix, or the folder in which to create it.
        path: PathBuf,
        /// The problem with that folder.
        reason: String,
    },
    /// The operating system refused to start the worker.
    #[error("{} {} could not be started: {source}{}", started_program(*kind, *through_wine), path.display(), limit_hint(source))]
    Spawn {
        /// The required kind.
        kind: WorkerKind,
        /// Whether Wine's loader was started to run it.
        through_wine: bool,
        /// Its executable, or Wine's loader.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The worker exited before it answered the first request.
    #[error("the {kind} worker {} exited before it answered ({exit}){}", path.display(), start_hint(*kind, *exit))]
    EndedAtStart {
        /// The required kind.
        kind: WorkerKind,
        /// Its executable.
        path: PathBuf,
        /// How it exited.
        exit: Exit,
    },
    /// The worker answered the first request with a failure.
    #[error("the {kind} worker {} failed to start: {fault}", path.display())]
    RefusedAtStart {
        /// The required kind.
        kind: WorkerKind,
        /// Its executable.
        path: PathBuf,
        /// Its reason.
        fault: Fault,
    },
    /// The worker did not answer the first request in time.
    #[error("the {kind} worker {} did not answer within {} seconds of its start", path.display(), limit.as_secs())]
    SilentAtStart {
        /// The required kind.
        kind: WorkerKind,
        /// Its executable.
        path: PathBuf,
        /// The time limit.
        limit: Duration,
    },
    /// The executable is a worker of another version or kind.
    #[error(
        "{} is not the {kind} worker of this runtime64: it reports protocol version {}, {} bits, {:?}; \
         version {VERSION} is required. Use the worker that came with this runtime64",
        path.display(), identity.version, identity.pointer_bits, identity.platform
    )]
    WrongWorker {
        /// The required kind.
        kind: WorkerKind,
        /// The executable.
        path: PathBuf,
        /// The identity that it reports.
        identity: Identity,
    },
    /// The worker died during a request, or had died before.
    #[error("the worker was lost: {0}")]
    Lost(Death),
    /// The worker was terminated because a call exceeded its deadline.
    #[error("deadline exceeded; the worker was terminated")]
    TimedOut(Death),
    /// The call was interrupted: before it began, or while it ran, which terminated the worker.
    #[error("interrupted{}", if .0.is_some() { "; the worker was terminated" } else { " before it began" })]
    Interrupted(Option<Death>),
    /// The worker exited while a callback of the call was being served.
    #[error("the worker exited before the call returned, while one of its callbacks was running")]
    EndedMeanwhile,
    /// The worker was closed by the script that opened it.
    #[error("{0} was closed")]
    Closed(String),
    /// The worker has exited and does not restart by itself.
    #[error("the worker has exited{} and does not restart by itself", because(.0))]
    StaysEnded(String),
    /// The worker answered that the request failed; it keeps running.
    #[error(transparent)]
    Fault(Fault),
    /// The worker sent something other than a valid reply.
    #[error("the worker violated the protocol: {0}")]
    Protocol(String),
    /// The worker sent something other than a valid reply, and was terminated for it.
    #[error("the worker violated the protocol and was terminated: {0}")]
    Misbehaved(String, Report),
    /// The request refers to a worker that has exited.
    #[error("stale pointer: its worker has exited")]
    Stale,
    /// The worker has no memory at an address, or none that permits the access.
    #[error("address {address:#010x} is not {} memory of the worker", access.word())]
    Unmapped {
        /// The first address that cannot be accessed.
        address: u64,
        /// The attempted access.
        access: Access,
    },
    /// The arena cannot grow for an object.
    #[error(
        "cannot allocate {bytes} more bytes: {} of {} bytes of shared memory are in use (RUNTIME64_ARENA_LIMIT sets \
         the limit, in MiB)",
        usage.used, usage.limit
    )]
    ArenaFull {
        /// The number of bytes needed.
        bytes: u64,
        /// The use of the arena.
        usage: ArenaUse,
    },
    /// The system does not allow this process to map more of the shared memory.
    #[error("runtime64 cannot map {bytes} more bytes of shared memory: {error}")]
    Unmappable {
        /// The number of bytes to map.
        bytes: u64,
        /// The operating system's reason.
        error: io::Error,
    },
    /// A setting has an invalid value.
    #[error("{variable} is '{value}'; expected {expected}")]
    Setting {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// The valid values.
        expected: &'static str,
    },
    /// The request exceeded the maximum size of a message; nothing was sent.
    #[error("the request is too large: {0}")]
    TooLarge(String),
}

impl RemoteError {
    /// The flag to set when this error is raised, if it describes the end of a worker.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Lost(death) | Self::TimedOut(death) | Self::Interrupted(Some(death)) => Some(&death.report),
            Self::Misbehaved(_, report) => Some(report),
            _ => None,
        }
    }
}

/// The death of a worker, and everything known about it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{exit}")]
pub struct Death {
    /// How the process exited.
    pub exit: Exit,
    /// The worker's own report, if it had time to write one.
    pub crash_report: Option<Box<CrashReport>>,
    /// Whether the called function had started.
    pub started: Started,
    /// The Wine prefix that it ran in, if it ran under Wine.
    pub wine_prefix: Option<PathBuf>,
    /// The dump of its memory, or the reason why there is none, if one was requested and it crashed.
    pub dump: Option<Result<PathBuf, String>>,
    /// Whether it was reported to a script.
    pub report: Report,
}

impl Death {
    /// Creates a death with no further facts, which no error has reported to a script.
    pub(crate) fn new(exit: Exit, crash_report: Option<Box<CrashReport>>, started: Started) -> Self {
        Self { exit, crash_report, started, wine_prefix: None, dump: None, report: Report::default() }
    }

    /// Whether the process failed, rather than exited or was terminated from outside.
    #[must_use]
    pub fn is_crash(&self) -> bool {
        /// The console was closed or Ctrl-C pressed.
        const CONTROL_C_EXIT: i64 = 0xc000_013a;
        /// SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV and SIGSYS.
        const FAULTS: [i64; 7] = [4, 5, 6, 7, 8, 11, 31];
        match (&self.crash_report, self.exit) {
            (Some(words), _) => !matches!(words.cause, Cause::Exit | Cause::Expired),
            (None, Exit::Signal(signal)) => FAULTS.contains(&signal),
            // An unhandled exception ends a process with the exception's code, which no program returns by itself.
            (None, Exit::Code(code)) => {
                code != CONTROL_C_EXIT
                    && matches!(code, 0x8000_0001..=0x8000_0004 | 0xc000_0001..=0xc000_0fff | 0xe06d_7363)
            }
            (None, Exit::Killed) => false,
        }
    }
}

/// An access to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// Writing.
    Write,
}

impl Access {
    fn word(self) -> &'static str {
        match self {
            Access::Read => "readable",
            Access::Write => "writable",
        }
    }
}

/// Whether a call had an effect before its worker died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// The request never reached the worker.
    No,
    /// The function itself ended the worker.
    Yes,
    /// The worker died between receiving the request and answering it.
    Unknown,
}

impl Started {
    /// The word for it in error objects.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Started::No => "no",
            Started::Yes => "yes",
            Started::Unknown => "unknown",
        }
    }
}

/// Formats a reason as " (device.dll: Reset crashed …)", if one is known.
fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

fn started_program(kind: WorkerKind, through_wine: bool) -> String {
    if through_wine { format!("the Wine loader for the {kind} worker") } else { format!("the {kind} worker") }
}

/// A hint for when the system refuses a thread, a process or a descriptor, for which its own message says little.
fn limit_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        // EAGAIN of fork and pthread_create.
        io::ErrorKind::WouldBlock => {
            "; the limit on threads and processes (ulimit -u, pids.max) or on memory (ulimit -v) is reached"
        }
        _ if cfg!(unix) && error.to_string().contains("(os error 24)") => {
            "; the limit on open files is reached (ulimit -n)"
        }
        _ => "",
    }
}

fn looked_for(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "the location of this program is unknown".to_owned();
    }
    format!("searched {}", list(paths))
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// A hint for a worker that does not start under Wine, whose exit status says little.
fn start_hint(kind: WorkerKind, exit: Exit) -> &'static str {
    const MISSING_IMPORT: Exit = Exit::Code(53);
    match (kind.needs_wine(), exit) {
        (true, MISSING_IMPORT) => {
            ": Wine has no bcryptprimitives.dll, which Wine 9 introduced; use a newer Wine, or `cargo xtask run`, \
             which sets up a working one"
        }
        (true, _) if kind.pointer_bits() == 32 => {
            ": Wine reports the reason on standard error if WINEDEBUG allows it. Check that this Wine runs 32-bit \
             programs (Debian and Ubuntu: package wine32)"
        }
        (true, _) => {
            ": Wine reports the reason on standard error if WINEDEBUG allows it. Check that its prefix is usable (WINEPREFIX, HOME)"
        }
        (false, _) => "",
    }
}
