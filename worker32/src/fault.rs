//! Faults of the library: a handler that tells the host what happened before the process dies of it.
//!
//! The process always dies: after a fault its heap cannot be trusted.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{guard_thread, report_to};
#[cfg(windows)]
pub(crate) use windows::{guard_thread, report_to};
