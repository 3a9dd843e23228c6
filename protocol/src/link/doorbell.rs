//! Wake-up of the other side of a link, and detection of its exit.
//!
//! On Linux, and for a worker under Wine, this is the channel itself: one byte is a wake-up. On Windows, where
//! waiting on a pipe cannot be combined with another wait, it is a pair of events, and a process handle for the exit.

use serde::{Deserialize, Serialize};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{Doorbell, Watcher};
#[cfg(windows)]
pub use windows::{Doorbell, Events, Watcher};

/// How a worker accesses its doorbell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoorbellTicket {
    /// The doorbell is the channel.
    Channel,
    /// The doorbell consists of these handles, which the host has duplicated into the worker.
    Events {
        /// Wakes the host.
        host: u64,
        /// Wakes the worker.
        worker: u64,
        /// Set permanently when the host releases the link.
        closed: u64,
        /// The host's process.
        process: u64,
    },
}

/// The wake-up byte.
const RING: u8 = 1;
