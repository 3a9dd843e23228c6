//! Lua values in error messages.

use std::sync::OnceLock;

use mlua::{AnyUserData, MultiValue, Value as LuaValue};

use super::conversion_error::ConversionError;
use crate::bounded;
use crate::error::ErrorKind;

/// Describes the userdata of the layers above.
static USERDATA: OnceLock<fn(&AnyUserData) -> Option<String>> = OnceLock::new();

/// Sets how userdata is described: the function returns the words for a value of a type that it knows.
pub(super) fn install(describe: fn(&AnyUserData) -> Option<String>) {
    // Each state of the process installs the same function.
    let _ = USERDATA.set(describe);
}

/// A Lua value in an error message: short values themselves, others by their type.
pub(super) fn describe(value: &LuaValue) -> String {
    const LONGEST: usize = 40;
    const LONGEST_TYPE: usize = 200;
    match value {
        LuaValue::Nil => "nil".to_owned(),
        LuaValue::Boolean(value) => value.to_string(),
        LuaValue::Integer(value) => value.to_string(),
        LuaValue::Number(value) => format!("{value:?}"),
        LuaValue::String(string) => {
            // A long text is not gone through for what is shown of it. No character has more than four bytes.
            let bytes = string.as_bytes();
            let front = String::from_utf8_lossy(&bytes[..bytes.len().min((LONGEST + 1) * 4)]);
            let short: String = front.chars().take(LONGEST).collect();
            let more = if short.len() < front.len() { "…" } else { "" };
            format!("the string \"{}{more}\"", short.escape_debug())
        }
        LuaValue::UserData(userdata) => USERDATA
            .get()
            .and_then(|describe| describe(userdata))
            .map_or_else(|| "a userdata".to_owned(), |text| bounded::line(&text, LONGEST_TYPE).into_owned()),
        other => format!("a {}", other.type_name()),
    }
}

/// A call with its arguments as the script gave them: `Reset(3, "abc…")`.
pub(super) fn describe_call(name: &str, arguments: &MultiValue) -> String {
    describe_call_of(name, arguments, describe_argument)
}

/// The same with other words for the arguments.
pub(super) fn describe_call_of(name: &str, arguments: &MultiValue, describe: impl Fn(&LuaValue) -> String) -> String {
    const MOST: usize = 16;
    let mut shown: Vec<String> = arguments.iter().take(MOST).map(describe).collect();
    if arguments.len() > MOST {
        shown.push("…".to_owned());
    }
    format!("{name}({})", shown.join(", "))
}

/// An argument of a call.
pub(super) fn describe_argument(argument: &LuaValue) -> String {
    let described = describe(argument);
    match argument {
        LuaValue::String(_) => described.trim_start_matches("the string ").to_owned(),
        _ => described,
    }
}

/// What is wrong with a value of another type than is needed.
pub(super) fn wrong_type(expected: &str, value: &LuaValue) -> ConversionError {
    ConversionError::new(ErrorKind::Type, format!("{expected} is needed, not {}", describe(value)))
}
