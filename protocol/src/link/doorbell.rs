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

/// The byte that wakes. No frame begins with it: the shortest last words are longer than one byte.
const RING: u8 = 1;

/// What came through the channel that was no ring: the beginning of the last words.
#[derive(Debug, Default)]
struct Rest(Vec<u8>);

impl Rest {
    /// Keeps what follows the rings in bytes that were received. A peer that sends more than last words has gone wild:
    /// the surplus is dropped.
    fn keep(&mut self, mut received: &[u8]) {
        if self.0.is_empty() {
            let rings = received.iter().take_while(|byte| **byte == RING).count();
            received = &received[rings..];
        }
        let room = crate::LastWords::FRAME_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(&received[..received.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_told_from_rings_and_are_not_unbounded() {
        let (frame, length) =
            crate::LastWords { code: 11, instruction: 1, accessed: Some(0x0101), write: None, in_call: true }
                .to_frame();
        let sent = [&[RING; 3], &frame[..length]].concat();
        for cut in 0..sent.len() {
            let mut rest = Rest::default();
            rest.keep(&sent[..cut]);
            rest.keep(&sent[cut..]);
            assert_eq!(rest.0, &frame[..length], "cut at {cut}");
        }
        let mut rest = Rest::default();
        rest.keep(&[7; 4096]);
        rest.keep(&[7; 4096]);
        assert_eq!(rest.0.len(), crate::LastWords::FRAME_BYTES);
    }
}
