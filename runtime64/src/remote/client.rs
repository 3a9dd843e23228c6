//! A typed client: a request out, its reply in.

use protocol::link::{self, Endpoint, FrameReader, FrameWriter, LinkError};
use protocol::{Call, CodecError, Fault, LastWords, decode};

/// The host's side of one channel.
#[derive(Debug)]
pub(super) struct Client {
    reader: FrameReader<link::Receiver>,
    writer: FrameWriter<link::Sender>,
}

/// Why a request has no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The worker answered with a fault.
    #[error(transparent)]
    Fault(Fault),
    /// The request did not leave this process whole: the worker was gone.
    #[error("the worker was gone")]
    NotSent,
    /// The worker went away without a reply, perhaps leaving a report.
    #[error("the worker went away")]
    NoReply(Option<LastWords>),
    /// Nothing was sent: the request is larger than a frame may be.
    #[error(transparent)]
    TooLarge(LinkError),
    /// The channel itself failed or carried what is no answer.
    #[error(transparent)]
    Broken(LinkError),
    /// The answer has the wrong kind.
    #[error("a frame of kind {0} is no answer")]
    WrongKind(u8),
}

impl Client {
    /// Speaks through `endpoint`.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { reader: FrameReader::new(endpoint.receiver), writer: FrameWriter::new(endpoint.sender) }
    }

    /// Sends a request and waits for its reply.
    pub(super) fn call<C: Call>(&mut self, request: &C) -> Result<C::Reply, Failure> {
        match self.writer.send(C::NUMBER, request) {
            Ok(()) => {}
            Err(LinkError::Closed) => return Err(Failure::NotSent),
            Err(error @ LinkError::TooLarge { .. }) => return Err(Failure::TooLarge(error)),
            Err(error) => return Err(Failure::Broken(error)),
        }
        let frame = match self.reader.receive() {
            Ok(frame) => frame,
            Err(LinkError::Closed) => return Err(Failure::NoReply(None)),
            Err(error) => return Err(Failure::Broken(error)),
        };
        let malformed = |error: CodecError| Failure::Broken(error.into());
        match frame.kind {
            link::REPLY => decode(frame.payload).map_err(malformed),
            link::FAULT => Err(Failure::Fault(decode(frame.payload).map_err(malformed)?)),
            link::LAST_WORDS => Err(Failure::NoReply(Some(decode(frame.payload).map_err(malformed)?))),
            kind => Err(Failure::WrongKind(kind)),
        }
    }

    /// The report that a worker left which was found dead when the next request was sent.
    pub(super) fn last_words(&mut self) -> Option<LastWords> {
        let frame = self.reader.receive().ok()?;
        (frame.kind == link::LAST_WORDS).then(|| decode(frame.payload).ok()).flatten()
    }
}
