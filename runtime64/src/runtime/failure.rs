//! Errors that no Lua code caught: the raised value, its text, and where it was raised.

use std::fmt;

use mlua::{Error, Function, Lua, Table, Value};

/// A Lua error that reached the host.
#[derive(Clone, thiserror::Error)]
#[error("{message}")]
pub struct Uncaught {
    value: Value,
    message: String,
    traceback: Option<String>,
}

impl Uncaught {
    /// The error object: a string, a table, an error of the `dll` module or any other value. It belongs to the Lua
    /// state: an object may only be inspected while the runtime lives.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The text of the error; never empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The Lua stack where the error was raised, as `debug.traceback` formats it; absent if memory or the stack itself
    /// was exhausted.
    #[must_use]
    pub fn traceback(&self) -> Option<&str> {
        self.traceback.as_deref()
    }

    /// Converts what `xpcall` returned for an error: the report of the message handler, or the bare error if Lua could
    /// not call the handler. `format` formats objects that have no text of their own.
    pub(super) fn new(lua: &Lua, raised: Value, format: &Function) -> Self {
        let (value, traceback) = match &raised {
            Value::Table(report) => match report.raw_get::<Option<mlua::LuaString>>("traceback") {
                Ok(Some(traceback)) => {
                    let value = report.raw_get("value").unwrap_or(Value::Nil);
                    (value, Some(without_host(&traceback.to_string_lossy())))
                }
                _ => (raised, None),
            },
            _ => (raised, None),
        };
        let message = describe(lua, &value, format);
        match &value {
            // A callback of the host knows more of the stack than the handler, which saw only its result.
            Value::Error(error) => {
                let traceback = inner_traceback(error).or(traceback);
                Self { value, message, traceback }
            }
            _ => Self { value, message, traceback },
        }
    }
}

// The object is omitted: formatting it would call Lua, and an error may outlive its runtime.
impl fmt::Debug for Uncaught {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter
            .debug_struct("Uncaught")
            .field("message", &self.message)
            .field("traceback", &self.traceback)
            .finish_non_exhaustive()
    }
}

/// The text of a host error, without what mlua adds around it: the innermost cause.
pub(super) fn words_of(error: &Error) -> String {
    match error {
        Error::CallbackError { cause, .. } => words_of(cause),
        Error::SyntaxError { message, .. } | Error::MemoryError(message) => message.clone(),
        Error::RuntimeError(message) => split_traceback(message).0.to_owned(),
        other => other.to_string(),
    }
}

/// The text of an error object. If its metamethods fail, there is still a text.
fn describe(lua: &Lua, value: &Value, format: &Function) -> String {
    let words = match value {
        Value::Error(error) => Some(words_of(error)),
        Value::String(text) => Some(text.to_string_lossy()),
        Value::Integer(_) | Value::Number(_) => {
            lua.coerce_string(value.clone()).ok().flatten().map(|text| text.to_string_lossy())
        }
        Value::Table(table) if has_words(table) => value.to_string().ok(),
        Value::UserData(_) => value.to_string().ok(),
        _ => None,
    };
    match words {
        Some(words) if !words.is_empty() => words,
        _ => {
            let written = format.call::<mlua::LuaString>(value).map(|text| text.to_string_lossy());
            format!("error object: {}", written.unwrap_or_else(|_| value.type_name().to_owned()))
        }
    }
}

fn has_words(table: &Table) -> bool {
    table
        .metatable()
        .and_then(|metatable| metatable.raw_get::<Value>("__tostring").ok())
        .is_some_and(|tostring| !tostring.is_nil())
}

/// The traceback taken deepest in a chain of callbacks.
fn inner_traceback(error: &Error) -> Option<String> {
    match error {
        Error::CallbackError { traceback, cause } => inner_traceback(cause).or_else(|| Some(without_host(traceback))),
        Error::RuntimeError(message) => split_traceback(message).1.map(without_host),
        _ => None,
    }
}

/// Splits off the traceback, which mlua appends to an error string.
fn split_traceback(message: &str) -> (&str, Option<&str>) {
    match message.find("\nstack traceback:\n") {
        Some(end) => (&message[..end], Some(&message[end + 1..])),
        None => (message, None),
    }
}

/// A traceback without the frames below the chunk, which belong to the host that called it.
fn without_host(traceback: &str) -> String {
    let traceback = traceback.trim_end();
    let traceback = traceback.strip_suffix("\n\t[C]: in ?").unwrap_or(traceback);
    let traceback = traceback.strip_suffix("\n\t[C]: in function 'xpcall'").unwrap_or(traceback);
    traceback.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Runtime, RuntimeError};

    /// A runtime whose scripts can call the host: `fail(text)` raises an error, `call(f)` calls back.
    fn runtime() -> Runtime {
        let runtime = Runtime::builder().build().expect("a runtime");
        let lua = runtime.lua();
        let fail = lua
            .create_function(|_, text: String| -> mlua::Result<()> {
                Err(Error::external(std::io::Error::other(text)))
            })
            .expect("a function");
        let call = lua.create_function(|_, function: Function| function.call::<()>(())).expect("a function");
        lua.globals().set("fail", fail).expect("set");
        lua.globals().set("call", call).expect("set");
        runtime
    }

    fn uncaught(runtime: &Runtime, code: &str) -> Uncaught {
        match runtime.eval::<()>("@script.lua", code) {
            Err(RuntimeError::Uncaught(uncaught)) => uncaught,
            other => panic!("{code}: {other:?}"),
        }
    }

    #[test]
    fn an_error_of_any_type_has_words() {
        let cases = [
            ("error('gone')", "script.lua:1: gone"),
            ("error('gone', 0)", "gone"),
            ("error(42)", "42"),
            ("error(1e15)", "1e+15"),
            ("error(nil)", "error object: nil"),
            ("error('', 0)", "error object: \"\""),
            ("error({code = 3})", "error object: { code = 3 }"),
            ("error(setmetatable({}, {__tostring = function() return 'told' end}))", "told"),
            (
                "error(setmetatable({}, {__tostring = function() error('no', 0) end}))",
                "error object: table (its __tostring fails: no)",
            ),
            ("local x = nil; x.y = 1", "script.lua:1: attempt to index a nil value (local 'x')"),
            ("fail('the host says no')", "the host says no"),
            ("call(function() fail('twice removed') end)", "twice removed"),
            ("call(function() error('inside') end)", "script.lua:1: inside"),
        ];
        let runtime = runtime();
        for (code, message) in cases {
            let uncaught = uncaught(&runtime, code);
            assert_eq!(uncaught.message(), message, "{code}");
            assert_eq!(uncaught.to_string(), message, "{code}");
        }
    }

    #[test]
    fn a_stack_that_overflows_is_an_error_as_any_other() {
        let runtime = runtime();
        let uncaught = uncaught(&runtime, "local function f() return f() + 1 end f()");
        assert!(uncaught.message().contains("stack overflow"), "{uncaught}");
        assert_eq!(runtime.eval::<i64>("=after", "return 1").expect("the runtime stays usable"), 1);
    }

    #[test]
    fn the_traceback_is_of_the_script_alone() {
        let code = "local function inner() error('x') end\nfunction outer() inner() end\nouter()";
        assert_eq!(
            uncaught(&runtime(), code).traceback().expect("a traceback"),
            "stack traceback:\n\t[C]: in function 'error'\n\tscript.lua:1: in upvalue 'inner'\n\t\
             script.lua:2: in function 'outer'\n\tscript.lua:3: in main chunk"
        );
    }

    #[test]
    fn a_traceback_through_the_host_is_shown_once_and_whole() {
        let code = "local function deep() error('x') end\ncall(function() deep() end)";
        let uncaught = uncaught(&runtime(), code);
        let traceback = uncaught.traceback().expect("a traceback");
        assert_eq!(traceback.matches("stack traceback:").count(), 1, "{traceback}");
        assert!(traceback.contains("upvalue 'deep'"), "{traceback}");
        assert!(traceback.ends_with("script.lua:2: in main chunk"), "{traceback}");
    }

    #[test]
    fn the_error_object_is_kept() {
        let runtime = runtime();
        let uncaught = uncaught(&runtime, "error({code = 7})");
        let object = uncaught.value().as_table().expect("a table");
        assert_eq!(object.get::<i64>("code").expect("a code"), 7);
    }

    #[test]
    fn an_error_may_outlive_its_runtime() {
        let uncaught = uncaught(&runtime(), "error({})");
        assert!(format!("{uncaught:?} {uncaught}").contains("error object: {}"));
    }
}
