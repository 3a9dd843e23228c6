//! Memory for the duration of one call: strings and other arguments that a function reads through a pointer.

use std::io;

use protocol::link::{CALL_AREA_BYTES, CALL_AREA_START, Memory, View};

use super::Allocation;

/// The alignment of blocks: that of `malloc` on every worker.
const ALIGN: u64 = 16;

/// The call area of one generation of a worker.
#[derive(Debug)]
pub(in crate::remote) struct CallArea {
    view: View,
    /// Its address in the worker.
    address: u64,
    used: u64,
    /// Arguments that did not fit, elsewhere in the arena.
    overflow: Vec<Allocation>,
    /// For each call that waits for one of its callbacks, the ends of its parts of the area and of the overflow.
    held: Vec<(u64, usize)>,
}

impl CallArea {
    /// Maps the area.
    pub(in crate::remote) fn map(memory: &Memory) -> io::Result<Self> {
        let view = memory.map(CALL_AREA_START, CALL_AREA_BYTES)?;
        Ok(Self { view, address: 0, used: 0, overflow: Vec::new(), held: Vec::new() })
    }

    /// Sets the address at which the worker has mapped the area.
    pub(in crate::remote) fn at(self, address: u64) -> Self {
        Self { address, ..self }
    }

    /// Puts bytes, followed by some zeros, into the area, and returns their address in the worker. `None` if there is
    /// no room.
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

    /// Copies bytes out of the area; returns false if they are not in it.
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

    /// Starts to serve a callback of the call that these arguments belong to: bytes put into the area from now on
    /// belong to other calls.
    pub(in crate::remote) fn hold(&mut self) {
        self.held.push((self.used, self.overflow.len()));
    }

    /// Ends serving the callback.
    pub(in crate::remote) fn resume(&mut self) {
        self.clear();
        self.held.pop();
    }

    /// Ends the call: its data is discarded.
    pub(in crate::remote) fn clear(&mut self) {
        let (used, overflow) = self.held.last().copied().unwrap_or_default();
        self.used = used;
        self.overflow.truncate(overflow);
    }
}
