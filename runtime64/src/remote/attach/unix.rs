//! Linux: the worker opens the host's descriptor, and the channel is the doorbell.

use std::io;

use protocol::link::{Doorbell, DoorbellTicket, Endpoint, Memory, Ticket};

use crate::remote::WorkerKind;
use crate::remote::memory::Foreign;
use crate::remote::process::Process;

/// The handles offered to the worker.
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

/// Gives access to the worker's own memory. Under Wine the worker is not a child of this process; it is identified by
/// the memory that it has mapped.
pub(super) fn foreign_of(process: &Process, kind: WorkerKind, memory: Option<&Memory>) -> Foreign {
    if !kind.needs_wine() {
        return Foreign::of_process(process.id());
    }
    match memory.map(Memory::identity) {
        Some(Ok((device, inode))) => Foreign::of_mapping(device, inode),
        _ => Foreign::refused(),
    }
}
