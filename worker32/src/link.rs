//! The transport of requests and answers: the plain channel, or shared memory once the host has requested it.

use std::io::Write;
use std::sync::mpsc;

use protocol::link::{CallState, Doorbell, Endpoint, FrameWriter, LinkError, ReportArea, SharedEndpoint, Side};
use protocol::{Attach, Fault, FaultKind, Mapped};
use serde::Serialize;

use crate::fault;
use crate::segments::Segments;

/// A message received through the plain channel.
pub(crate) struct Request {
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
}

/// A link to the host.
pub(crate) enum Link {
    /// The channel: another thread reads it, and the answering thread writes it.
    Plain {
        /// The request received before the reading thread was started.
        first: Option<Request>,
        /// The requests it has read.
        requests: mpsc::Receiver<Request>,
        /// The writer for answers.
        answers: FrameWriter<Box<dyn Write + Send>>,
    },
    /// Shared memory.
    Shared(Box<SharedEndpoint>),
}

impl Link {
    /// Waits for the next message, stores its payload in `payload`, and returns its kind.
    #[inline]
    pub(crate) fn receive(&mut self, payload: &mut Vec<u8>) -> Result<u8, LinkError> {
        match self {
            Link::Plain { first, requests, .. } => {
                let request = first.take().or_else(|| requests.recv().ok()).ok_or(LinkError::Closed)?;
                *payload = request.payload;
                Ok(request.kind)
            }
            Link::Shared(endpoint) => endpoint.receive(payload),
        }
    }

    /// Sends one message.
    #[inline]
    pub(crate) fn send<T: Serialize>(&mut self, kind: u8, message: &T) -> Result<(), LinkError> {
        match self {
            Link::Plain { answers, .. } => answers.send(kind, message),
            Link::Shared(endpoint) => endpoint.send(kind, message),
        }
    }

    /// Publishes the worker's progress with the last request, if the link has a place for it.
    #[inline]
    pub(crate) fn publish(&self, state: CallState) {
        if let Link::Shared(endpoint) = self {
            endpoint.publish_state(state);
        }
    }
}

/// Switches to shared memory. On failure, returns the channel, which continues to be used.
pub(crate) fn attach(
    channel: Endpoint,
    request: &Attach,
) -> Result<(SharedEndpoint, Segments, Mapped), Box<(Endpoint, Fault)>> {
    let fault = |error: std::io::Error| Fault {
        kind: FaultKind::Memory,
        message: error.to_string(),
        code: error.raw_os_error().map(i64::from),
    };
    let mapped = Segments::open(request).and_then(|mut segments| {
        let control = segments.map_control()?;
        // A separate view stays mapped after the link is gone, and with it the crash report.
        let report = ReportArea::over(segments.map_control()?);
        let call_area = segments.map_call_area()?;
        Ok((segments, control, report, call_area))
    });
    let (segments, control, report, call_area) = match mapped {
        Ok(mapped) => mapped,
        Err(error) => return Err(Box::new((channel, fault(error)))),
    };
    match Doorbell::join(channel, &request.doorbell) {
        Ok(doorbell) => {
            fault::report_in(report);
            Ok((SharedEndpoint::over(control, Side::Worker, doorbell), segments, call_area))
        }
        Err((channel, error)) => Err(Box::new((channel, fault(error)))),
    }
}
