//! The link of a worker that may send any bytes as any kind of message.

use std::io::Write;
use std::sync::atomic::Ordering;

use protocol::link::{CONTROL_BYTES, Doorbell, Endpoint, FrameReader, Memory, SharedEndpoint, Side, View};

/// The words of a line, the lines of a ring, and where the ring of replies starts.
const LINE_WORDS: usize = 16;
const LINES: usize = 1024;
const REPLIES: usize = (64 + LINES) * LINE_WORDS;

pub(crate) enum Link {
    Plain(Endpoint),
    Shared(Box<SharedEndpoint>, Ring),
}

/// The ring of replies, written without regard for the host.
pub(crate) struct Ring {
    view: View,
    lines: u32,
}

impl Link {
    /// The next message; nothing once the host is gone.
    pub(crate) fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        match self {
            Link::Plain(channel) => {
                let mut reader = FrameReader::new(&mut channel.receiver);
                reader.receive().ok().map(|frame| (frame.kind, frame.payload.to_vec()))
            }
            Link::Shared(endpoint, _) => {
                let mut payload = Vec::new();
                endpoint.receive(&mut payload).ok().map(|kind| (kind, payload))
            }
        }
    }

    /// Sends a message of these bytes. That the host is gone is seen when the next one is received.
    pub(crate) fn send(&mut self, kind: u8, payload: &[u8]) {
        self.send_announced(kind, payload.len() as u32, payload);
    }

    /// The same with a length that may be wrong.
    pub(crate) fn send_announced(&mut self, kind: u8, length: u32, payload: &[u8]) {
        match self {
            Link::Plain(channel) => {
                let frame = [&length.to_le_bytes()[..], &[kind], payload].concat();
                let _ = channel.sender.write_all(&frame);
            }
            Link::Shared(endpoint, ring) => {
                ring.write(kind, length, payload);
                let _ = endpoint.doorbell().channel().sender.write_all(&[1]);
            }
        }
    }

    /// The channel, which is the doorbell of shared memory.
    pub(crate) fn channel(&mut self) -> &mut Endpoint {
        match self {
            Link::Plain(channel) => channel,
            Link::Shared(endpoint, _) => endpoint.doorbell().channel(),
        }
    }

    /// The memory that is shared.
    pub(crate) fn view(&self) -> Option<&View> {
        match self {
            Link::Plain(_) => None,
            Link::Shared(_, ring) => Some(&ring.view),
        }
    }

    /// The same link through shared memory.
    pub(crate) fn share(self, memory: &Memory) -> Self {
        let view = || memory.map(0, CONTROL_BYTES).expect("the host's memory can be mapped");
        match self {
            Link::Plain(channel) => {
                let endpoint = SharedEndpoint::over(view(), Side::Worker, Doorbell::through(channel));
                Link::Shared(Box::new(endpoint), Ring { view: view(), lines: 0 })
            }
            shared => shared,
        }
    }
}

impl Ring {
    /// Writes a message. One that is longer than the ring overtakes the host.
    fn write(&mut self, kind: u8, length: u32, payload: &[u8]) {
        let mut words = vec![length, kind.into()];
        for bytes in payload.chunks(4) {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            words.push(u32::from_le_bytes(word));
        }
        for line in words.chunks(LINE_WORDS - 1) {
            let start = REPLIES + self.lines as usize % LINES * LINE_WORDS;
            let place = &self.view.words()[start..start + LINE_WORDS];
            for (word, value) in place[1..].iter().zip(line) {
                word.store(*value, Ordering::Relaxed);
            }
            self.lines = self.lines.wrapping_add(1);
            place[0].store(self.lines, Ordering::Release);
        }
    }
}
