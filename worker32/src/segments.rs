//! The mapped parts of the shared memory.
//!
//! They stay mapped for the life of the process: a library may keep pointers into them.

use std::io;

use protocol::link::{CALL_AREA_BYTES, CALL_AREA_START, CONTROL_BYTES, Memory, View};
use protocol::{Attach, Fault, FaultKind, MapSegment, Mapped};

/// The shared memory, and its mapped parts.
pub(crate) struct Segments {
    memory: Memory,
    views: Vec<View>,
}

impl Segments {
    /// Opens the memory created by the host.
    pub(crate) fn open(request: &Attach) -> io::Result<Self> {
        Ok(Self { memory: Memory::open(&request.memory, request.bytes)?, views: Vec::new() })
    }

    /// The part with the rings.
    pub(crate) fn map_control(&self) -> io::Result<View> {
        self.memory.map(0, CONTROL_BYTES)
    }

    /// The call area.
    pub(crate) fn map_call_area(&mut self) -> io::Result<Mapped> {
        self.keep(CALL_AREA_START, CALL_AREA_BYTES)
    }

    /// A segment of the arena.
    pub(crate) fn map(&mut self, request: &MapSegment) -> Result<Mapped, Fault> {
        self.keep(request.offset, request.bytes).map_err(|error| {
            let message = format!("the worker cannot map {} more bytes of shared memory: {error}", request.bytes);
            Fault { kind: FaultKind::Memory, message, code: error.raw_os_error().map(i64::from) }
        })
    }

    fn keep(&mut self, offset: u64, bytes: u64) -> io::Result<Mapped> {
        let view = self.memory.map(offset, bytes)?;
        let address = view.address();
        self.views.push(view);
        Ok(Mapped { address })
    }
}
