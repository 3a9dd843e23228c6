//! Watching, even if the library hangs, for the host's exit, and on Windows for that of the serving thread.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{pause, run_beside, start, watch_host};
#[cfg(windows)]
pub(crate) use windows::{pause, run_beside, start, watch_host};
