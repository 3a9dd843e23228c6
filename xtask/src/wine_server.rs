//! Wine's server for the length of a run.

use std::fs::File;

use crate::failure::Failure;
use crate::setup::wine::Wine;
use crate::step;

/// Wine's server, kept alive between tests and ended with them, so that no process of Wine's outlives the run. Runs of
/// several clones share it, and the last one ends it. Whoever runs a program in the prefix has to hold one: the programs of a
/// server that is ended end with the code 0 and say nothing.
pub(crate) struct Server {
    wine: Wine,
    /// Shared by the runs.
    in_use: File,
}

impl Server {
    /// Starts it, or joins the runs that use it.
    pub(crate) fn start(wine: &Wine) -> Result<Self, Failure> {
        let in_use = wine.in_use()?;
        let cannot = |error: std::io::Error| Failure::new(format!("Wine's prefix cannot be locked: {error}"));
        in_use.lock_shared().map_err(cannot)?;
        // It fails where a server runs already, which then serves as well.
        step::succeeds(&mut wine.server("--persistent"));
        Ok(Self { wine: wine.clone(), in_use })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let last = self.in_use.unlock().is_ok() && self.in_use.try_lock().is_ok();
        if last {
            // There is nothing to end if the server has ended already.
            step::succeeds(&mut self.wine.server("--kill"));
        }
    }
}
