//! The link through shared memory: two rings, and a doorbell to wake a sleeping side.

use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;

use super::doorbell::Doorbell;
use super::region::{self, CallState, Words};
use super::ring::{LINE_WORDS, Payload, Reader, Writer};
use super::wait::{Bell, sleep_unless, sleep_until, spin_until, wake};
use super::{CALLBACK_REPLY, LinkError, View, processor, report};
use crate::codec::encode_into;
use crate::{CrashReport, limits};

/// One of the two sides of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The side that sends requests.
    Host = 0,
    /// The side that replies.
    Worker = 1,
}

/// One end of a link through shared memory.
///
/// No content of the memory is trusted: each word is read once and checked, and payload is copied out before it is
/// decoded.
#[derive(Debug)]
pub struct SharedEndpoint {
    view: View,
    side: Side,
    doorbell: Doorbell,
    writer: Writer,
    reader: Reader,
    outgoing: Vec<u8>,
    /// The number of requests sent, or, in the worker, received.
    requests: u32,
    /// The processor that was last published.
    processor: u32,
    /// Whether the peer was asleep at the last send.
    peer_slept: bool,
}

/// The words of a message's first line before its payload: the payload's length in bytes, and the message's kind.
const HEADER_WORDS: usize = 2;

impl SharedEndpoint {
    /// A link over the first [`CONTROL_BYTES`](super::CONTROL_BYTES) of the memory, zeroed as the host created them.
    #[must_use]
    pub fn over(view: View, side: Side, doorbell: Doorbell) -> Self {
        let (writer, reader) = (Writer::default(), Reader::default());
        Self {
            view,
            side,
            doorbell,
            writer,
            reader,
            outgoing: Vec::new(),
            requests: 0,
            processor: 0,
            peer_slept: false,
        }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`LinkError::TooLarge`] before anything is sent, [`LinkError::Closed`] if the peer was found gone,
    /// [`LinkError::Corrupt`] if its count is invalid.
    pub fn send<T: Serialize>(&mut self, kind: u8, message: &T) -> Result<(), LinkError> {
        let mut payload = std::mem::take(&mut self.outgoing);
        payload.clear();
        let sent = encode_into(&mut payload, message).map_err(LinkError::from).and_then(|()| self.post(kind, &payload));
        self.outgoing = payload;
        sent
    }

    /// The size of the last message sent, in bytes.
    #[inline]
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.outgoing.len() as u64
    }

    fn post(&mut self, kind: u8, payload: &[u8]) -> Result<(), LinkError> {
        let length = u32::try_from(payload.len()).ok().filter(|length| *length <= limits::FRAME_BYTES);
        let Some(length) = length else {
            return Err(LinkError::TooLarge { bytes: payload.len() as u64 });
        };
        self.publish_processor();
        if self.side == Side::Host && kind != CALLBACK_REPLY {
            self.requests = self.requests.wrapping_add(1);
        }
        let mut line: Payload = [0; LINE_WORDS - 1];
        [line[0], line[1]] = [length, kind.into()];
        let first = payload.len().min((line.len() - HEADER_WORDS) * 4);
        let words = HEADER_WORDS + pack(&payload[..first], &mut line[HEADER_WORDS..]);
        self.put(&line[..words])?;
        for part in payload[first..].chunks(line.len() * 4) {
            let words = pack(part, &mut line);
            self.put(&line[..words])?;
        }
        self.peer_slept |= self.wake_peer()?;
        Ok(())
    }

    /// Writes one line, once there is room for it.
    fn put(&mut self, line: &[u32]) -> Result<(), LinkError> {
        let (own, peer) = self.words();
        let words = self.view.words();
        let ring = &words[region::ring(self.side as usize)];
        if !self.writer.has_room(ring, &words[peer.consumed])? {
            // The peer may be asleep with all of this unread.
            wake(&words[peer.waiting], &mut self.doorbell)?;
            let writer = &mut self.writer;
            let mut ready = || writer.has_room(ring, &words[peer.consumed]);
            if !spin_until(&words[peer.processor], processor::current, true, &mut ready)? {
                sleep_until(&words[own.waiting], &mut self.doorbell, ready)?;
            }
        }
        self.writer.write(ring, line);
        Ok(())
    }

    /// Waits for the next message, stores its payload in `payload`, and returns its kind.
    ///
    /// # Errors
    /// [`LinkError::Closed`] if the peer is gone, even in the middle of a message; [`LinkError::TooLarge`] before a
    /// byte of an oversized payload is stored; [`LinkError::Corrupt`] for data that is not a message.
    pub fn receive(&mut self, payload: &mut Vec<u8>) -> Result<u8, LinkError> {
        payload.clear();
        self.wait_for_line(self.peer_slept)?;
        self.peer_slept = false;
        self.publish_processor();
        let [length, kind] = self.reader.peek(self.incoming());
        let kind = u8::try_from(kind).map_err(|_| LinkError::Corrupt("the kind of a message exceeds a byte"))?;
        if length > limits::FRAME_BYTES {
            return Err(LinkError::TooLarge { bytes: length.into() });
        }
        if self.side == Side::Worker && kind != CALLBACK_REPLY {
            self.requests = self.requests.wrapping_add(1);
        }
        let length = length as usize;
        self.take_line(HEADER_WORDS, length, payload);
        let is_long = payload.len() < length;
        while payload.len() < length {
            self.wait_for_line(false)?;
            self.take_line(0, length, payload);
        }
        if is_long {
            // A writer that waits for room may be about to send the next message.
            self.wake_peer()?;
        }
        Ok(kind)
    }

    /// Appends the payload of the present line, up to `length` bytes in total, and returns the line to the writer.
    fn take_line(&mut self, header: usize, length: usize, payload: &mut Vec<u8>) {
        let (own, _) = self.words();
        let words = self.view.words();
        let mut line: Payload = [0; LINE_WORDS - 1];
        let bytes = (length - payload.len()).min((line.len() - header) * 4);
        let line = &mut line[..bytes.div_ceil(4)];
        self.reader.copy(&words[region::ring(1 - self.side as usize)], header, line);
        self.reader.release(&words[own.consumed]);
        let end = payload.len() + bytes;
        for word in line {
            payload.extend_from_slice(&word.to_le_bytes());
        }
        payload.truncate(end);
    }

    /// Waits until the next line is present.
    fn wait_for_line(&mut self, peer_slept: bool) -> Result<(), LinkError> {
        let (own, peer) = self.words();
        let words = self.view.words();
        let ring = &words[region::ring(1 - self.side as usize)];
        let reader = &self.reader;
        let ready = || Ok(reader.is_ready(ring));
        loop {
            if spin_until(&words[peer.processor], processor::current, peer_slept, ready)? {
                return Ok(());
            }
            // The peer may itself be waiting, for room.
            wake(&words[peer.waiting], &mut self.doorbell)?;
            if sleep_unless(&words[own.waiting], &mut self.doorbell, ready)? {
                return Ok(());
            }
        }
    }

    /// Wakes the peer if it sleeps, since a message is about to be sent: waking then overlaps with building the
    /// message. Not if both share a processor, which the peer could only take away.
    ///
    /// # Errors
    /// [`LinkError::Closed`] if the peer was found gone.
    #[inline]
    pub fn rouse(&mut self) -> Result<(), LinkError> {
        let (_, peer) = self.words();
        let words = self.view.words();
        let waiting = &words[peer.waiting];
        if waiting.load(Ordering::Relaxed) != 0
            && words[peer.processor].load(Ordering::Relaxed) != processor::current()
            && waiting.swap(0, Ordering::Relaxed) != 0
        {
            self.doorbell.ring()?;
            self.peer_slept = true;
        }
        Ok(())
    }

    /// Publishes the worker's progress with the last request it received.
    pub fn publish_state(&self, state: CallState) {
        let (own, _) = self.words();
        state.publish(&self.view.words()[own.call], self.requests);
    }

    /// The worker's progress, current or at its death, with the last request that was sent.
    #[must_use]
    pub fn call_state(&self) -> CallState {
        let (_, peer) = self.words();
        CallState::of(&self.view.words()[peer.call], self.requests)
    }

    /// The crash report of the worker, which has exited.
    #[must_use]
    pub fn crash_report(&self) -> Option<CrashReport> {
        report::read(self.view.words())
    }

    /// The doorbell.
    pub fn doorbell(&mut self) -> &mut Doorbell {
        &mut self.doorbell
    }

    fn wake_peer(&mut self) -> Result<bool, LinkError> {
        let (_, peer) = self.words();
        wake(&self.view.words()[peer.waiting], &mut self.doorbell)
    }

    fn publish_processor(&mut self) {
        let here = processor::current();
        if here != self.processor {
            let (own, _) = self.words();
            self.view.words()[own.processor].store(here, Ordering::Relaxed);
            self.processor = here;
        }
    }

    /// The ring that the peer writes.
    fn incoming(&self) -> &[AtomicU32] {
        &self.view.words()[region::ring(1 - self.side as usize)]
    }

    /// This side's words, and the peer's.
    fn words(&self) -> (Words, Words) {
        (region::words(self.side as usize), region::words(1 - self.side as usize))
    }
}

/// Packs bytes into words, padding the last one with zeros, and returns the number of words.
fn pack(bytes: &[u8], into: &mut [u32]) -> usize {
    let (whole, rest) = bytes.as_chunks::<4>();
    for (word, bytes) in into.iter_mut().zip(whole) {
        *word = u32::from_le_bytes(*bytes);
    }
    if rest.is_empty() {
        return whole.len();
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    into[whole.len()] = u32::from_le_bytes(last);
    whole.len() + 1
}

#[cfg(all(test, unix))]
mod tests;
