//! Whether the end of a worker has been reported.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a script has received an error for the end of a worker. The worker and all errors that describe that end
/// share this flag: the first of them to be raised sets it.
#[derive(Clone, Debug, Default)]
pub struct Report(Arc<AtomicBool>);

impl Report {
    /// Records that an error which describes the end is being raised.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Records that the raised error was discarded.
    pub fn take_back(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
