//! Errors that are raised: each reports the end of a worker that it describes, unless it reaches nobody.

use std::cell::RefCell;

use crate::remote::Report;

thread_local! {
    /// The report of the error that was raised last in this thread, if it is one.
    static LAST: RefCell<Option<Report>> = const { RefCell::new(None) };
}

/// An error is being raised, which may describe the end of a worker.
pub(super) fn raise(report: Option<&Report>) {
    if let Some(report) = report {
        report.set();
    }
    // While a thread ends nobody asks any more.
    let _ = LAST.try_with(|last| last.replace(report.cloned()));
}

/// The error that was raised last has reached nobody: what it described is reported by the next one.
pub(crate) fn last_reached_nobody() {
    let last = LAST.try_with(RefCell::take).ok().flatten();
    if let Some(report) = last {
        report.take_back();
    }
}
