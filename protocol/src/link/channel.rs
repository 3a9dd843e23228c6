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

/// The most that is taken of what a peer left behind: more than its report and all that can wake.
const REMAINDER_BYTES: usize = 256 << 10;

/// One end of the channel.
#[derive(Debug)]
pub struct Endpoint {
    /// Where frames arrive.
    pub receiver: Receiver,
    /// Where frames leave.
    pub sender: Sender,
}

impl Endpoint {
    /// What lies in the channel of a peer that is found gone. It is not waited for: a peer that has only closed the
    /// direction towards it may live on, and never say anything more.
    pub fn remainder(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        while bytes.len() < REMAINDER_BYTES
            && let Some(received) = self.receive_what_lies_there(&mut part)
        {
            bytes.extend_from_slice(&part[..received]);
        }
        bytes
    }
}
