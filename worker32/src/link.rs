//! Where requests come from and answers go: the plain channel, or shared memory once the host has asked for it.

use std::io::Write;
use std::sync::mpsc;

use protocol::link::{CallState, Doorbell, Endpoint, FrameWriter, LinkError, ReportArea, SharedEndpoint, Side};
use protocol::{Attach, Fault, FaultKind, Mapped};
use serde::Serialize;

use crate::fault;
use crate::segments::Segments;

/// A message as it came through the plain channel.
pub(crate) struct Request {
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
}

/// A link to the host.
pub(crate) enum Link {
    /// The channel: another thread reads it, and one that answers writes it.
    Plain {
        /// The request that came before the reading thread was there.
        first: Option<Request>,
        /// What it has read.
        requests: mpsc::Receiver<Request>,
        /// Where answers go.
        answers: FrameWriter<Box<dyn Write + Send>>,
    },
    /// Shared memory.
    Shared(Box<SharedEndpoint>),
}

impl Link {
    /// Waits for the next message, puts its payload into `payload`, and gives its kind.
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

    /// Says how far the worker is with the request that came last, where there is a place to say it.
    #[inline]
    pub(crate) fn publish(&self, state: CallState) {
        if let Link::Shared(endpoint) = self {
            endpoint.publish_state(state);
        }
    }
}

/// Goes over to shared memory. If that fails, the channel is given back, to go on as before.
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
        // A view of its own stays mapped when the link is gone, and the report of the process's end with it.
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
