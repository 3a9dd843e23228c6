//! The link between a host and one worker.
//!
//! A message is one MessagePack value with a kind, except for the crash report, which has its own encoding. The kind
//! of a request is its [`Call::NUMBER`](crate::Call::NUMBER); a worker answers with [`REPLY`] or [`FAULT`], and when
//! it dies it may send [`LAST_WORDS`] once, unsolicited, possibly preceded by provisional ones. Before the answer to
//! some requests it may send a [`CALLBACK`], which the host answers with a [`CALLBACK_REPLY`].
//!
//! A link begins as a [plain channel](Endpoint): an unnamed, inherited endpoint, a socket pair on Unix, two pipes on
//! Windows. No other process can connect to it, and each side detects the other's exit by its closing. Messages
//! travel as [frames](Frame) on it.
//!
//! If both sides can map the same [memory](Memory), they switch to a [`SharedEndpoint`]: two rings in that memory,
//! and the channel, which is then only used to wake a sleeping side and to detect the other's exit. The crash report
//! is left in that memory.

use std::io;

use crate::codec::CodecError;
use crate::limits;

mod channel;
mod doorbell;
mod frame;
mod memory;
mod processor;
mod region;
mod report;
mod ring;
mod shared;
mod wait;

#[cfg(unix)]
pub use channel::closer;
pub use channel::{Endpoint, Receiver, Sender, WorkerEnd, inherit, pair};
#[cfg(windows)]
pub use doorbell::Events;
pub use doorbell::{Doorbell, DoorbellTicket, Watcher};
pub use frame::{Frame, FrameReader, FrameWriter};
pub use memory::{Memory, Ticket, View};
pub use region::{ARENA_START, CALL_AREA_BYTES, CALL_AREA_START, CONTROL_BYTES, CallState, SEGMENT_ALIGN};
pub use report::{DumpWatch, ReportArea, report_frame};
pub use shared::{SharedEndpoint, Side};

/// The kind of a message with the reply to a request.
pub const REPLY: u8 = 0x80;
/// The kind of a message with a [`Fault`](crate::Fault).
pub const FAULT: u8 = 0x81;
/// The kind of a message with [`CrashReport`](crate::CrashReport).
pub const LAST_WORDS: u8 = 0x82;
/// The kind of a message in which a worker calls the host: [`CallbackInvocation`](crate::CallbackInvocation), and its
/// arguments.
pub const CALLBACK: u8 = 0x83;
/// The kind of the host's answer to it, [`CallbackReply`](crate::CallbackReply). It is not a request.
pub const CALLBACK_REPLY: u8 = 0x84;

/// Reasons a message could not be sent or received.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The peer has closed its end: it has exited or is about to.
    #[error("the channel is closed")]
    Closed,
    /// The peer announced, or this side tried to send, a payload over [`limits::FRAME_BYTES`].
    #[error("a message of {bytes} bytes is over the limit of {} bytes", limits::FRAME_BYTES)]
    TooLarge {
        /// The payload's size.
        bytes: u64,
    },
    /// A message has no encoding.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The shared memory contains data that a peer following the protocol cannot have written.
    #[error("the shared memory is corrupt: {0}")]
    Corrupt(&'static str),
    /// The operating system failed to read or write.
    #[error("the channel failed: {0}")]
    Io(io::Error),
}

impl From<io::Error> for LinkError {
    /// The death of a peer results in any of these, depending on the operation in progress.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
            | io::ErrorKind::WriteZero => LinkError::Closed,
            _ => LinkError::Io(error),
        }
    }
}
