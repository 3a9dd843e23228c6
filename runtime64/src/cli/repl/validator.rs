//! Detecting unfinished entries, with Lua's own parser.

use runtime64::{Runtime, RuntimeError};
use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};

use super::{commands, evaluate};

/// Rustyline's hooks for the edited line.
pub(super) struct EditingHelp<'a> {
    runtime: &'a Runtime,
}

impl<'a> EditingHelp<'a> {
    pub(super) fn new(runtime: &'a Runtime) -> Self {
        Self { runtime }
    }
}

/// Whether an entry needs more lines to be valid Lua. An entry that more lines cannot correct is finished: its error is
/// shown at once.
pub(super) fn is_unfinished(runtime: &Runtime, text: &str) -> bool {
    if commands::is_command(text) {
        return false;
    }
    let compiled = evaluate::compile(runtime, text);
    matches!(compiled, Err(RuntimeError::Syntax { incomplete: true, .. }))
}

impl Validator for EditingHelp<'_> {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(if is_unfinished(self.runtime, context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Completer for EditingHelp<'_> {
    type Candidate = String;
}

impl Hinter for EditingHelp<'_> {
    type Hint = String;
}

impl Highlighter for EditingHelp<'_> {}

impl Helper for EditingHelp<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_decides() {
        let unfinished = [
            "for i = 1, 2 do",
            "function f()",
            "function",
            "f(",
            "1 +",
            "x =",
            "{ 1,",
            "local t = {",
            "if x then\n  y()",
            "s = [[text",
            "--[[ comment",
            "'a\\",
            "repeat",
            "goto",
            "#t +",
        ];
        let finished = [
            "",
            "1",
            "x",
            "x = 1",
            "f()",
            "for i = 1, 2 do end",
            "function f() end",
            "s = [[text\nmore]]",
            "-- comment",
            "'a",
            "x = = 1",
            ")",
            "end",
            "return",
            "return 1",
            ":load (",
            ":help",
            "::label::",
        ];
        let runtime = Runtime::builder().build().expect("a runtime");
        for text in unfinished {
            assert!(is_unfinished(&runtime, text), "{text:?} is unfinished");
        }
        for text in finished {
            assert!(!is_unfinished(&runtime, text), "{text:?} is finished");
        }
    }
}
