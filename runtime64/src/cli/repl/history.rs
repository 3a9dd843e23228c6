//! The file with the history of the prompt.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The number of entries kept.
pub(super) const ENTRIES: usize = 10_000;

/// The user's history file, whose folder is created if necessary; `None` if no folder for it is known.
pub(super) fn file() -> Option<PathBuf> {
    let folder = folder(env::var_os)?;
    // If the folder cannot be created, writing the file will fail.
    let _ = fs::create_dir_all(&folder);
    Some(folder.join("history"))
}

/// The folder for a program's state: in `%LOCALAPPDATA%` on Windows, else as defined by the XDG Base Directory
/// Specification, which requires relative paths to be ignored.
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
