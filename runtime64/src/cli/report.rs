//! Telling the user what went wrong.

use std::io::{self, Write};

use runtime64::{Error, RuntimeError};

use super::output;

/// Writes an error and where it was raised to stderr, as Lua's own interpreter does, and of a crash all that is known.
pub(crate) fn failure(error: &RuntimeError) {
    let mut text = format!("runtime64: {error}");
    for part in [crash_report(error), error.traceback().map(str::to_owned)].into_iter().flatten() {
        text.push('\n');
        text.push_str(&part);
    }
    output::reported(&text);
    line(&text);
}

/// The report of a crash that nobody caught, indented.
fn crash_report(error: &RuntimeError) -> Option<String> {
    let RuntimeError::Uncaught(uncaught) = error else { return None };
    let mlua::Value::Error(raised) = uncaught.value() else { return None };
    let known = raised.downcast_ref::<Error>().filter(|error| error.context.crash.is_some())?;
    let lines = known.context.detail.as_deref()?.lines().map(|line| format!("    {line}"));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// Writes a line to stderr. That it may be closed is no reason to end in a panic.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
