//! Where the built programs and the fixtures are, as `cargo xtask test` says.

use std::env;
use std::path::{Path, PathBuf};

/// The folder of the programs built for Linux: runtime64, worker32, worker64, worker32.exe, worker64.exe,
/// worker32-launcher.exe.
///
/// # Panics
/// If the tests were not started by `cargo xtask test`.
#[must_use]
pub fn linux_programs() -> PathBuf {
    folder("RUNTIME64_DIST_LINUX")
}

/// The folder of the programs built for Windows: runtime64.exe, worker32.exe, worker64.exe.
///
/// # Panics
/// If the tests were not started by `cargo xtask test`.
#[must_use]
pub fn windows_programs() -> PathBuf {
    folder("RUNTIME64_DIST_WINDOWS")
}

/// Whether the built programs are optimised, as users run them.
///
/// # Panics
/// If the tests were not started by `cargo xtask test`.
#[must_use]
pub fn is_release() -> bool {
    variable("RUNTIME64_TESTED_PROFILE").as_os_str() == "release"
}

/// The folder of the libraries built from `tests/fixtures`, with a folder for each target in it.
///
/// # Panics
/// If the tests were not started by `cargo xtask test`.
#[must_use]
pub fn fixtures() -> PathBuf {
    folder("RUNTIME64_FIXTURES")
}

/// Wine's loader, which runs Windows programs on Linux.
///
/// # Panics
/// If the tests were not started by `cargo xtask test`.
#[must_use]
pub fn wine() -> PathBuf {
    let loader = variable("RUNTIME64_WINE");
    assert!(loader.is_file(), "Wine's loader {} is missing: run `cargo xtask setup`", loader.display());
    loader
}

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn folder(name: &str) -> PathBuf {
    let path = variable(name);
    assert!(path.is_dir(), "{name} names {}, which is no folder: run `cargo xtask test`", path.display());
    path
}

fn variable(name: &str) -> PathBuf {
    match env::var_os(name) {
        Some(value) if !value.is_empty() => PathBuf::from(value),
        _ => panic!("{name} is not set: these tests run what `cargo xtask test` builds, so run that"),
    }
}
