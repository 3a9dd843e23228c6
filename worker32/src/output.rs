//! Makes the library's output visible as it is printed, even if standard output is a pipe, which C runtimes would
//! buffer until the process ends.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{flush, prepare, prepare_new_runtime};
#[cfg(windows)]
pub(crate) use windows::{flush, prepare, prepare_new_runtime};
