//! Showing values and errors.

use mlua::{AnyUserData, MultiValue, ObjectLike, Table};
use runtime64::{Runtime, RuntimeError};

use crate::cli::report;

/// Writes the prompt's output.
///
/// Values go through Lua's own stdout, which has a separate buffer, so that they stay in order with the code's output.
/// Errors go to stderr after that buffer is flushed.
pub(super) struct Echo<'a> {
    runtime: &'a Runtime,
    stdout: Option<AnyUserData>,
}

impl<'a> Echo<'a> {
    /// Captures Lua's stdout before the session can change it.
    pub(super) fn new(runtime: &'a Runtime) -> Self {
        let io: mlua::Result<Table> = runtime.lua().globals().get("io");
        let stdout = io.and_then(|io| io.get("stdout")).ok();
        Self { runtime, stdout }
    }

    /// Shows the values of an entry: on one line if each of them fits on one, else each on a separate line.
    pub(super) fn values(&self, values: &MultiValue) {
        if values.is_empty() {
            self.flush();
            return;
        }
        let texts: Vec<String> = values.iter().map(|value| self.runtime.format(value)).collect();
        let separator = if texts.iter().any(|text| text.contains('\n')) { "\n" } else { "\t" };
        self.line(&texts.join(separator));
    }

    /// Shows an error, and its Lua stack if that contains more than the entry itself.
    pub(super) fn error(&self, error: &RuntimeError) {
        self.flush();
        match error.traceback().filter(|traceback| leads_further(traceback)) {
            Some(traceback) => report::line(&format!("{error}\n{traceback}")),
            None => report::line(&error.to_string()),
        }
    }

    /// Writes a line to stdout.
    pub(super) fn line(&self, text: &str) {
        if let Some(stdout) = &self.stdout {
            // The session may have closed it: then nothing can be shown.
            let _ = stdout.call_method::<mlua::Value>("write", (text, "\n"));
        }
        self.flush();
    }

    fn flush(&self) {
        if let Some(stdout) = &self.stdout {
            let _ = stdout.call_method::<mlua::Value>("flush", ());
        }
    }
}

/// Whether a traceback contains a Lua function besides the entry.
fn leads_further(traceback: &str) -> bool {
    let frames = traceback.lines().skip(1).map(str::trim_start);
    frames
        .filter(|frame| !frame.starts_with("[C]:"))
        .any(|frame| !(frame.starts_with("stdin:") && frame.ends_with("in main chunk")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_is_shown_if_it_says_more_than_the_message() {
        let cases = [
            ("stack traceback:\n\t[C]: in function 'error'\n\tstdin:1: in main chunk", false),
            ("stack traceback:\n\tstdin:1: in main chunk", false),
            ("stack traceback:\n\tstdin:1: in function 'f'\n\tstdin:1: in main chunk", true),
            ("stack traceback:\n\tlib.lua:3: in main chunk", true),
            ("", false),
        ];
        for (traceback, further) in cases {
            assert_eq!(leads_further(traceback), further, "{traceback}");
        }
    }
}
