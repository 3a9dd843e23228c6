//! The error type of the `dll` module: an error object in Lua, [`Error`] in a Rust host.

use std::fmt;
use std::path::PathBuf;

use crate::bounded;
use crate::remote::{Report, Started};

mod raised;

pub(crate) use raised::last_reached_nobody;

/// The kind of an [`Error`]; the error object's `kind` in Lua is its [word](ErrorKind::word).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A C declaration is invalid, missing, or differs from an earlier one.
    Declaration,
    /// A value has a type that the parameter does not accept, or the number of arguments is wrong.
    Type,
    /// A number is outside the parameter's range.
    Range,
    /// A library cannot be loaded.
    Load,
    /// A library depends on another one that cannot be found.
    MissingDependency,
    /// A library is built for another processor or system.
    WrongArchitecture,
    /// The library does not export the function.
    Symbol,
    /// A declaration's calling convention contradicts the symbol's decoration or the stack pointer after a call.
    Convention,
    /// A worker cannot be started.
    WorkerStart,
    /// A worker exited while in use.
    WorkerLost,
    /// The library crashed.
    Crash,
    /// A pointer belongs to a worker that has exited, or to another worker.
    Stale,
    /// An address cannot be read.
    Memory,
    /// A message between host and worker is malformed.
    Protocol,
    /// A callback failed, or was called after its release.
    Callback,
    /// A call exceeded its deadline.
    Timeout,
    /// A call was interrupted.
    Interrupted,
    /// A call was rejected because the library is suspended for a while: it has ended its worker too often.
    BreakerOpen,
    /// A call's result indicates failure, by the rule set for the function.
    Failed,
}

/// Defines the word of each kind; the compiler checks that every kind has one.
macro_rules! words {
    ($($kind:ident $word:literal)*) => {
        impl ErrorKind {
            /// The kind's word, for scripts to compare.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(ErrorKind::$kind => $word,)*
                }
            }

            /// Returns the kind with this word.
            #[must_use]
            pub fn named(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(ErrorKind::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    Declaration "declaration"
    Type "type"
    Range "range"
    Load "load"
    MissingDependency "missing_dependency"
    WrongArchitecture "wrong_architecture"
    Symbol "symbol"
    Convention "convention"
    WorkerStart "worker_start"
    WorkerLost "worker_lost"
    Crash "crash"
    Stale "stale"
    Memory "memory"
    Protocol "protocol"
    Callback "callback"
    Timeout "timeout"
    Interrupted "interrupted"
    BreakerOpen "breaker_open"
    Failed "failed"
}

/// A failure and everything known about it. Its `Display` output is one message that a person can act on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Error {
    /// The kind of failure.
    pub kind: ErrorKind,
    /// What happened, and what to do.
    pub message: String,
    /// Further facts; boxed, as most errors have none.
    pub context: Box<Context>,
}

/// Where a failure happened and what the operating system said.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// The library's name, as passed when it was loaded.
    pub library: Option<String>,
    /// The called function.
    pub function: Option<String>,
    /// The signal, exception code, exit code or operating system error number.
    pub code: Option<i64>,
    /// The address that could not be accessed.
    pub address: Option<u64>,
    /// Whether the function had started when its worker died.
    pub started: Option<Started>,
    /// The index of the failed call in its batch, counted from 1.
    pub index: Option<usize>,
    /// `errno` after a failed call.
    pub errno: Option<i32>,
    /// `GetLastError()` after a failed call.
    pub last_error: Option<u32>,
    /// The call, with the arguments as the script passed them.
    pub call: Option<String>,
    /// The crash report of the worker.
    pub crash: Option<Box<Crash>>,
    /// More text: a loader's message, the list of places tried, the whole report of a crash.
    pub detail: Option<String>,
    /// The flag to set when the error is raised, if it describes the end of a worker.
    pub(crate) report: Option<Report>,
}

/// Where and why a worker crashed, as far as it could determine.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Crash {
    /// The cause: `"fault"`, `"stack overflow"`, `"heap corruption"`, `"abort"` or `"C++ exception"`.
    pub cause: &'static str,
    /// The name of the signal or exception.
    pub exception: Option<String>,
    /// The file name of the module that contains the instruction, without its folder.
    pub module: Option<String>,
    /// The offset of the instruction from the start of the module.
    pub offset: Option<u64>,
    /// The nearest preceding export and the distance from it: `Reset+0x14`.
    pub symbol: Option<String>,
    /// The attempted access: `"read"`, `"write"` or `"execute"`.
    pub access: Option<&'static str>,
    /// The thread that crashed: `"call"` for one that made a call, `"library"` for one that the library created.
    pub thread: Option<&'static str>,
    /// The dump file of the process's memory, if one was requested and could be written.
    pub dump: Option<PathBuf>,
    /// The registers, by name.
    pub registers: Vec<(&'static str, u64)>,
}

impl Error {
    /// Creates an error with only a kind and a message. A message longer than a screen is cut.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: bounded::message(message.into()), context: Box::default() }
    }

    /// Prefixes the message with a place.
    #[must_use]
    pub(crate) fn at(self, place: impl fmt::Display) -> Self {
        Self { message: bounded::message(format!("{place}: {}", self.message)), ..self }
    }

    /// Adds the library in which it happened.
    #[must_use]
    pub fn in_library(mut self, library: &str) -> Self {
        self.context.library.get_or_insert_with(|| library.to_owned());
        self
    }

    /// Adds the function in which it happened.
    #[must_use]
    pub fn in_function(mut self, function: &str) -> Self {
        self.context.function.get_or_insert_with(|| function.to_owned());
        self
    }

    /// Adds the operating system's error number.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Option<i64>>) -> Self {
        self.context.code = code.into();
        self
    }

    /// Adds the address that could not be accessed.
    #[must_use]
    pub fn with_address(mut self, address: impl Into<Option<u64>>) -> Self {
        self.context.address = address.into();
        self
    }

    /// Appends more text to the detail.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        self.context.detail = Some(match self.context.detail.take() {
            Some(before) => format!("{before}\n{detail}"),
            None => detail,
        });
        self
    }

    /// Adds the failed call, if the error is of a kind that means the loss of its worker.
    #[must_use]
    pub(crate) fn in_call(mut self, call: impl FnOnce() -> String) -> Self {
        if matches!(self.kind, ErrorKind::Crash | ErrorKind::WorkerLost | ErrorKind::Timeout) {
            let call = bounded::message(call());
            if self.context.crash.is_some() {
                self = self.with_detail(format!("call: {call}"));
            }
            self.context.call = Some(call);
        }
        self
    }

    /// Records that the function had not started, for a failure that preceded its call.
    #[must_use]
    pub(crate) fn before_start(mut self) -> Self {
        self.context.started = self.context.started.and(Some(Started::No));
        self
    }

    /// Adds the flag to set when the error is raised, if it describes the end of a worker.
    #[must_use]
    pub(crate) fn with_report(mut self, report: Option<Report>) -> Self {
        self.context.report = report;
        self
    }

    /// Whether it reports that the worker has exited, during the call or before it.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self.kind, ErrorKind::WorkerLost | ErrorKind::Crash)
    }

    /// Records that the raised error was discarded: the next error reports the end that it describes.
    pub(crate) fn reached_nobody(&self) {
        if let Some(report) = &self.context.report {
            report.take_back();
        }
    }

    /// Adds whether the function had started.
    #[must_use]
    pub fn with_started(mut self, started: Started) -> Self {
        self.context.started = Some(started);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(feature = "lua")]
impl From<Error> for mlua::Error {
    fn from(error: Error) -> Self {
        raised::raise(error.context.report.as_ref());
        mlua::Error::external(error)
    }
}
