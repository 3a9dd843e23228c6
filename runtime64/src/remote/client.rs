//! A typed client: a request out, its reply in.

use protocol::link::{self, CallState, Endpoint, FrameReader, FrameWriter, LinkError, SharedEndpoint};
use protocol::{Call, CodecError, Fault, Invoke, LastWords, decode};
use serde::de::DeserializeOwned;

use super::Started;

/// The host's side of one link.
#[derive(Debug)]
pub(super) struct Client {
    link: Link,
    /// The payload that was received last.
    payload: Vec<u8>,
}

#[derive(Debug)]
enum Link {
    Plain(Endpoint),
    Shared(Box<SharedEndpoint>),
}

/// Why a request has no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The worker answered with a fault.
    #[error(transparent)]
    Fault(Fault),
    /// The worker was gone, or went away without a reply, perhaps leaving a report.
    #[error("the worker went away")]
    Ended {
        /// Its report.
        last_words: Option<LastWords>,
        /// Whether it had begun to execute the request.
        started: Started,
    },
    /// Nothing was sent: the request is larger than a message may be.
    #[error(transparent)]
    TooLarge(LinkError),
    /// The link itself failed or carried what is no answer.
    #[error(transparent)]
    Broken(LinkError),
    /// The answer has the wrong kind.
    #[error("a message of kind {0} is no answer")]
    WrongKind(u8),
}

impl Client {
    /// Speaks through the plain channel.
    pub(super) fn plain(channel: Endpoint) -> Self {
        Self { link: Link::Plain(channel), payload: Vec::new() }
    }

    /// Speaks through shared memory.
    pub(super) fn shared(endpoint: SharedEndpoint) -> Self {
        Self { link: Link::Shared(Box::new(endpoint)), payload: Vec::new() }
    }

    /// Says that a request is about to be sent. If the worker is found gone, the request will tell.
    #[inline]
    pub(super) fn rouse(&mut self) {
        if let Link::Shared(endpoint) = &mut self.link {
            let _ = endpoint.rouse();
        }
    }

    /// Sends a request and waits for its reply.
    pub(super) fn call<C: Call>(&mut self, request: &C) -> Result<C::Reply, Failure> {
        match &mut self.link {
            Link::Plain(channel) => Self::ask(channel, request),
            Link::Shared(endpoint) => {
                match endpoint.send(C::NUMBER, request) {
                    Ok(()) => {}
                    Err(LinkError::Closed) => return Err(ended(endpoint)),
                    Err(error @ LinkError::TooLarge { .. }) => return Err(Failure::TooLarge(error)),
                    Err(error) => return Err(Failure::Broken(error)),
                }
                match endpoint.receive(&mut self.payload) {
                    Ok(kind) => answer(kind, &self.payload),
                    Err(LinkError::Closed) => Err(ended(endpoint)),
                    Err(error) => Err(Failure::Broken(error)),
                }
            }
        }
    }

    /// Sends a request through a plain channel and waits for its reply.
    pub(super) fn ask<C: Call>(channel: &mut Endpoint, request: &C) -> Result<C::Reply, Failure> {
        match FrameWriter::new(&mut channel.sender).send(C::NUMBER, request) {
            Ok(()) => {}
            Err(LinkError::Closed) => {
                return Err(Failure::Ended { last_words: last_words_in(channel), started: Started::No });
            }
            Err(error @ LinkError::TooLarge { .. }) => return Err(Failure::TooLarge(error)),
            Err(error) => return Err(Failure::Broken(error)),
        }
        let mut reader = FrameReader::new(&mut channel.receiver);
        let frame = match reader.receive() {
            Ok(frame) => frame,
            Err(LinkError::Closed) => return Err(Failure::Ended { last_words: None, started: Started::Unknown }),
            Err(error) => return Err(Failure::Broken(error)),
        };
        if frame.kind == link::LAST_WORDS {
            let words: LastWords = decode(frame.payload).map_err(malformed)?;
            // A fault outside a call may have come before the function or after it.
            let certain = C::NUMBER != Invoke::NUMBER || words.in_call;
            let started = if certain { Started::Yes } else { Started::Unknown };
            return Err(Failure::Ended { last_words: Some(words), started });
        }
        answer(frame.kind, frame.payload)
    }
}

fn answer<R: DeserializeOwned>(kind: u8, payload: &[u8]) -> Result<R, Failure> {
    match kind {
        link::REPLY => decode(payload).map_err(malformed),
        link::FAULT => Err(Failure::Fault(decode(payload).map_err(malformed)?)),
        kind => Err(Failure::WrongKind(kind)),
    }
}

fn malformed(error: CodecError) -> Failure {
    Failure::Broken(error.into())
}

/// What the shared memory and the channel tell of the end of a worker. The state of the call outlives it.
fn ended(endpoint: &mut SharedEndpoint) -> Failure {
    let started = match endpoint.call_state() {
        CallState::Posted => Started::No,
        CallState::Running | CallState::Done => Started::Yes,
    };
    let left = endpoint.doorbell().last_words();
    Failure::Ended { last_words: last_words_in_bytes(&left), started }
}

fn last_words_in(channel: &mut Endpoint) -> Option<LastWords> {
    last_words_of(FrameReader::new(&mut channel.receiver))
}

fn last_words_in_bytes(bytes: &[u8]) -> Option<LastWords> {
    last_words_of(FrameReader::new(bytes))
}

fn last_words_of<R: std::io::Read>(mut reader: FrameReader<R>) -> Option<LastWords> {
    let frame = reader.receive().ok()?;
    (frame.kind == link::LAST_WORDS).then(|| decode(frame.payload).ok()).flatten()
}
