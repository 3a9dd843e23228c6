//! Lua values in error messages.

use std::sync::OnceLock;

use mlua::{AnyUserData, MultiValue, Value as LuaValue};

use super::conversion_error::ConversionError;
use crate::bounded;
use crate::error::ErrorKind;

/// Describes userdata of higher modules.
static USERDATA: OnceLock<fn(&AnyUserData) -> Option<String>> = OnceLock::new();

/// Sets the function that describes userdata. It returns `None` for types it does not know.
pub(super) fn install(describe: fn(&AnyUserData) -> Option<String>) {
    // Every state in the process installs the same function.
    let _ = USERDATA.set(describe);
}

/// A Lua value in an error message: short values themselves, others by type.
pub(super) fn describe(value: &LuaValue) -> String {
    const MAX_TEXT: usize = 40;
    const MAX_TYPE_TEXT: usize = 200;
    match value {
        LuaValue::Nil => "nil".to_owned(),
        LuaValue::Boolean(value) => value.to_string(),
        LuaValue::Integer(value) => value.to_string(),
        LuaValue::Number(value) => format!("{value:?}"),
        LuaValue::String(string) => {
            // Only the beginning of a long string is examined. A character takes at most four bytes.
            let bytes = string.as_bytes();
            let front = String::from_utf8_lossy(&bytes[..bytes.len().min((MAX_TEXT + 1) * 4)]);
            let short: String = front.chars().take(MAX_TEXT).collect();
            let more = if short.len() < front.len() { "…" } else { "" };
            format!("the string \"{}{more}\"", short.escape_debug())
        }
        LuaValue::UserData(userdata) => USERDATA
            .get()
            .and_then(|describe| describe(userdata))
            .map_or_else(|| "a userdata".to_owned(), |text| bounded::line(&text, MAX_TYPE_TEXT).into_owned()),
        other => format!("a {}", other.type_name()),
    }
}

/// A call with its arguments as the script passed them: `Reset(3, "abc…")`.
pub(super) fn describe_call(name: &str, arguments: &MultiValue) -> String {
    describe_call_of(name, arguments, describe_argument)
}

/// Like [`describe_call`], with another description of the arguments.
pub(super) fn describe_call_of(name: &str, arguments: &MultiValue, describe: impl Fn(&LuaValue) -> String) -> String {
    const MAX: usize = 16;
    let mut shown: Vec<String> = arguments.iter().take(MAX).map(describe).collect();
    if arguments.len() > MAX {
        shown.push("…".to_owned());
    }
    format!("{name}({})", shown.join(", "))
}

/// An argument in the description of a call.
pub(super) fn describe_argument(argument: &LuaValue) -> String {
    let described = describe(argument);
    match argument {
        LuaValue::String(_) => described.trim_start_matches("the string ").to_owned(),
        _ => described,
    }
}

/// The error for a value of the wrong type.
pub(super) fn wrong_type(expected: &str, value: &LuaValue) -> ConversionError {
    ConversionError::new(ErrorKind::Type, format!("expected {expected}, got {}", describe(value)))
}
