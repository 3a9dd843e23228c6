//! What a dying worker says of its death.

use serde::{Deserialize, Serialize};

/// The report that a worker's fault handler sends as its last frame, unasked.
///
/// It is written by a signal or exception handler inside a process whose heap may be in ruins, so its encoding has one
/// fixed size and is made without allocating ([`LastWords::to_frame`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWords {
    /// The signal's number on Unix, the exception's code (an NTSTATUS) on Windows.
    pub code: u32,
    /// The address of the instruction that faulted, 0 if unknown.
    pub instruction: u64,
    /// The address that could not be accessed, for faults that have one.
    pub accessed: Option<u64>,
    /// Whether that access was a write, where the system tells.
    pub write: Option<bool>,
    /// Whether a function of a library was being called at that moment.
    pub in_call: bool,
}

impl LastWords {
    /// The bytes of the largest frame of last words, its header included.
    pub const FRAME_BYTES: usize = 5 + 1 + 5 + 9 + 9 + 1 + 1;

    /// The whole frame, header included, and its length, without allocating.
    #[must_use]
    pub fn to_frame(&self) -> ([u8; Self::FRAME_BYTES], usize) {
        let mut frame = [0; Self::FRAME_BYTES];
        let mut end = 5;
        let mut push = |bytes: &[u8]| {
            frame[end..end + bytes.len()].copy_from_slice(bytes);
            end += bytes.len();
        };
        push(&[0x95, 0xce]);
        push(&self.code.to_be_bytes());
        push(&[0xcf]);
        push(&self.instruction.to_be_bytes());
        match self.accessed {
            Some(address) => {
                push(&[0xcf]);
                push(&address.to_be_bytes());
            }
            None => push(&[0xc0]),
        }
        push(&[match self.write {
            None => 0xc0,
            Some(false) => 0xc2,
            Some(true) => 0xc3,
        }]);
        push(&[if self.in_call { 0xc3 } else { 0xc2 }]);
        let payload = (end - 5) as u32;
        frame[..4].copy_from_slice(&payload.to_le_bytes());
        frame[4] = crate::link::LAST_WORDS;
        (frame, end)
    }
}
