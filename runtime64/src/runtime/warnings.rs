//! `warn`: writes warnings to stderr once a script has turned them on, as Lua's own interpreter does.

use std::io::{self, Write};
use std::sync::Mutex;

use mlua::Lua;

use crate::error::last_reached_nobody;

#[derive(Default)]
struct Warnings {
    on: bool,
    /// Whether the message continues after the last piece.
    continues: bool,
    /// The number of pieces that match [`LOST`] so far, if all do.
    lost: Option<usize>,
}

/// The first pieces of Lua's warning that a finalizer failed with an error that is not a string.
const LOST: [&str; 4] = ["error in ", "__gc", " (", "error object is not a string"];

impl Warnings {
    /// Whether this piece completes the warning that a finalizer's error is lost.
    fn is_of_lost_error(&mut self, piece: &str) -> bool {
        let same = if self.continues { self.lost } else { Some(0) };
        self.lost = same.filter(|same| LOST.get(*same) == Some(&piece)).map(|same| same + 1);
        self.lost == Some(LOST.len())
    }

    /// Processes a piece of a message; returns the text to write for it.
    fn take(&mut self, piece: &str, to_continue: bool) -> String {
        let begins = !self.continues;
        self.continues = to_continue;
        if begins
            && !to_continue
            && let Some(control) = piece.strip_prefix('@')
        {
            match control {
                "on" => self.on = true,
                "off" => self.on = false,
                _ => {}
            }
            return String::new();
        }
        if !self.on {
            return String::new();
        }
        let prefix = if begins { "Lua warning: " } else { "" };
        let end = if to_continue { "" } else { "\n" };
        format!("{prefix}{piece}{end}")
    }
}

/// Implements `warn("@on")`, `warn("@off")` and `warn(message…)`; warnings are off at first.
pub(super) fn install(lua: &Lua) {
    let warnings = Mutex::new(Warnings::default());
    lua.set_warning_function(move |_, piece, to_continue| {
        if let Ok(mut warnings) = warnings.lock() {
            if warnings.is_of_lost_error(piece) {
                last_reached_nobody();
            }
            // A warning that cannot be written is lost: there is no other place to report it.
            let _ = io::stderr().write_all(warnings.take(piece, to_continue).as_bytes());
        }
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_lua_says_that_an_error_is_lost() {
        let mut warnings = Warnings::default();
        let mut finds = |message: &[&str]| {
            let pieces = message.iter().enumerate();
            let found = pieces.filter(|(index, piece)| {
                let is_lost = warnings.is_of_lost_error(piece);
                warnings.take(piece, index + 1 < message.len());
                is_lost
            });
            found.count()
        };
        assert_eq!(finds(&["error in ", "__gc", " (", "error object is not a string", ")"]), 1);
        assert_eq!(finds(&["error in ", "__gc", " (", "no device", ")"]), 0);
        assert_eq!(finds(&["error in ", "__close", " (", "error object is not a string", ")"]), 0);
        assert_eq!(finds(&["x", "error in ", "__gc", " (", "error object is not a string", ")"]), 0);
    }

    #[test]
    fn warnings_are_written_while_they_are_on() {
        let mut warnings = Warnings::default();
        let pieces = [
            ("early", false, ""),
            ("@on", false, ""),
            ("one", false, "Lua warning: one\n"),
            ("in ", true, "Lua warning: in "),
            ("@on", false, "@on\n"),
            ("@unknown", false, ""),
            ("@off", false, ""),
            ("late", false, ""),
        ];
        for (piece, to_continue, written) in pieces {
            assert_eq!(warnings.take(piece, to_continue), written, "{piece}");
        }
    }
}
