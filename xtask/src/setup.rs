//! What must be there before anything is built: each part is looked for first, and a part that is there costs nothing.

pub(crate) mod debian;
pub(crate) mod rust;
pub(crate) mod wine;

use crate::failure::Failure;
use crate::workspace::System;

/// What the set-up found or made, for those who need it.
pub(crate) struct Tools {
    /// Wine, on Linux.
    pub(crate) wine: Option<wine::Wine>,
}

/// Sets up all that builds, runs and tests need on this system.
pub(crate) fn everything() -> Result<Tools, Failure> {
    rust::targets()?;
    if System::HOST == System::Windows {
        return Ok(Tools { wine: None });
    }
    debian::packages()?;
    Ok(Tools { wine: Some(wine::ready()?) })
}
