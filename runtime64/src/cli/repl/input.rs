//! Sources of entries: a terminal with editing and history, or any other standard input line by line.

use std::io::{self, BufRead};
use std::path::PathBuf;

use runtime64::Runtime;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::history;
use super::validator::{EditingHelp, is_unfinished};
use crate::cli::report;

const PROMPT: &str = "> ";

/// The result of reading an entry.
#[derive(Debug)]
pub(super) enum Entry {
    /// A finished entry of one or more lines.
    Text(String),
    /// The user discarded the line.
    Cleared,
    /// End of input.
    End,
    /// Reading the input failed, for this reason.
    Failed(String),
}

/// The source of entries.
pub(super) enum Input<'a> {
    /// A person at a terminal.
    Terminal(Box<Terminal<'a>>),
    /// A file or a pipe: no prompt, no editing, no escape codes.
    Lines(&'a Runtime),
}

impl<'a> Input<'a> {
    /// Opens standard input. A terminal that rustyline cannot use is read line by line.
    pub(super) fn open(runtime: &'a Runtime, on_terminal: bool) -> Self {
        if on_terminal {
            match Terminal::open(runtime) {
                Ok(terminal) => return Input::Terminal(Box::new(terminal)),
                Err(error) => report::line(&format!("line editing is not available on this terminal: {error}")),
            }
        }
        Input::Lines(runtime)
    }

    /// Waits for the next entry.
    pub(super) fn next(&mut self) -> Entry {
        match self {
            Input::Terminal(terminal) => terminal.next(),
            Input::Lines(runtime) => next_of_lines(&mut io::stdin().lock(), |text| is_unfinished(runtime, text)),
        }
    }
}

/// Line editing with history.
pub(super) struct Terminal<'a> {
    editor: Editor<EditingHelp<'a>, FileHistory>,
    history: Option<PathBuf>,
}

impl<'a> Terminal<'a> {
    fn open(runtime: &'a Runtime) -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(history::ENTRIES)?
            .history_ignore_space(true)
            // The prompt would overwrite output that does not end with a newline.
            .check_cursor_position(true)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(EditingHelp::new(runtime)));
        let history = history::file();
        if let Some(file) = &history {
            // At the first start there is no history file.
            let _ = editor.load_history(file);
        }
        Ok(Self { editor, history })
    }

    fn next(&mut self) -> Entry {
        match self.editor.readline(PROMPT) {
            Ok(text) => {
                self.remember(&text);
                Entry::Text(text)
            }
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Entry::Cleared,
            Err(ReadlineError::Eof) => Entry::End,
            Err(error) => Entry::Failed(error.to_string()),
        }
    }

    /// Saves an entry at once, as code may end the process. Failures are ignored.
    fn remember(&mut self, text: &str) {
        let added = self.editor.add_history_entry(text).unwrap_or(false);
        if let (true, Some(file)) = (added, &self.history) {
            let _ = self.editor.append_history(file);
        }
    }
}

/// Reads lines until they form an entry. At the end of input the entry counts as finished: its error is better than
/// silence.
fn next_of_lines(reader: &mut impl BufRead, is_unfinished: impl Fn(&str) -> bool) -> Entry {
    let mut bytes = Vec::new();
    loop {
        match reader.read_until(b'\n', &mut bytes) {
            Err(error) => return Entry::Failed(error.to_string()),
            Ok(0) if bytes.is_empty() => return Entry::End,
            Ok(0) => return Entry::Text(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&bytes);
        if !is_unfinished(&text) {
            return Entry::Text(text.trim_end_matches(['\r', '\n']).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(mut text: &[u8]) -> Vec<String> {
        let runtime = Runtime::builder().build().expect("a runtime");
        let mut found = Vec::new();
        while let Entry::Text(text) = next_of_lines(&mut text, |text| is_unfinished(&runtime, text)) {
            found.push(text);
        }
        found
    }

    #[test]
    fn lines_are_joined_until_they_are_lua() {
        let cases: &[(&[u8], &[&str])] = &[
            (b"", &[]),
            (b"1\n2", &["1", "2"]),
            (b"1\r\n\r\n2\r\n", &["1", "", "2"]),
            (b"for i = 1, 2 do\n  f(i)\nend\nx\n", &["for i = 1, 2 do\n  f(i)\nend", "x"]),
            (b"for i = 1, 2 do\n", &["for i = 1, 2 do\n"]),
            (b":load a\nx = = 1\ny\n", &[":load a", "x = = 1", "y"]),
            (b"'\xFF'\n", &["'\u{FFFD}'"]),
        ];
        for (text, expected) in cases {
            assert_eq!(entries(text), *expected, "{:?}", String::from_utf8_lossy(text));
        }
    }
}
