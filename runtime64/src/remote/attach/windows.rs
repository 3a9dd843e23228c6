//! Windows: the handles of the section and the events are duplicated into the worker's process.

use std::io;

use protocol::link::{Doorbell, DoorbellTicket, Endpoint, Events, Memory, Ticket};

use crate::remote::WorkerKind;
use crate::remote::memory::Foreign;
use crate::remote::process::Process;

/// The handles offered to the worker.
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

/// Gives access to the worker's own memory.
pub(super) fn foreign_of(process: &Process, _: WorkerKind, _: Option<&Memory>) -> Foreign {
    process.handle().map_or_else(|_| Foreign::refused(), Foreign::of_handle)
}
