//! Locations in the repository and in the target folder.

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

/// The last built programs for users of one system.
pub(crate) fn dist(system: System) -> PathBuf {
    target().join("dist").join(folder_of(system))
}

/// The release build of these for the tests, which run both.
pub(crate) fn tested_release(system: System) -> PathBuf {
    target().join("tested-release").join(folder_of(system))
}

fn folder_of(system: System) -> &'static str {
    match system {
        System::Linux => "linux-x86_64",
        System::Windows => "windows-x86_64",
    }
}

/// The supported systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    Windows,
}

impl System {
    /// The system that xtask runs on.
    pub(crate) const HOST: Self = if cfg!(windows) { System::Windows } else { System::Linux };
}

/// `cargo`, in the repository's root: the one that runs xtask.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    // Overrides the user's configuration, since the build output is expected in this folder.
    command.current_dir(root()).env("CARGO_TARGET_DIR", target()).env_remove("CARGO_BUILD_TARGET");
    command
}
