//! The channel that both ends speak.
//!
//! A frame is a header of five bytes, the payload's length as a little-endian `u32` and the frame's kind, and then the
//! payload, one MessagePack value. The kind of a request is its [`Call::NUMBER`](crate::Call::NUMBER); a worker answers
//! with [`REPLY`] or [`FAULT`], and may send [`LAST_WORDS`] once, unasked, when it dies.
//!
//! The endpoint is unnamed and inherited: a socket pair on Unix, two pipes on Windows. Nobody else can connect to it,
//! and its closing tells either side that the other is gone.

use std::io::{self, Read, Write};

use serde::Serialize;

use crate::codec::{CodecError, encode_into};
use crate::limits;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{Receiver, Sender, WorkerEnd, closer, inherit, pair};
#[cfg(windows)]
pub use windows::{Receiver, Sender, WorkerEnd, inherit, pair};

/// The kind of a frame that holds a request's reply.
pub const REPLY: u8 = 0x80;
/// The kind of a frame that holds a [`Fault`](crate::Fault).
pub const FAULT: u8 = 0x81;
/// The kind of a frame that holds [`LastWords`](crate::LastWords).
pub const LAST_WORDS: u8 = 0x82;

/// One end of the channel.
#[derive(Debug)]
pub struct Endpoint {
    /// Where frames arrive.
    pub receiver: Receiver,
    /// Where frames leave.
    pub sender: Sender,
}

const HEADER_BYTES: usize = 5;

/// Why a frame could not be sent or received.
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

/// One received frame; it borrows the receiver's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// A call's number, [`REPLY`], [`FAULT`] or [`LAST_WORDS`].
    pub kind: u8,
    /// One MessagePack value.
    pub payload: &'a [u8],
}

/// Reads frames. The buffer is kept from frame to frame.
#[derive(Debug)]
pub struct FrameReader<R> {
    source: R,
    buffer: Vec<u8>,
}

impl<R: Read> FrameReader<R> {
    /// Reads frames from `source`.
    pub fn new(source: R) -> Self {
        Self { source, buffer: Vec::new() }
    }

    /// Waits for the next frame.
    ///
    /// # Errors
    /// [`LinkError::Closed`] when the peer is gone, also in the middle of a frame; [`LinkError::TooLarge`] before a
    /// byte of an oversized payload is stored.
    pub fn receive(&mut self) -> Result<Frame<'_>, LinkError> {
        let mut header = [0; HEADER_BYTES];
        self.source.read_exact(&mut header)?;
        let [length @ .., kind] = header;
        let length = u32::from_le_bytes(length);
        if length > limits::FRAME_BYTES {
            return Err(LinkError::TooLarge { bytes: length.into() });
        }
        self.buffer.clear();
        // Reading through `take` grows the buffer as bytes arrive: an announced length alone costs no memory.
        let received = (&mut self.source).take(length.into()).read_to_end(&mut self.buffer)?;
        if received < length as usize {
            return Err(LinkError::Closed);
        }
        Ok(Frame { kind, payload: &self.buffer })
    }
}

/// Writes frames. The buffer is kept from frame to frame, and each frame is written at once.
#[derive(Debug)]
pub struct FrameWriter<W> {
    sink: W,
    buffer: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    /// Writes frames to `sink`.
    pub fn new(sink: W) -> Self {
        Self { sink, buffer: Vec::new() }
    }

    /// Sends one message as a frame of the given kind.
    ///
    /// # Errors
    /// [`LinkError::TooLarge`] before anything is written, [`LinkError::Closed`] when the peer is gone.
    pub fn send<T: Serialize>(&mut self, kind: u8, message: &T) -> Result<(), LinkError> {
        self.buffer.clear();
        self.buffer.extend_from_slice(&[0; HEADER_BYTES - 1]);
        self.buffer.push(kind);
        encode_into(&mut self.buffer, message)?;
        let payload = self.buffer.len() - HEADER_BYTES;
        let length = u32::try_from(payload).ok().filter(|length| *length <= limits::FRAME_BYTES);
        let Some(length) = length else {
            return Err(LinkError::TooLarge { bytes: payload as u64 });
        };
        self.buffer[..4].copy_from_slice(&length.to_le_bytes());
        self.sink.write_all(&self.buffer)?;
        Ok(())
    }
}
