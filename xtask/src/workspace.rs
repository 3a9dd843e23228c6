//! Where things are in the repository and in the target folder.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |target| root().join(target))
}

/// What a user of one system runs, as it was built last.
pub(crate) fn dist(system: System) -> PathBuf {
    target().join("dist").join(folder_of(system))
}

/// The release build of the same for the tests, which run both.
pub(crate) fn tested_release(system: System) -> PathBuf {
    target().join("tested-release").join(folder_of(system))
}

fn folder_of(system: System) -> &'static str {
    match system {
        System::Linux => "linux-x86_64",
        System::Windows => "windows-x86_64",
    }
}

/// The systems that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    Windows,
}

impl System {
    /// The one that xtask runs on.
    pub(crate) const HOST: Self = if cfg!(windows) { System::Windows } else { System::Linux };
}

/// `cargo`, in the repository's root: the one that runs xtask.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    // Configuration of the user's may say otherwise, and what is built is looked for where this says.
    command.current_dir(root()).env("CARGO_TARGET_DIR", target()).env_remove("CARGO_BUILD_TARGET");
    command
}
