//! What wakes the other side of a link, and tells of its end.
//!
//! On Linux, and for a worker under Wine, it is the channel itself: one byte wakes. On Windows, where no wait on a pipe can
//! be combined with another, it is a pair of events; a process handle tells of the end.

use serde::{Deserialize, Serialize};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{Doorbell, Watcher};
#[cfg(windows)]
pub use windows::{Doorbell, Events, Watcher};

/// How a worker finds its doorbell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoorbellTicket {
    /// It is the channel.
    Channel,
    /// It owns these handles, which the host has put into it.
    Events {
        /// Wakes the host.
        host: u64,
        /// Wakes the worker.
        worker: u64,
        /// Is set for good when the host lets go of the link.
        closed: u64,
        /// The host's process.
        process: u64,
    },
}

/// The byte that wakes.
const RING: u8 = 1;
