//! The prompt: reads Lua, runs it, shows the results.

mod commands;
mod echo;
mod evaluate;
mod history;
mod idle;
mod input;
mod validator;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Instant;

use mlua::{MultiValue, Value};
use runtime64::{Runtime, RuntimeError};

use super::report;
use commands::Command;
use echo::Echo;
use input::{Entry, Input};

/// Runs the prompt until the user leaves. `earlier` is the error of a script that ran before, kept for inspection.
pub(crate) fn run(runtime: &Runtime, earlier: Option<&RuntimeError>) {
    let session = PromptSession { runtime, echo: Echo::new(runtime), on_terminal: io::stdin().is_terminal() };
    if let Some(error) = earlier {
        session.remember_error(error);
    }
    session.run();
}

/// One session of the prompt.
struct PromptSession<'a> {
    runtime: &'a Runtime,
    echo: Echo<'a>,
    on_terminal: bool,
}

/// Whether the session continues.
#[derive(PartialEq)]
enum Flow {
    Continue,
    Leave,
}

impl PromptSession<'_> {
    fn run(&self) {
        let mut input = Input::open(self.runtime, self.on_terminal);
        if self.on_terminal {
            self.echo.line(&format!("{}   :help for help, :quit or Ctrl-D to leave", super::version::version()));
        }
        let mut told_of_locals = !self.on_terminal;
        loop {
            match self.idle_until(|| input.next()) {
                Entry::Text(text) => {
                    if self.take(&text) == Flow::Leave {
                        return;
                    }
                    if !told_of_locals && evaluate::declares_local(&text) {
                        told_of_locals = true;
                        self.echo.line("(a local variable is lost after its entry; without `local` it is kept)");
                    }
                }
                Entry::Cleared => {}
                Entry::End => return,
                Entry::Failed(reason) => {
                    report::line(&format!("cannot read the input: {reason}"));
                    return;
                }
            }
        }
    }

    /// Calls `wait`, and serves callbacks meanwhile.
    fn idle_until<R>(&self, wait: impl FnOnce() -> R) -> R {
        idle::during(self.runtime, |error| self.echo.error(error), wait)
    }

    /// Executes an entry.
    fn take(&self, text: &str) -> Flow {
        match Command::parse(text) {
            None => self.show(self.evaluate(text)),
            Some(Ok(Command::Quit)) => return Flow::Leave,
            Some(Ok(Command::Help)) => self.echo.line(&commands::help()),
            Some(Ok(Command::Load(path))) => self.show(self.runtime.run_file(Path::new(path), ())),
            Some(Ok(Command::Time(code))) => {
                let start = Instant::now();
                self.show(self.evaluate(code));
                self.echo.line(&format!("{:.3?}", start.elapsed()));
            }
            Some(Err(refusal)) => report::line(&refusal),
        }
        Flow::Continue
    }

    fn evaluate(&self, code: &str) -> Result<MultiValue, RuntimeError> {
        let function = evaluate::compile(self.runtime, code)?;
        self.runtime.call(&function, ())
    }

    /// Shows values and keeps the first as `_`, or shows an error and keeps it as `_error`.
    fn show(&self, result: Result<MultiValue, RuntimeError>) {
        match result {
            Ok(values) => {
                self.echo.values(&values);
                if let Some(value) = values.front() {
                    self.set_global("_", value.clone());
                }
            }
            Err(error) => {
                self.echo.error(&error);
                self.remember_error(&error);
            }
        }
    }

    fn remember_error(&self, error: &RuntimeError) {
        let value = match error {
            RuntimeError::Uncaught(uncaught) => Ok(uncaught.value().clone()),
            other => self.runtime.lua().create_string(other.to_string()).map(Value::String),
        };
        self.set_global("_error", value.unwrap_or(Value::Nil));
    }

    /// Sets a global without running metamethods of the table of globals.
    fn set_global(&self, name: &str, value: Value) {
        // It fails only if memory is exhausted; then the value cannot be kept.
        let _ = self.runtime.lua().globals().raw_set(name, value);
    }
}
