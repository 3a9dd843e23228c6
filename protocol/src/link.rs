//! The link between a host and one worker.
//!
//! A message is one MessagePack value with a kind, but for the last words, which have an encoding of their own. The kind of a request is its [`Call::NUMBER`](crate::Call::NUMBER); a
//! worker answers with [`REPLY`] or [`FAULT`], and may send [`LAST_WORDS`] once, unasked, when it dies, and before them some that
//! are provisional. Before the answer to
//! some requests it may send a [`CALLBACK`], which the host answers with a [`CALLBACK_REPLY`].
//!
//! A link begins as a [plain channel](Endpoint): an unnamed, inherited endpoint, a socket pair on Unix, two pipes on
//! Windows. Nobody else can connect to it, and its closing tells either side that the other is gone. Messages travel as
//! [frames](Frame) on it.
//!
//! Where both sides can map the same [memory](Memory), they go over to a [`SharedEndpoint`]: two rings in that memory, and
//! the channel left to wake a side that sleeps and to tell of the other's death. The last words are left in that memory.

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

/// The kind of a message that holds a request's reply.
pub const REPLY: u8 = 0x80;
/// The kind of a message that holds a [`Fault`](crate::Fault).
pub const FAULT: u8 = 0x81;
/// The kind of a message that holds [`LastWords`](crate::LastWords).
pub const LAST_WORDS: u8 = 0x82;
/// The kind of a message by which a worker has the host called: [`Called`](crate::Called), and its arguments.
pub const CALLBACK: u8 = 0x83;
/// The kind of the host's answer to it, [`CallbackReply`](crate::CallbackReply). It is no request.
pub const CALLBACK_REPLY: u8 = 0x84;

/// Why a message could not be sent or received.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The peer has closed its end: it has ended, or is about to.
    #[error("the channel is closed")]
    Closed,
    /// The peer announces or this side tries to send a payload over [`limits::FRAME_BYTES`].
    #[error("a message of {bytes} bytes is over the limit of {} bytes", limits::FRAME_BYTES)]
    TooLarge {
        /// The payload's size.
        bytes: u64,
    },
    /// A message has no encoding.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The memory that both sides share holds what a peer that keeps to the protocol cannot have written.
    #[error("the shared memory holds nonsense: {0}")]
    Corrupt(&'static str),
    /// The operating system refused to read or write.
    #[error("the channel failed: {0}")]
    Io(io::Error),
}

impl From<io::Error> for LinkError {
    /// A peer that died shows as any of these, depending on what was under way.
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
