//! Tables of options, with errors that name the option and the values it accepts.

use std::path::PathBuf;
use std::time::Duration;

use mlua::{Function, LuaString, Table, Value as LuaValue};

use super::argument::os_string;
use crate::dll::describe::wrong_type;
use crate::dll::duration;
use crate::error::{Error, ErrorKind};

/// The value of an option, and its place.
pub(super) struct OptionValue {
    /// "dll.load: option 'search'".
    location: String,
    pub(super) value: LuaValue,
}

/// Reads a table of options. `read` processes each option, and returns false for an unknown key; `known` lists the
/// known ones.
pub(super) fn read_each(
    doing: &str,
    table: &Table,
    known: &str,
    mut read: impl FnMut(&str, &OptionValue) -> mlua::Result<bool>,
) -> mlua::Result<()> {
    for pair in table.pairs::<LuaValue, LuaValue>() {
        let (key, value) = pair?;
        let LuaValue::String(key) = key else {
            return Err(wrong_type("the name of an option", &key).at(doing).into());
        };
        let key = key.to_string_lossy();
        let option = OptionValue { location: format!("{doing}: option '{key}'"), value };
        if !read(&key, &option)? {
            let message = format!("{doing}: unknown option '{key}'; options are {known}");
            return Err(Error::new(ErrorKind::Type, message).into());
        }
    }
    Ok(())
}

impl OptionValue {
    /// The place, for messages.
    pub(super) fn location(&self) -> &str {
        &self.location
    }

    /// The error for a value of the wrong type, or out of range.
    pub(super) fn wrong(&self, expected: &str) -> mlua::Error {
        wrong_type(expected, &self.value).at(&self.location).into()
    }

    pub(super) fn seconds(&self) -> mlua::Result<Duration> {
        Ok(duration::of_seconds(&self.location, &self.value)?)
    }

    /// An integer that is at least 1.
    pub(super) fn count(&self) -> mlua::Result<u64> {
        let count = self.value.as_integer().filter(|count| *count >= 1);
        count.map(|count| count as u64).ok_or_else(|| self.wrong("a positive integer"))
    }

    /// A size in bytes: an integer, or a string such as "64M" with K, M or G for powers of 1,024.
    pub(super) fn bytes(&self) -> mlua::Result<u64> {
        let bytes = match &self.value {
            LuaValue::Integer(bytes) => u64::try_from(*bytes).ok(),
            LuaValue::String(text) => bytes_of(&text.to_string_lossy()),
            _ => None,
        };
        bytes
            .filter(|bytes| *bytes > 0)
            .ok_or_else(|| self.wrong("a number of bytes, or a string with K, M or G such as \"64M\""))
    }

    pub(super) fn text(&self) -> mlua::Result<String> {
        self.value.as_string().map(LuaString::to_string_lossy).ok_or_else(|| self.wrong("a string"))
    }

    pub(super) fn path(&self) -> mlua::Result<PathBuf> {
        match &self.value {
            path @ LuaValue::String(_) => Ok(os_string(self.location(), path)?.into()),
            _ => Err(self.wrong("a string")),
        }
    }

    pub(super) fn boolean(&self) -> mlua::Result<bool> {
        self.value.as_boolean().ok_or_else(|| self.wrong("a boolean"))
    }

    pub(super) fn function(&self) -> mlua::Result<Function> {
        self.value.as_function().cloned().ok_or_else(|| self.wrong("a function"))
    }

    pub(super) fn table(&self, expected: &str) -> mlua::Result<Table> {
        self.value.as_table().cloned().ok_or_else(|| self.wrong(expected))
    }

    /// The value for one of several words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> mlua::Result<T> {
        let word = self.value.as_string().map(LuaString::to_string_lossy).unwrap_or_default();
        let found = words.iter().find(|(known, _)| *known == word);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let quoted: Vec<_> = words.iter().map(|(known, _)| format!("\"{known}\"")).collect();
            self.wrong(&format!("one of {}", quoted.join(", ")))
        })
    }
}

fn bytes_of(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) => (number, 10 * (1 + "KMG".find(&text[number.len()..])? as u32)),
        None => (text, 0),
    };
    number.parse::<u64>().ok()?.checked_mul(1 << unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_have_units() {
        let cases = [
            ("4096", Some(4096)),
            ("1K", Some(1024)),
            ("64M", Some(64 << 20)),
            ("2G", Some(2 << 30)),
            ("M", None),
            ("1.5M", None),
            ("-1K", None),
            ("64MB", None),
            ("99999999999G", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(bytes_of(text), bytes, "{text}");
        }
    }
}
