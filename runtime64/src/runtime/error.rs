//! Failures of running Lua.

use std::io;
use std::path::PathBuf;

use super::Uncaught;
use super::failure::words_of;
use crate::error::{Error, ErrorKind};

/// The reason why a chunk did not complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The Lua state could not be set up.
    #[error("Lua could not be started: {}", words_of(_0))]
    Start(mlua::Error),
    /// The script's file could not be read.
    #[error("cannot open {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The chunk is not valid Lua.
    #[error("{message}")]
    Syntax {
        /// Lua's message, which begins with chunk and line.
        message: String,
        /// Whether more text could complete the chunk: a prompt then asks for another line.
        incomplete: bool,
    },
    /// The chunk raised an error and did not catch it.
    #[error(transparent)]
    Uncaught(Uncaught),
    /// A finalizer that ran when the state was closed raised an error.
    #[error("a finalizer failed when the state closed: {0}")]
    Finalizer(Uncaught),
    /// Lua could not satisfy the host's request: a result has the wrong type, or memory is exhausted.
    #[error("{}", words_of(_0))]
    Host(mlua::Error),
}

impl RuntimeError {
    /// The Lua stack where the error was raised, as `debug.traceback` formats it, if any Lua ran.
    #[must_use]
    pub fn traceback(&self) -> Option<&str> {
        match self {
            RuntimeError::Uncaught(uncaught) | RuntimeError::Finalizer(uncaught) => uncaught.traceback(),
            _ => None,
        }
    }

    /// The error of the `dll` module, if it is one.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            RuntimeError::Uncaught(uncaught) | RuntimeError::Finalizer(uncaught) => match uncaught.value() {
                mlua::Value::Error(error) => error.downcast_ref(),
                _ => None,
            },
            RuntimeError::Start(error) | RuntimeError::Host(error) => error.downcast_ref(),
            RuntimeError::Read { .. } | RuntimeError::Syntax { .. } => None,
        }
    }

    /// Everything that is known, as the program shows it: the message, the crash report and the Lua stack, each on
    /// separate lines.
    #[must_use]
    pub fn report(&self) -> String {
        let crash = self.error().filter(|error| error.context.crash.is_some());
        let lines = crash.and_then(|error| error.context.detail.as_deref()).into_iter().flat_map(str::lines);
        let mut text = self.to_string();
        for line in lines {
            text.push_str("\n    ");
            text.push_str(line);
        }
        if let Some(traceback) = self.traceback() {
            text.push('\n');
            text.push_str(traceback);
        }
        text
    }

    /// The kind of [that error](Self::error).
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        self.error().map(|error| error.kind)
    }
}
