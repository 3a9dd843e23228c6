//! What is watched for however hung the library is: the host's end, and on Windows that of the thread that serves it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{pause, run_beside, start, watch_host};
#[cfg(windows)]
pub(crate) use windows::{pause, run_beside, start, watch_host};
