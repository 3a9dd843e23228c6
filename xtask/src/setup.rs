//! The requirements of the builds: each one is checked first, and one that is present costs nothing.

pub(crate) mod debian;
pub(crate) mod rust;
pub(crate) mod wine;

use crate::failure::Failure;
use crate::workspace::System;

/// The tools found or installed by the set-up.
pub(crate) struct Tools {
    /// Wine, on Linux.
    pub(crate) wine: Option<wine::Wine>,
}

/// Sets up everything that builds, runs and tests need on this system.
pub(crate) fn everything() -> Result<Tools, Failure> {
    rust::targets()?;
    if System::HOST == System::Windows {
        return Ok(Tools { wine: None });
    }
    debian::packages()?;
    Ok(Tools { wine: Some(wine::ready()?) })
}
