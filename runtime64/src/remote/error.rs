//! What can go wrong between the host and a worker.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use protocol::{Cause, Fault, Identity, LastWords, VERSION};

use super::{ArenaUse, Exit, Report, WorkerKind};

/// Why a request to a worker failed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The executable of a worker is nowhere.
    #[error(
        "the {kind} worker was not found; {}. Put it beside runtime64, or name it with --worker or the environment \
         variable {variable}",
        looked_for(tried)
    )]
    WorkerMissing {
        /// The kind that was needed.
        kind: WorkerKind,
        /// Where it was looked for.
        tried: Vec<PathBuf>,
        /// The environment variable that can name it.
        variable: &'static str,
    },
    /// Wine is needed and nowhere.
    #[error(
        "a Windows library runs through Wine on Linux, and Wine was not found. Install it (Debian and Ubuntu: \
         apt install wine64 wine32), or name its loader with --wine or the environment variable RUNTIME64_WINE"
    )]
    WineMissing,
    /// Nothing says where Wine may keep its prefix.
    #[error(
        "there is no place for Wine's prefix: set HOME to your own folder, or WINEPREFIX to the folder that Wine may use"
    )]
    WinePrefixNowhere,
    /// Wine cannot use its prefix, or cannot make it.
    #[error(
        "Wine cannot use the prefix {}: {} {reason}. Set WINEPREFIX to a folder of your own",
        prefix.display(), path.display()
    )]
    WinePrefix {
        /// The prefix.
        prefix: PathBuf,
        /// The prefix, or the folder that it is to be made in.
        path: PathBuf,
        /// What is wrong with that.
        reason: String,
    },
    /// The operating system refused to start the worker.
    #[error("{} {} could not be started: {source}{}", started_program(*kind, *through_wine), path.display(), limit_hint(source))]
    Spawn {
        /// The kind that was needed.
        kind: WorkerKind,
        /// Whether Wine's loader was started to run it.
        through_wine: bool,
        /// Its executable, or Wine's loader.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The worker ended before it answered the first request.
    #[error("the {kind} worker {} ended before it answered ({exit}){}", path.display(), start_hint(*kind, *exit))]
    EndedAtStart {
        /// The kind that was needed.
        kind: WorkerKind,
        /// Its executable.
        path: PathBuf,
        /// How it ended.
        exit: Exit,
    },
    /// The worker answered the first request by saying that it cannot work.
    #[error("the {kind} worker {} cannot work: {fault}", path.display())]
    RefusedAtStart {
        /// The kind that was needed.
        kind: WorkerKind,
        /// Its executable.
        path: PathBuf,
        /// Why it cannot.
        fault: Fault,
    },
    /// The worker did not answer the first request in time.
    #[error("the {kind} worker {} did not answer within {} seconds of its start", path.display(), limit.as_secs())]
    SilentAtStart {
        /// The kind that was needed.
        kind: WorkerKind,
        /// Its executable.
        path: PathBuf,
        /// How long it was given.
        limit: Duration,
    },
    /// The executable is a worker of another version or kind.
    #[error(
        "{} is not the {kind} worker of this runtime64: it says it is protocol version {}, {} bits, {:?}; \
         version {VERSION} is needed. Use the worker that came with this runtime64",
        path.display(), identity.version, identity.pointer_bits, identity.platform
    )]
    WrongWorker {
        /// The kind that was needed.
        kind: WorkerKind,
        /// The executable.
        path: PathBuf,
        /// What it says it is.
        identity: Identity,
    },
    /// The worker died while it was asked, or had died before.
    #[error("the worker was lost: {0}")]
    Lost(Death),
    /// The worker was ended because a call took longer than it was given.
    #[error("it took longer than it was given, and the worker was ended")]
    TimedOut(Death),
    /// It was called off: before it began, or while it ran, and then the worker was ended with it.
    #[error("it was interrupted{}", if .0.is_some() { ", and the worker was ended" } else { " before it began" })]
    Interrupted(Option<Death>),
    /// The worker ended while a callback of the call was served.
    #[error("the worker ended before the call had returned, while a callback of it was served")]
    EndedMeanwhile,
    /// The worker was closed, by the script that opened it.
    #[error("{0} was closed")]
    Closed(String),
    /// The worker has ended and does not restart by itself.
    #[error("the worker has ended{} and does not restart by itself", because(.0))]
    StaysEnded(String),
    /// The worker answered that the request failed; it goes on.
    #[error(transparent)]
    Fault(Fault),
    /// The worker sent what is no answer.
    #[error("the worker broke the protocol: {0}")]
    Protocol(String),
    /// The worker sent what is no answer, and was ended for it.
    #[error("the worker broke the protocol and was ended: {0}")]
    Misbehaved(String, Report),
    /// What was asked for is of a worker that has ended.
    #[error("it is of a worker that has ended; what was there is gone")]
    Stale,
    /// The worker has no memory at an address, or none that allows the access.
    #[error("address {address:#010x} is not {} memory of the worker", access.word())]
    Unmapped {
        /// The first address that cannot be accessed.
        address: u64,
        /// What was tried.
        access: Access,
    },
    /// The arena cannot grow for an object.
    #[error(
        "there is no room for {bytes} more bytes: {} of {} bytes of shared memory are in use (RUNTIME64_ARENA_LIMIT sets \
         the limit, in MiB)",
        usage.used, usage.limit
    )]
    ArenaFull {
        /// What was needed.
        bytes: u64,
        /// How much there is.
        usage: ArenaUse,
    },
    /// The system does not let this process map more of the shared memory.
    #[error("runtime64 has no room for {bytes} more bytes of shared memory: {error}")]
    Unmappable {
        /// How much was to be mapped.
        bytes: u64,
        /// The operating system's reason.
        error: io::Error,
    },
    /// A setting has a value that means nothing.
    #[error("{variable} is '{value}'; {expected} is needed")]
    Setting {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The request was larger than a message may be; nothing was sent.
    #[error("the request is too large: {0}")]
    TooLarge(String),
}

impl RemoteError {
    /// What is set when an error is raised for it, if it describes the end of a worker.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Lost(death) | Self::TimedOut(death) | Self::Interrupted(Some(death)) => Some(&death.report),
            Self::Misbehaved(_, report) => Some(report),
            _ => None,
        }
    }
}

/// The death of a worker, with all that is known of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{exit}")]
pub struct Death {
    /// How the process ended.
    pub exit: Exit,
    /// What it reported itself, if it had the time.
    pub last_words: Option<Box<LastWords>>,
    /// Whether the function that was called had started.
    pub started: Started,
    /// The prefix of Wine that it ran in, if it ran under Wine.
    pub wine_prefix: Option<PathBuf>,
    /// The dump of its memory, or why there is none, if one was asked for and it crashed.
    pub dump: Option<Result<PathBuf, String>>,
    /// Whether a script has been told of it.
    pub report: Report,
}

impl Death {
    /// A death of which nothing else is known yet, and which no script has been given an error for.
    pub(crate) fn new(exit: Exit, last_words: Option<Box<LastWords>>, started: Started) -> Self {
        Self { exit, last_words, started, wine_prefix: None, dump: None, report: Report::default() }
    }

    /// Whether something went wrong in the process, so that it did not just end or was ended by somebody.
    #[must_use]
    pub fn is_crash(&self) -> bool {
        /// Somebody has closed the console or pressed Ctrl-C.
        const CONTROL_C_EXIT: i64 = 0xc000_013a;
        /// SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV and SIGSYS.
        const FAULTS: [i64; 7] = [4, 5, 6, 7, 8, 11, 31];
        match (&self.last_words, self.exit) {
            (Some(words), _) => !matches!(words.cause, Cause::Exit | Cause::Expired),
            (None, Exit::Signal(signal)) => FAULTS.contains(&signal),
            // Exceptions end a process with their code, which no program gives by itself.
            (None, Exit::Code(code)) => {
                code != CONTROL_C_EXIT
                    && matches!(code, 0x8000_0001..=0x8000_0004 | 0xc000_0001..=0xc000_0fff | 0xe06d_7363)
            }
            (None, Exit::Killed) => false,
        }
    }
}

/// What is done to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is read.
    Read,
    /// It is written.
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
    /// The worker died of the function itself.
    Yes,
    /// It died somewhere between receiving the request and answering it.
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

/// " (device.dll: Reset crashed …)", if a reason is known.
fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

fn started_program(kind: WorkerKind, through_wine: bool) -> String {
    if through_wine { format!("Wine, which runs the {kind} worker,") } else { format!("the {kind} worker") }
}

/// What to do where the system refuses a thread or process, or a descriptor, for which its own words are few.
fn limit_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        // EAGAIN of fork and pthread_create.
        io::ErrorKind::WouldBlock => {
            "; a limit on threads and processes is reached (ulimit -u, pids.max), or one on memory (ulimit -v)"
        }
        _ if cfg!(unix) && error.to_string().contains("(os error 24)") => {
            "; this process has as many open files as it may (ulimit -n)"
        }
        _ => "",
    }
}

fn looked_for(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "the system does not say where this program is".to_owned();
    }
    format!("looked for {}", list(paths))
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What to do about a worker that does not start under Wine, whose exit status says little.
fn start_hint(kind: WorkerKind, exit: Exit) -> &'static str {
    const MISSING_IMPORT: Exit = Exit::Code(53);
    match (kind.needs_wine(), exit) {
        (true, MISSING_IMPORT) => {
            ": Wine found no bcryptprimitives.dll, which came with Wine 9; use a newer Wine, or `cargo xtask run`, \
             which sets up one that works"
        }
        (true, _) if kind.pointer_bits() == 32 => {
            ": Wine says why on standard error if WINEDEBUG allows it. Does this Wine run 32-bit programs? Debian and Ubuntu \
             have that half of it in the package wine32"
        }
        (true, _) => {
            ": Wine says why on standard error if WINEDEBUG allows it; is its prefix usable (WINEPREFIX, HOME)?"
        }
        (false, _) => "",
    }
}
