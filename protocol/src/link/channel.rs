//! The plain channel: an unnamed endpoint inherited by a worker.

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

/// The maximum number of bytes read from a dead peer's channel: more than its report and all wake-up bytes.
const REMAINDER_BYTES: usize = 256 << 10;

/// One end of the channel.
#[derive(Debug)]
pub struct Endpoint {
    /// Receives frames.
    pub receiver: Receiver,
    /// Sends frames.
    pub sender: Sender,
}

impl Endpoint {
    /// The bytes left in the channel of a peer that is gone. Does not wait for more: a peer that has only closed its
    /// receiving direction may live on, and never send anything again.
    pub fn remainder(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        while bytes.len() < REMAINDER_BYTES
            && let Some(received) = self.receive_buffered(&mut part)
        {
            bytes.extend_from_slice(&part[..received]);
        }
        bytes
    }
}
