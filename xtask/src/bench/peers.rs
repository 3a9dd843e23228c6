//! Other bridges to measure against. Those that cannot be installed are skipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step;

/// The release to measure against.
const MSL_LOADLIB: &str = "msl-loadlib==1.1.0";

/// The paths of LuaJIT, if the system has it.
const LUAJIT: [&str; 2] = ["/usr/bin/luajit", "/usr/local/bin/luajit"];

/// Installs the available bridges, and returns their locations as environment variables.
pub(super) fn install(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let environment = folder.join("venv");
    if !python(folder).is_file() || library_of_msl_loadlib(folder).is_none() {
        step::say(&format!("installing {MSL_LOADLIB}"));
        let made = step::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))
            .and_then(|()| step::run(Command::new(python(folder)).args(["-m", "pip", "install", "-q", MSL_LOADLIB])));
        if let Err(failure) = made {
            step::say(&format!("{MSL_LOADLIB} is skipped: {failure}"));
        }
    }
    if luajit().is_none() {
        let installed = step::run(Command::new("apt-get").args(["install", "-y", "-q", "luajit"]));
        if let Err(failure) = installed {
            step::say(&format!("LuaJIT is skipped: {failure}"));
        }
    }
    installed(folder)
}

/// The locations of the installed bridges.
pub(super) fn installed(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let python = Some(python(folder)).filter(|python| python.is_file());
    let places = [
        ("RUNTIME64_BENCH_PYTHON", python),
        ("RUNTIME64_BENCH_CPP_LIB32", library_of_msl_loadlib(folder)),
        ("RUNTIME64_BENCH_LUAJIT", luajit()),
    ];
    places.into_iter().filter_map(|(name, place)| Some((name, place?))).collect()
}

fn python(folder: &Path) -> PathBuf {
    folder.join("venv/bin/python")
}

/// The library that comes with msl-loadlib, wherever this Python stores its packages.
fn library_of_msl_loadlib(folder: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(folder.join("venv/lib")).ok()?;
    let within = |version: std::fs::DirEntry| version.path().join("site-packages/msl/examples/loadlib/cpp_lib32.so");
    versions.filter_map(Result::ok).map(within).find(|library| library.is_file())
}

fn luajit() -> Option<PathBuf> {
    LUAJIT.iter().map(PathBuf::from).find(|path| path.is_file())
}
