//! Reporting errors to the user.

use std::io::{self, Write};

use runtime64::RuntimeError;

use super::output;

/// Writes an error and its Lua stack to stderr, as Lua's own interpreter does, and for a crash its whole report.
pub(crate) fn failure(error: &RuntimeError) {
    let text = format!("runtime64: {}", error.report());
    output::reported(&text);
    line(&text);
}

/// Writes a line to stderr. Failures are ignored, as a closed stderr must not cause a panic.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
