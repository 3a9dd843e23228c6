//! Frames on a byte stream, as used by the plain channel.

use std::io::{Read, Write};

use serde::Serialize;

use super::LinkError;
use crate::codec::encode_into;
use crate::limits;

const HEADER_BYTES: usize = 5;

/// One received frame; it borrows the receiver's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// A call's number, [`REPLY`](super::REPLY), [`FAULT`](super::FAULT) or [`LAST_WORDS`](super::LAST_WORDS).
    pub kind: u8,
    /// One MessagePack value.
    pub payload: &'a [u8],
}

/// Reads frames. Reuses its buffer.
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
    /// [`LinkError::Closed`] if the peer is gone, even in the middle of a frame; [`LinkError::TooLarge`] before a
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

/// Writes frames. Reuses its buffer, and writes each frame at once.
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
    /// [`LinkError::TooLarge`] before anything is written, [`LinkError::Closed`] if the peer is gone.
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

    /// The size of the last message sent, in bytes.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.buffer.len() as u64
    }
}
