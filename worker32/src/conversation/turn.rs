//! The state of the thread whose turn it is.

use protocol::link::{self, CallState, LinkError};
use protocol::{Call, CodecError, Fault, FaultKind, Outcome, Value, decode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::invoke::ErrorNumbers;
use crate::link::Link;
use crate::process;
use crate::server::Server;

/// The state of the thread whose turn it is.
pub(super) struct Turn {
    pub(super) link: Link,
    pub(super) server: Server,
    /// The last message received.
    pub(super) payload: Vec<u8>,
    /// Lists reused for many calls.
    pub(super) arguments: Vec<Value>,
    pub(super) called_with: Vec<Value>,
}

impl Turn {
    pub(super) fn new(link: Link, server: Server) -> Self {
        Self { link, server, payload: Vec::new(), arguments: Vec::new(), called_with: Vec::new() }
    }

    pub(super) fn receive(&mut self) -> Result<u8, LinkError> {
        self.link.receive(&mut self.payload)
    }

    /// The last request received.
    pub(super) fn request<C: DeserializeOwned>(&mut self) -> Result<C, Fault> {
        let request = decode(&self.payload).map_err(malformed);
        self.link.publish(CallState::Running);
        request
    }

    /// Answers a request that does not run a library function.
    pub(super) fn respond<C: Call + DeserializeOwned>(
        &mut self,
        handle: impl FnOnce(&mut Server, &C) -> Result<C::Reply, Fault>,
    ) -> Result<(), LinkError> {
        let request = self.request::<C>();
        let reply = request.and_then(|request| handle(&mut self.server, &request));
        send(&mut self.link, &reply)
    }
}

/// The result of a call as sent to the host.
pub(crate) fn outcome(result: Value, errors: ErrorNumbers) -> Outcome {
    Outcome { result, errno: errors.errno, last_error: errors.last_error }
}

pub(crate) fn malformed(error: CodecError) -> Fault {
    Fault::new(FaultKind::Protocol, error.to_string())
}

/// Sends the result of a request.
pub(crate) fn send<T: Serialize>(link: &mut Link, outcome: &Result<T, Fault>) -> Result<(), LinkError> {
    // A forked process has returned to code that is not its own: it has no host.
    if process::is_fork() {
        process::end_now();
    }
    link.publish(CallState::Done);
    match outcome {
        Ok(reply) => match link.send(link::REPLY, reply) {
            // Nothing of an oversized answer was sent, so a fault can replace it.
            Err(error @ LinkError::TooLarge { .. }) => {
                link.send(link::FAULT, &Fault::new(FaultKind::Protocol, error.to_string()))
            }
            sent => sent,
        },
        Err(fault) => link.send(link::FAULT, fault),
    }
}
