//! Where requests come from and answers go: the plain channel, or shared memory once the host has asked for it.

use std::io::Write;

use protocol::link::{CallState, Doorbell, Endpoint, FrameWriter, LinkError, SharedEndpoint, Side};
use protocol::{Attach, Fault, FaultKind, Mapped};
use serde::Serialize;

use crate::segments::Segments;

/// Where answers go.
pub(crate) trait Link {
    /// Sends one message.
    fn send<T: Serialize>(&mut self, kind: u8, message: &T) -> Result<(), LinkError>;

    /// Says how far the worker is with the request that came last, where there is a place to say it.
    fn publish(&self, state: CallState);
}

impl<W: Write> Link for FrameWriter<W> {
    fn send<T: Serialize>(&mut self, kind: u8, message: &T) -> Result<(), LinkError> {
        FrameWriter::send(self, kind, message)
    }

    fn publish(&self, _: CallState) {}
}

impl Link for SharedEndpoint {
    fn send<T: Serialize>(&mut self, kind: u8, message: &T) -> Result<(), LinkError> {
        SharedEndpoint::send(self, kind, message)
    }

    fn publish(&self, state: CallState) {
        self.publish_state(state);
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
        let call_area = segments.map_call_area()?;
        Ok((segments, control, call_area))
    });
    let (segments, control, call_area) = match mapped {
        Ok(mapped) => mapped,
        Err(error) => return Err(Box::new((channel, fault(error)))),
    };
    match Doorbell::join(channel, &request.doorbell) {
        Ok(doorbell) => Ok((SharedEndpoint::over(control, Side::Worker, doorbell), segments, call_area)),
        Err((channel, error)) => Err(Box::new((channel, fault(error)))),
    }
}
