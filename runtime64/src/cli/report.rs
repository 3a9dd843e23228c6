//! Telling the user what went wrong.

use std::io::{self, Write};

use runtime64::RuntimeError;

/// Writes an error and where it was raised to stderr, as Lua's own interpreter does.
pub(crate) fn failure(error: &RuntimeError) {
    let traceback = error.traceback().unwrap_or_default();
    let separator = if traceback.is_empty() { "" } else { "\n" };
    line(&format!("runtime64: {error}{separator}{traceback}"));
}

/// Writes a line to stdout.
pub(crate) fn output(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Writes a line to stderr. That it may be closed is no reason to end in a panic.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
