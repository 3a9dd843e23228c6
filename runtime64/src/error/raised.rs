//! Raised errors: each reports the worker's end that it describes, unless it is discarded.

use std::cell::RefCell;

use crate::remote::Report;

thread_local! {
    /// The report of the error raised last in this thread, if it has one.
    static LAST: RefCell<Option<Report>> = const { RefCell::new(None) };
}

/// Records that an error is raised, which may describe the end of a worker.
pub(super) fn raise(report: Option<&Report>) {
    if let Some(report) = report {
        report.set();
    }
    // While a thread exits, no code needs this any more.
    let _ = LAST.try_with(|last| last.replace(report.cloned()));
}

/// Records that the error raised last was discarded: the next error reports what it described.
pub(crate) fn last_reached_nobody() {
    let last = LAST.try_with(RefCell::take).ok().flatten();
    if let Some(report) = last {
        report.take_back();
    }
}
