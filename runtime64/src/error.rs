//! The one error of the `dll` module: what Lua sees as an error object, and a Rust host as [`Error`].

use std::fmt;
use std::path::PathBuf;

use crate::bounded;
use crate::remote::{Report, Started};

mod raised;

pub(crate) use raised::last_reached_nobody;

/// What kind of failure an [`Error`] is; the `kind` of the error object in Lua is its [word](ErrorKind::word).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A C declaration that is wrong, missing, or differs from an earlier one.
    Declaration,
    /// A value of a type that the parameter does not take, or a wrong number of arguments.
    Type,
    /// A number outside the parameter's range.
    Range,
    /// A library that cannot be loaded.
    Load,
    /// A library that another library needs and that is nowhere.
    MissingDependency,
    /// A library for another processor or system.
    WrongArchitecture,
    /// A function that the library does not export.
    Symbol,
    /// A declaration whose calling convention contradicts the symbol's decoration, or what a call did to the stack.
    Convention,
    /// A worker that cannot be started.
    WorkerStart,
    /// A worker that ended while it was used.
    WorkerLost,
    /// A fault in the library.
    Crash,
    /// A pointer of a worker that has ended, or of another worker.
    Stale,
    /// An address that cannot be read.
    Memory,
    /// A message between host and worker that is no message.
    Protocol,
    /// A callback that failed, or that was called when it was no more.
    Callback,
    /// A call that took longer than it was given.
    Timeout,
    /// A call that was called off.
    Interrupted,
    /// A call of a library that is left alone for a while, because it has ended its worker too often.
    BreakerOpen,
    /// A call whose result says that it failed, by the rule that was set for it.
    Failed,
}

/// The word of each kind, which the compiler checks to be all of them.
macro_rules! words {
    ($($kind:ident $word:literal)*) => {
        impl ErrorKind {
            /// The word for the kind, as scripts compare it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(ErrorKind::$kind => $word,)*
                }
            }

            /// The kind that a word stands for.
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

/// A failure, with all that is known of it. Displayed it is one message a person can act on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What happened, and what to do.
    pub message: String,
    /// What is known beyond that; boxed, as most errors have none of it.
    pub context: Box<Context>,
}

/// Where a failure happened and what the operating system said.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// The library's name, as it was loaded.
    pub library: Option<String>,
    /// The function that was called.
    pub function: Option<String>,
    /// The signal, exception code, exit code or operating system's error number.
    pub code: Option<i64>,
    /// The address that could not be accessed.
    pub address: Option<u64>,
    /// Whether the function had started when its worker died.
    pub started: Option<Started>,
    /// Which call of a batch failed, counted from 1.
    pub index: Option<usize>,
    /// `errno` after a call that failed.
    pub errno: Option<i32>,
    /// `GetLastError()` after a call that failed.
    pub last_error: Option<u32>,
    /// The call, with the arguments as the script gave them.
    pub call: Option<String>,
    /// What a worker reported that crashed.
    pub crash: Option<Box<Crash>>,
    /// More words: a loader's message, a list of what was tried, the whole report of a crash.
    pub detail: Option<String>,
    /// What is set when the error is raised, if it describes the end of a worker.
    pub(crate) report: Option<Report>,
}

/// Where and of what a worker crashed, as far as it could tell.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Crash {
    /// What it was: `"fault"`, `"stack overflow"`, `"heap corruption"`, `"abort"` or `"C++ exception"`.
    pub cause: &'static str,
    /// The name of the signal or exception.
    pub exception: Option<String>,
    /// The file of the module that the instruction is in, without its folder.
    pub module: Option<String>,
    /// Where the instruction is, from the start of the module.
    pub offset: Option<u64>,
    /// The export before it, and how far before: `Reset+0x14`.
    pub symbol: Option<String>,
    /// What was tried at the address: `"read"`, `"write"` or `"execute"`.
    pub access: Option<&'static str>,
    /// Whose thread it was: `"call"` for one that made a call, `"library"` for one of the library's own.
    pub thread: Option<&'static str>,
    /// The file with a dump of the process's memory, if one was asked for and could be made.
    pub dump: Option<PathBuf>,
    /// The registers, by name.
    pub registers: Vec<(&'static str, u64)>,
}

impl Error {
    /// A failure of which nothing but the message is known yet. A message longer than a screen is cut.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: bounded::message(message.into()), context: Box::default() }
    }

    /// Names a place before the message.
    #[must_use]
    pub(crate) fn at(self, place: impl fmt::Display) -> Self {
        Self { message: bounded::message(format!("{place}: {}", self.message)), ..self }
    }

    /// Adds the library it happened in.
    #[must_use]
    pub fn in_library(mut self, library: &str) -> Self {
        self.context.library.get_or_insert_with(|| library.to_owned());
        self
    }

    /// Adds the function it happened in.
    #[must_use]
    pub fn in_function(mut self, function: &str) -> Self {
        self.context.function.get_or_insert_with(|| function.to_owned());
        self
    }

    /// Adds the operating system's number for it.
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

    /// Adds more words, behind those that are there.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        self.context.detail = Some(match self.context.detail.take() {
            Some(before) => format!("{before}\n{detail}"),
            None => detail,
        });
        self
    }

    /// Adds the call that failed, if its worker was lost by it.
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

    /// Says of a failure on the way to a call that its function had not started.
    #[must_use]
    pub(crate) fn before_start(mut self) -> Self {
        self.context.started = self.context.started.and(Some(Started::No));
        self
    }

    /// Adds what is set when the error is raised, if it describes the end of a worker.
    #[must_use]
    pub(crate) fn with_report(mut self, report: Option<Report>) -> Self {
        self.context.report = report;
        self
    }

    /// Whether it says that the worker has ended, by itself or before.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self.kind, ErrorKind::WorkerLost | ErrorKind::Crash)
    }

    /// It was raised and has reached nobody: the end that it describes is reported by the next error.
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
