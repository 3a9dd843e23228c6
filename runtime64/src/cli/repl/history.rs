//! Where the history of the prompt is kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// How many entries are kept.
pub(super) const ENTRIES: usize = 10_000;

/// The user's history file, its folder made if need be; `None` where the user has no place for it.
pub(super) fn file() -> Option<PathBuf> {
    let folder = folder(env::var_os)?;
    // A folder that cannot be made shows when the file is written.
    let _ = fs::create_dir_all(&folder);
    Some(folder.join("history"))
}

/// The folder for what a program remembers: `%LOCALAPPDATA%` on Windows, else as the XDG Base Directory Specification
/// has it, by which a relative path is to be ignored.
fn folder(variable: impl Fn(&'static str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else {
        absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(Path::new(".local/state"))))
    };
    base.map(|base| base.join("runtime64"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users() {
        type Case = (&'static [(&'static str, &'static str)], Option<&'static str>);
        let cases: &[Case] = &[
            (&[("XDG_STATE_HOME", "/state"), ("HOME", "/users/me")], Some("/state/runtime64")),
            (&[("HOME", "/users/me")], Some("/users/me/.local/state/runtime64")),
            (&[("XDG_STATE_HOME", ""), ("HOME", "/users/me")], Some("/users/me/.local/state/runtime64")),
            (&[("XDG_STATE_HOME", "state"), ("HOME", "/users/me")], Some("/users/me/.local/state/runtime64")),
            (&[], None),
        ];
        for (variables, expected) in cases {
            let variable = |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            assert_eq!(folder(variable), expected.map(PathBuf::from), "{variables:?}");
        }
    }
}
