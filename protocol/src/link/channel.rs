//! The plain channel: an unnamed endpoint that a worker inherits.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{Receiver, Sender, WorkerEnd, closer, inherit, pair};
#[cfg(windows)]
pub(super) use windows::owned_handle;
#[cfg(windows)]
pub use windows::{Receiver, Sender, WorkerEnd, inherit, pair};

/// One end of the channel.
#[derive(Debug)]
pub struct Endpoint {
    /// Where frames arrive.
    pub receiver: Receiver,
    /// Where frames leave.
    pub sender: Sender,
}
