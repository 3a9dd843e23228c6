//! Wine's server for the duration of a run.

use std::fs::File;

use crate::failure::Failure;
use crate::setup::wine::Wine;
use crate::step;

/// Wine's server, kept alive between tests and stopped with them, so that no Wine process outlives the run. Runs of
/// several clones share it, and the last one stops it. Every run of a program in the prefix must hold one: the
/// programs of a stopped server exit with code 0, silently.
pub(crate) struct Server {
    wine: Wine,
    /// Shared by the runs.
    in_use: File,
}

impl Server {
    /// Starts the server, or joins the runs that use it.
    pub(crate) fn start(wine: &Wine) -> Result<Self, Failure> {
        let in_use = wine.in_use()?;
        let cannot = |error: std::io::Error| Failure::new(format!("Wine's prefix cannot be locked: {error}"));
        in_use.lock_shared().map_err(cannot)?;
        // This fails if a server is already running, which is then used.
        step::succeeds(&mut wine.server("--persistent"));
        Ok(Self { wine: wine.clone(), in_use })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let last = self.in_use.unlock().is_ok() && self.in_use.try_lock().is_ok();
        if last {
            // If the server has already stopped, there is nothing to do.
            step::succeeds(&mut self.wine.server("--kill"));
        }
    }
}
