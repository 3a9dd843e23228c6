//! Linux: the worker opens the host's descriptor, and the channel is the doorbell.

use std::io;

use protocol::link::{Doorbell, DoorbellTicket, Endpoint, Memory, Ticket};

use crate::remote::WorkerKind;
use crate::remote::memory::Foreign;
use crate::remote::process::Process;

/// What the worker is offered.
pub(super) struct Offer {
    pub(super) memory: Ticket,
    pub(super) doorbell: DoorbellTicket,
}

impl Offer {
    pub(super) fn new(_: &Process, kind: WorkerKind, memory: &Memory) -> io::Result<Self> {
        Ok(Self { memory: memory.ticket(kind.needs_wine()), doorbell: DoorbellTicket::Channel })
    }

    /// The host's end of the doorbell.
    pub(super) fn into_doorbell(self, channel: Endpoint) -> Doorbell {
        Doorbell::through(channel)
    }
}

/// How the worker's own memory is reached. Under Wine the worker is no child of this process; it is known by the memory
/// that it has mapped.
pub(super) fn foreign_of(process: &Process, kind: WorkerKind, memory: Option<&Memory>) -> Foreign {
    if !kind.needs_wine() {
        return Foreign::of_process(process.id());
    }
    match memory.map(Memory::identity) {
        Some(Ok((device, inode))) => Foreign::of_mapping(device, inode),
        _ => Foreign::refused(),
    }
}
