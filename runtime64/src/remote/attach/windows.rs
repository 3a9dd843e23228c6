//! Windows: the handles of section and events are put into the worker's process.

use std::io;

use protocol::link::{Doorbell, DoorbellTicket, Endpoint, Events, Memory, Ticket};

use crate::remote::WorkerKind;
use crate::remote::memory::Foreign;
use crate::remote::process::Process;

/// What the worker is offered.
pub(super) struct Offer {
    pub(super) memory: Ticket,
    pub(super) doorbell: DoorbellTicket,
    events: Events,
}

impl Offer {
    pub(super) fn new(process: &Process, _: WorkerKind, memory: &Memory) -> io::Result<Self> {
        let events = Events::create(process.handle()?)?;
        Ok(Self {
            memory: Ticket::Handle(process.give(memory.handle())?),
            doorbell: DoorbellTicket::Events {
                host: process.give(&events.own)?,
                worker: process.give(&events.peer)?,
                closed: process.give(&events.closed)?,
                process: process.give_this_process()?,
            },
            events,
        })
    }

    /// The host's end of the doorbell.
    pub(super) fn into_doorbell(self, channel: Endpoint) -> Doorbell {
        Doorbell::host(channel, self.events)
    }
}

/// How the worker's own memory is reached.
pub(super) fn foreign_of(process: &Process, _: WorkerKind, _: Option<&Memory>) -> Foreign {
    process.handle().map_or_else(|_| Foreign::refused(), Foreign::of_handle)
}
