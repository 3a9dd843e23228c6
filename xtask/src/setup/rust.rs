//! The compilation targets and components of the Rust toolchain.

use std::process::Command;

use crate::failure::Failure;
use crate::step;
use crate::workspace::System;

/// The targets built in addition to the host's own.
pub(crate) const TARGETS: &[&str] = match System::HOST {
    System::Linux => &["i686-unknown-linux-gnu", "i686-pc-windows-gnu", "x86_64-pc-windows-gnu"],
    System::Windows => &["i686-pc-windows-msvc"],
};

/// Adds the missing targets. rustup may not be allowed to install them automatically, so this is explicit.
pub(crate) fn targets() -> Result<(), Failure> {
    add("target", TARGETS)
}

/// Adds rustfmt and clippy if they are missing.
pub(crate) fn components() -> Result<(), Failure> {
    add("component", &["rustfmt", "clippy"])
}

fn add(what: &str, wanted: &[&str]) -> Result<(), Failure> {
    let list = step::capture(Command::new("rustup").args([what, "list", "--installed"])).map_err(|failure| {
        Failure::new(format!("rustup is needed to install {what}s; get it from https://rustup.rs ({failure})"))
    })?;
    // A component is listed with its host as a suffix: clippy-x86_64-unknown-linux-gnu.
    let installed = |name: &&&str| list.lines().any(|line| line == **name || line.starts_with(&format!("{name}-")));
    let missing: Vec<&str> = wanted.iter().filter(|name| !installed(name)).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    step::say(&format!("rustup {what} add {}", missing.join(" ")));
    step::run(Command::new("rustup").args([what, "add"]).args(missing))
}
