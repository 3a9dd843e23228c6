//! A typed client: sends a request and receives its reply.

use protocol::link::{self, CallState, Endpoint, FrameReader, FrameWriter, LinkError, SharedEndpoint};
use protocol::{
    Call, CallbackInvocation, CallbackReply, CodecError, CrashReport, Fault, Stage, Value, decode, decode_callback,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Started;
use super::statistics::Counters;

/// The host's side of one link. Public for the fuzz target that acts as a hostile worker.
#[doc(hidden)]
#[derive(Debug)]
pub struct Client {
    link: Transport,
    /// The payload received last.
    payload: Vec<u8>,
    /// The bytes of messages sent and received since the last count.
    sent: u64,
    received: u64,
}

#[derive(Debug)]
enum Transport {
    Plain(Endpoint),
    Shared(Box<SharedEndpoint>),
}

/// The outcome of a request that runs functions of a library.
#[derive(Debug)]
pub enum Answer<R> {
    /// Its reply.
    Reply(R),
    /// A callback was called; the worker waits for its result.
    Called(CallbackInvocation),
}

/// The reason why a request has no reply.
#[doc(hidden)]
#[derive(Debug, thiserror::Error)]
pub enum RequestFailure {
    /// The worker answered with a fault.
    #[error(transparent)]
    Fault(Fault),
    /// The worker had exited, or exited without a reply, perhaps leaving a report.
    #[error("the worker exited")]
    Ended {
        /// Its report.
        crash_report: Option<Box<CrashReport>>,
        /// Whether it had started to execute the request.
        started: Started,
    },
    /// Nothing was sent: the request exceeds the maximum size of a message.
    #[error(transparent)]
    TooLarge(LinkError),
    /// The link failed or carried something other than a reply.
    #[error(transparent)]
    Broken(LinkError),
    /// The reply has the wrong kind.
    #[error("a message of kind {0} is not a reply")]
    WrongKind(u8),
    /// The reply has impossible content.
    #[error("{0}")]
    Impossible(&'static str),
}

impl Client {
    /// Communicates through the plain channel.
    #[must_use]
    pub fn plain(channel: Endpoint) -> Self {
        Self { link: Transport::Plain(channel), payload: Vec::new(), sent: 0, received: 0 }
    }

    /// Communicates through shared memory.
    #[must_use]
    pub fn shared(endpoint: SharedEndpoint) -> Self {
        Self { link: Transport::Shared(Box::new(endpoint)), payload: Vec::new(), sent: 0, received: 0 }
    }

    /// Adds the traffic since the last count.
    #[inline]
    pub(super) fn count_traffic(&mut self, counters: &Counters) {
        counters.sent.add(std::mem::take(&mut self.sent));
        counters.received.add(std::mem::take(&mut self.received));
    }

    /// Announces that a request is about to be sent. If the worker has exited, the request will report it.
    #[inline]
    pub(super) fn wake_early(&mut self) {
        if let Transport::Shared(endpoint) = &mut self.link {
            let _ = endpoint.rouse();
        }
    }

    /// Sends a request that runs no library function, and waits for its reply.
    ///
    /// # Errors
    /// [`RequestFailure`], if there is no reply.
    pub fn call<C: Call>(&mut self, request: &C) -> Result<C::Reply, RequestFailure> {
        self.send(C::NUMBER, request)?;
        let kind = self.receive().map_err(certain)?;
        answer(kind, &self.payload)
    }

    /// Sends a request that runs functions, and waits for its reply or for a callback, whose arguments are put into the
    /// list.
    ///
    /// # Errors
    /// [`RequestFailure`], if there is no reply.
    pub fn converse<C: Call>(
        &mut self,
        request: &C,
        arguments: &mut Vec<Value>,
    ) -> Result<Answer<C::Reply>, RequestFailure> {
        self.send(C::NUMBER, request)?;
        self.listen(arguments)
    }

    /// Sends the result of a callback, and continues to wait.
    ///
    /// # Errors
    /// [`RequestFailure`], if there is no reply.
    pub fn resume<R: DeserializeOwned>(
        &mut self,
        reply: &CallbackReply,
        arguments: &mut Vec<Value>,
    ) -> Result<Answer<R>, RequestFailure> {
        // A function that has called a callback had started.
        let begun = |failure| match failure {
            RequestFailure::Ended { crash_report, .. } => RequestFailure::Ended { crash_report, started: Started::Yes },
            other => other,
        };
        self.send(link::CALLBACK_REPLY, reply).and_then(|()| self.listen(arguments)).map_err(begun)
    }

    fn listen<R: DeserializeOwned>(&mut self, arguments: &mut Vec<Value>) -> Result<Answer<R>, RequestFailure> {
        match self.receive()? {
            link::CALLBACK => decode_callback(&self.payload, arguments).map(Answer::Called).map_err(malformed),
            kind => answer(kind, &self.payload).map(Answer::Reply),
        }
    }

    fn send<T: Serialize>(&mut self, kind: u8, message: &T) -> Result<(), RequestFailure> {
        let sent = match &mut self.link {
            Transport::Plain(channel) => {
                let mut writer = FrameWriter::new(&mut channel.sender);
                let sent = writer.send(kind, message);
                self.sent += writer.sent_bytes();
                sent
            }
            Transport::Shared(endpoint) => {
                let sent = endpoint.send(kind, message);
                self.sent += endpoint.sent_bytes();
                sent
            }
        };
        match sent {
            Ok(()) => Ok(()),
            Err(LinkError::Closed) => Err(match &mut self.link {
                Transport::Plain(channel) => {
                    RequestFailure::Ended { crash_report: crash_report_in(channel), started: Started::No }
                }
                Transport::Shared(endpoint) => ended(endpoint),
            }),
            Err(error @ LinkError::TooLarge { .. }) => Err(RequestFailure::TooLarge(error)),
            Err(error) => Err(RequestFailure::Broken(error)),
        }
    }

    /// Waits for a message, stores its payload for decoding, and returns its kind.
    fn receive(&mut self) -> Result<u8, RequestFailure> {
        let kind = self.receive_payload()?;
        self.received += self.payload.len() as u64;
        Ok(kind)
    }

    fn receive_payload(&mut self) -> Result<u8, RequestFailure> {
        match &mut self.link {
            Transport::Plain(channel) => receive_plain(channel, &mut self.payload),
            Transport::Shared(endpoint) => match endpoint.receive(&mut self.payload) {
                Ok(kind) => Ok(kind),
                Err(LinkError::Closed) => Err(ended(endpoint)),
                Err(error) => Err(RequestFailure::Broken(error)),
            },
        }
    }

    /// Sends a request through a plain channel, before the link is settled, and waits for its reply.
    pub(super) fn ask<C: Call>(channel: &mut Endpoint, request: &C) -> Result<C::Reply, RequestFailure> {
        match FrameWriter::new(&mut channel.sender).send(C::NUMBER, request) {
            Ok(()) => {}
            Err(LinkError::Closed) => {
                return Err(RequestFailure::Ended { crash_report: crash_report_in(channel), started: Started::No });
            }
            Err(error) => return Err(RequestFailure::Broken(error)),
        }
        let mut payload = Vec::new();
        let kind = receive_plain(channel, &mut payload).map_err(certain)?;
        answer(kind, &payload)
    }
}

/// A request that runs no function is itself the cause of a fault during its execution.
fn certain(failure: RequestFailure) -> RequestFailure {
    match failure {
        RequestFailure::Ended { crash_report: Some(words), .. } => {
            RequestFailure::Ended { crash_report: Some(words), started: Started::Yes }
        }
        other => other,
    }
}

fn receive_plain(channel: &mut Endpoint, payload: &mut Vec<u8>) -> Result<u8, RequestFailure> {
    let mut reader = FrameReader::new(&mut channel.receiver);
    let mut early = None;
    loop {
        let frame = match reader.receive() {
            Ok(frame) => frame,
            Err(LinkError::Closed) => return Err(ended_saying(early)),
            Err(error) => return Err(RequestFailure::Broken(error)),
        };
        if frame.kind != link::LAST_WORDS {
            payload.clear();
            payload.extend_from_slice(frame.payload);
            return Ok(frame.kind);
        }
        match report_in(frame.payload) {
            // It stands, unless the worker still has time for a better one.
            Some((words, false)) => early = Some(words),
            words => return Err(ended_saying(words.map(|(words, _)| words))),
        }
    }
}

/// Returns the report in a frame, and whether it is the final one. A worker sends a report only before it dies.
fn report_in(payload: &[u8]) -> Option<(Box<CrashReport>, bool)> {
    let words = CrashReport::from_bytes(payload)?;
    let is_last = words.stage == Stage::Final;
    Some((Box::new(CrashReport { stage: Stage::Final, ..words }), is_last))
}

fn ended_saying(crash_report: Option<Box<CrashReport>>) -> RequestFailure {
    // A fault outside a call may have happened before the function or after it.
    let in_call = crash_report.as_ref().is_some_and(|words| words.calls > 0);
    let started = if in_call { Started::Yes } else { Started::Unknown };
    RequestFailure::Ended { crash_report, started }
}

fn answer<R: DeserializeOwned>(kind: u8, payload: &[u8]) -> Result<R, RequestFailure> {
    match kind {
        link::REPLY => decode(payload).map_err(malformed),
        link::FAULT => Err(RequestFailure::Fault(decode(payload).map_err(malformed)?)),
        kind => Err(RequestFailure::WrongKind(kind)),
    }
}

fn malformed(error: CodecError) -> RequestFailure {
    RequestFailure::Broken(error.into())
}

/// The failure that the shared memory describes after the end of a worker: its report and the state of the call outlive
/// it.
fn ended(endpoint: &SharedEndpoint) -> RequestFailure {
    let started = match endpoint.call_state() {
        CallState::Posted => Started::No,
        CallState::Running | CallState::Done => Started::Yes,
    };
    RequestFailure::Ended { crash_report: endpoint.crash_report().map(Box::new), started }
}

fn crash_report_in(channel: &mut Endpoint) -> Option<Box<CrashReport>> {
    let left = channel.remainder();
    let mut reader = FrameReader::new(left.as_slice());
    let mut last = None;
    while let Some(frame) = reader.receive().ok().filter(|frame| frame.kind == link::LAST_WORDS) {
        let Some((words, _)) = report_in(frame.payload) else { break };
        last = Some(words);
    }
    last
}
