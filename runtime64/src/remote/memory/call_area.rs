//! Memory for the length of one call: strings and other arguments that a function reads through a pointer.

use std::io;

use protocol::link::{CALL_AREA_BYTES, CALL_AREA_START, Memory, View};

use super::Allocation;

/// How blocks are aligned: as `malloc` aligns them on every worker.
const ALIGN: u64 = 16;

/// The call area of one generation of a worker.
#[derive(Debug)]
pub(in crate::remote) struct CallArea {
    view: View,
    /// Where it lies in the worker.
    address: u64,
    used: u64,
    /// What did not fit, elsewhere in the arena.
    overflow: Vec<Allocation>,
    /// Of each call that waits for a callback of its, how much of the area and of the overflow is its own.
    held: Vec<(u64, usize)>,
}

impl CallArea {
    /// Maps the area.
    pub(in crate::remote) fn map(memory: &Memory) -> io::Result<Self> {
        let view = memory.map(CALL_AREA_START, CALL_AREA_BYTES)?;
        Ok(Self { view, address: 0, used: 0, overflow: Vec::new(), held: Vec::new() })
    }

    /// The same area, which the worker has mapped at `address`.
    pub(in crate::remote) fn at(self, address: u64) -> Self {
        Self { address, ..self }
    }

    /// Puts bytes, and some zeros after them, into the area, and gives their address in the worker. Nothing, if there is no
    /// room.
    pub(in crate::remote) fn put(&mut self, bytes: &[u8], zeros: usize) -> Option<u64> {
        let length = (bytes.len() as u64).checked_add(zeros as u64)?;
        let end = self.used.checked_add(length)?;
        if end > CALL_AREA_BYTES {
            return None;
        }
        let start = self.used;
        self.view.write(start, bytes);
        self.view.fill(start + bytes.len() as u64, zeros, 0);
        self.used = end.next_multiple_of(ALIGN);
        Some(self.address + start)
    }

    /// Copies out bytes that lie in the area; false for all others.
    pub(in crate::remote) fn read(&self, address: u64, into: &mut [u8]) -> bool {
        let start = address.checked_sub(self.address);
        let within =
            start.filter(|start| start.checked_add(into.len() as u64).is_some_and(|end| end <= CALL_AREA_BYTES));
        within.map(|start| self.view.read(start, into)).is_some()
    }

    /// Keeps memory that did not fit until the call is over.
    pub(in crate::remote) fn keep(&mut self, allocation: Allocation) {
        self.overflow.push(allocation);
    }

    /// A callback is served for the call whose arguments these are: what is put into the area from now on is of other
    /// calls.
    pub(in crate::remote) fn hold(&mut self) {
        self.held.push((self.used, self.overflow.len()));
    }

    /// The callback was served.
    pub(in crate::remote) fn resume(&mut self) {
        self.clear();
        self.held.pop();
    }

    /// The call is over, and what was put there for it is gone.
    pub(in crate::remote) fn clear(&mut self) {
        let (used, overflow) = self.held.last().copied().unwrap_or_default();
        self.used = used;
        self.overflow.truncate(overflow);
    }
}
