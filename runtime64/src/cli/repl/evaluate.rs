//! Compiling entries: as an expression if possible, else as statements.

use mlua::Function;
use runtime64::{Runtime, RuntimeError};

/// The prompt's chunk name in messages, as in Lua's own interpreter.
const CHUNK_NAME: &str = "=stdin";

/// Compiles an entry to a function that returns the values of its expressions, or nothing for statements.
pub(super) fn compile(runtime: &Runtime, text: &str) -> Result<Function, RuntimeError> {
    // The line is terminated, so that an unterminated string is an error instead of unfinished input.
    match runtime.compile(CHUNK_NAME, format!("return {text}\n")) {
        Ok(function) => Ok(function),
        Err(RuntimeError::Syntax { incomplete: as_expression, .. }) => {
            let statements = runtime.compile(CHUNK_NAME, format!("{text}\n"));
            statements.map_err(|error| match error {
                // An unfinished expression also counts as unfinished if it is not a statement.
                RuntimeError::Syntax { message, incomplete } => {
                    RuntimeError::Syntax { message, incomplete: incomplete || as_expression }
                }
                other => other,
            })
        }
        Err(other) => Err(other),
    }
}

/// Whether an entry begins with a declaration of a local variable, which cannot be used after the entry.
pub(super) fn declares_local(text: &str) -> bool {
    text.trim_start().strip_prefix("local").is_some_and(|rest| {
        let words = rest.trim_start();
        rest.len() > words.len() && !rest.contains(['\n', ';'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_gives_the_values_of_its_expressions() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let cases: &[(&str, &[i64])] = &[
            ("1", &[1]),
            ("1, 2", &[1, 2]),
            ("1 -- one", &[1]),
            ("x = 5", &[]),
            ("x", &[5]),
            ("local y = 1", &[]),
            ("return 7", &[7]),
            ("for i = 1, 2 do x = i end", &[]),
            ("#{ 1, 2 }", &[2]),
            ("", &[]),
            ("-- nothing", &[]),
        ];
        for (text, values) in cases {
            let function = compile(&runtime, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let found: Vec<i64> = runtime
                .call::<mlua::Variadic<i64>>(&function, ())
                .unwrap_or_else(|error| panic!("{text}: {error}"))
                .to_vec();
            assert_eq!(found, *values, "{text}");
        }
    }

    #[test]
    fn the_message_of_an_error_is_that_of_the_statement() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let cases = [
            ("x = = 1", "stdin:1: unexpected symbol near '='"),
            ("print('a", "stdin:1: unfinished string near ''a'"),
            ("#t x", "stdin:1: unexpected symbol near '#'"),
            ("x = 1\ny = )", "stdin:2: unexpected symbol near ')'"),
        ];
        for (text, message) in cases {
            assert_eq!(compile(&runtime, text).expect_err(text).to_string(), message, "{text}");
        }
    }

    #[test]
    fn a_local_is_seen() {
        let cases = [
            ("local x = 1", true),
            ("  local function f() end", true),
            ("localize()", false),
            ("x = local_value", false),
            ("local x = 1; print(x)", false),
            ("local x = 1\nprint(x)", false),
        ];
        for (text, local) in cases {
            assert_eq!(declares_local(text), local, "{text}");
        }
    }
}
