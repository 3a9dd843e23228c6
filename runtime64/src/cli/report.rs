//! Telling the user what went wrong.

use std::io::{self, Write};

use runtime64::RuntimeError;

use super::output;

/// Writes an error and where it was raised to stderr, as Lua's own interpreter does, and of a crash all that is known.
pub(crate) fn failure(error: &RuntimeError) {
    let text = format!("runtime64: {}", error.report());
    output::reported(&text);
    line(&text);
}

/// Writes a line to stderr. That it may be closed is no reason to end in a panic.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
