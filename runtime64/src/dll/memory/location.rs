//! Where a value is or points to: memory that a script allocated, or any other memory of the worker.

use std::fmt;
use std::sync::Arc;

use protocol::Value;

use crate::dll::address_space::AddressSpace;
use crate::dll::callback_registry;
use crate::dll::conversion_error::ConversionError;
use crate::dll::failure::from_remote;
use crate::dll::types::Ctype;
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, RemoteError, Session};

/// A location in the memory of a worker.
#[derive(Clone, Debug)]
pub(in crate::dll) struct Location {
    space: AddressSpace,
    memory: Backing,
}

#[derive(Clone, Debug)]
enum Backing {
    /// Memory allocated by a script, which is kept alive by its locations, and whose bounds are checked. Arithmetic may
    /// leave the bounds: the offset wraps like an address.
    Allocated { allocation: Arc<Allocation>, offset: u64 },
    /// Memory of the library, or NULL.
    Foreign { address: u64 },
    /// Memory that a script has released.
    Closed,
}

/// The operations that a conversion needs, whether or not the worker is held for a call.
pub(in crate::dll) trait Access {
    /// Copies the bytes of a string, and `zeros` zeros after them, to where the worker can read them. Returns the value
    /// that stands for their address.
    fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, ConversionError>;

    /// Like [`lend`](Access::lend), in memory that the function may also write to. Returns its address.
    fn lend_room(&mut self, bytes: &[u8], zeros: usize) -> Result<u64, ConversionError> {
        match self.lend(bytes, zeros)? {
            Value::Integer(address) => Ok(address as u64),
            _ => Err(ConversionError::new(
                ErrorKind::Memory,
                "the host shares no memory with the worker that the function could write to",
            )),
        }
    }

    /// Whether the argument at a position, from 0, is computed later and currently has a placeholder.
    fn is_pending(&self, _position: usize) -> bool {
        false
    }

    /// Copies text for a pointer of type `pointer` that is itself in memory; it lives as long as the call. Returns its
    /// address.
    fn lend_text(&mut self, text: &[u8], pointer: &Ctype) -> Result<u64, ConversionError>;

    /// Makes a callback of type `pointer` and returns its address.
    fn callback(
        &mut self,
        function: &mlua::Function,
        pointer: &Ctype,
        space: &AddressSpace,
    ) -> Result<u64, ConversionError>;

    /// Copies bytes from an object.
    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), ConversionError>;

    /// Copies bytes from an address in `space`.
    fn read_foreign(&mut self, space: &AddressSpace, address: u64, into: &mut [u8]) -> Result<(), ConversionError>;
}

/// Access for values that are written to memory: they must outlive a call, so nothing is lent.
pub(in crate::dll) struct Persistent;

impl Access for Persistent {
    fn lend(&mut self, _: &[u8], _: usize) -> Result<Value, ConversionError> {
        let reason = "a Lua string is not kept alive by memory that points to it; \
                      dll.new(\"char[?]\", #s + 1, s) makes a permanent copy";
        Err(ConversionError::new(ErrorKind::Type, reason))
    }

    fn lend_text(&mut self, text: &[u8], _: &Ctype) -> Result<u64, ConversionError> {
        self.lend(text, 0).map(|_| 0)
    }

    fn callback(
        &mut self,
        function: &mlua::Function,
        pointer: &Ctype,
        space: &AddressSpace,
    ) -> Result<u64, ConversionError> {
        callback_registry::keep(function, pointer, space)
    }

    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), ConversionError> {
        memory.read(offset, into).map_err(|error| ConversionError::from_remote(&error))
    }

    fn read_foreign(&mut self, space: &AddressSpace, address: u64, into: &mut [u8]) -> Result<(), ConversionError> {
        let read = space.worker.session_of(space.generation).and_then(|mut session| session.read(address, into));
        read.map_err(|error| ConversionError::from_remote(&error))
    }
}

impl Location {
    /// The start of memory that a script has allocated.
    pub(in crate::dll) fn allocated(allocation: Allocation, space: AddressSpace) -> Self {
        Self { space, memory: Backing::Allocated { allocation: Arc::new(allocation), offset: 0 } }
    }

    /// An address in the worker; 0 is NULL.
    pub(in crate::dll) fn foreign(address: u64, space: AddressSpace) -> Self {
        Self { space, memory: Backing::Foreign { address } }
    }

    /// The address space of the location.
    pub(in crate::dll) fn space(&self) -> &AddressSpace {
        &self.space
    }

    /// The address, even if the memory is not valid any more; 0 for released memory.
    pub(in crate::dll) fn address(&self) -> u64 {
        let address = match &self.memory {
            Backing::Allocated { allocation, offset } => allocation.address().wrapping_add(*offset),
            Backing::Foreign { address } => *address,
            Backing::Closed => 0,
        };
        self.in_width(address)
    }

    /// An address truncated to the width of the worker's pointers.
    fn in_width(&self, address: u64) -> u64 {
        if self.space.worker.kind().pointer_bits() == 32 { address & u64::from(u32::MAX) } else { address }
    }

    pub(in crate::dll) fn is_null(&self) -> bool {
        matches!(self.memory, Backing::Foreign { address: 0 })
    }

    /// Whether the memory was released.
    pub(in crate::dll) fn is_closed(&self) -> bool {
        matches!(self.memory, Backing::Closed)
    }

    /// Releases the memory, unless other locations point into it.
    pub(in crate::dll) fn close(&mut self) {
        self.memory = Backing::Closed;
    }

    /// Whether the worker is still running, as far as is known.
    pub(in crate::dll) fn is_alive(&self) -> bool {
        match &self.memory {
            Backing::Allocated { allocation, .. } => allocation.is_alive(),
            Backing::Foreign { .. } => self.space.worker.session_of(self.space.generation).is_ok(),
            Backing::Closed => false,
        }
    }

    /// The location `bytes` further on, or back if negative.
    #[inline]
    pub(in crate::dll) fn moved(&self, bytes: i64) -> Self {
        let memory = match &self.memory {
            Backing::Allocated { allocation, offset } => {
                Backing::Allocated { allocation: Arc::clone(allocation), offset: offset.wrapping_add_signed(bytes) }
            }
            Backing::Foreign { address } => {
                Backing::Foreign { address: self.in_width(address.wrapping_add_signed(bytes)) }
            }
            Backing::Closed => Backing::Closed,
        };
        Self { space: self.space.clone(), memory }
    }

    /// The number of bytes from here to the end, where it is known.
    pub(in crate::dll) fn bytes(&self) -> Option<u64> {
        match &self.memory {
            Backing::Allocated { allocation, offset } => Some(allocation.bytes().saturating_sub(*offset)),
            Backing::Foreign { .. } => None,
            Backing::Closed => Some(0),
        }
    }

    /// Reads bytes at `offset`.
    #[inline]
    pub(in crate::dll) fn read(&self, doing: &dyn fmt::Display, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        match &self.memory {
            Backing::Allocated { allocation, offset: start } => {
                let offset =
                    within(allocation, *start, offset, into.len()).ok_or_else(|| self.outside(doing, into.len()))?;
                allocation.read(offset, into).map_err(|error| self.failure(doing, error))
            }
            Backing::Foreign { address } => {
                let address = self.foreign_address(doing, *address, offset)?;
                self.session(doing)?.read(address, into).map_err(|error| self.failure(doing, error))
            }
            Backing::Closed => Err(closed(doing)),
        }
    }

    /// Writes bytes at `offset`.
    #[inline]
    pub(in crate::dll) fn write(&self, doing: &dyn fmt::Display, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        match &self.memory {
            Backing::Allocated { allocation, offset: start } => {
                let offset =
                    within(allocation, *start, offset, bytes.len()).ok_or_else(|| self.outside(doing, bytes.len()))?;
                allocation.write(offset, bytes).map_err(|error| self.failure(doing, error))
            }
            Backing::Foreign { address } => {
                let address = self.foreign_address(doing, *address, offset)?;
                self.session(doing)?.write(address, bytes).map_err(|error| self.failure(doing, error))
            }
            Backing::Closed => Err(closed(doing)),
        }
    }

    /// Reads bytes through `access`, which may hold the worker already.
    pub(in crate::dll) fn read_through(&self, access: &mut dyn Access, into: &mut [u8]) -> Result<(), ConversionError> {
        match &self.memory {
            Backing::Allocated { allocation, offset } if within(allocation, *offset, 0, into.len()).is_some() => {
                access.read(allocation, *offset, into)
            }
            Backing::Closed => Err(ConversionError::new(ErrorKind::Stale, "it was closed and its memory released")),
            Backing::Foreign { address } => access.read_foreign(&self.space, *address, into),
            Backing::Allocated { .. } => {
                Err(ConversionError::new(ErrorKind::Range, "it is outside the object's memory"))
            }
        }
    }

    /// Reads the bytes before the first zero in memory of the library.
    pub(super) fn read_foreign_to_zero(&self, doing: &dyn fmt::Display) -> Result<Vec<u8>, Error> {
        let address = self.foreign_address(doing, self.address(), 0)?;
        let read = self.session(doing)?.read_to_zero(address);
        read.map_err(|error| self.failure(doing, error))
    }

    fn foreign_address(&self, doing: &dyn fmt::Display, address: u64, offset: u64) -> Result<u64, Error> {
        if address == 0 {
            let message = format!("{doing}: NULL pointer dereference");
            return Err(Error::new(ErrorKind::Memory, message).with_address(0));
        }
        address.checked_add(offset).ok_or_else(|| {
            Error::new(
                ErrorKind::Range,
                format!("{doing}: {offset} bytes after {address:#x} is outside the address space"),
            )
        })
    }

    #[cold]
    fn outside(&self, doing: &dyn fmt::Display, length: usize) -> Error {
        let bytes = self.bytes().unwrap_or_default();
        let message = match bytes {
            0 => format!("{doing}: this is outside the object's memory"),
            bytes => format!("{doing}: {length} bytes exceed the object, which has {bytes} there"),
        };
        Error::new(ErrorKind::Range, message)
    }

    fn session(&self, doing: &dyn fmt::Display) -> Result<Session<'_>, Error> {
        self.space.worker.session_of(self.space.generation).map_err(|error| self.failure(doing, error))
    }

    #[cold]
    fn failure(&self, doing: &dyn fmt::Display, error: RemoteError) -> Error {
        if let RemoteError::Stale = error {
            let AddressSpace { worker, generation } = &self.space;
            return Error::new(
                ErrorKind::Stale,
                format!("{doing}: stale pointer, it belongs to {}", worker.ended(*generation)),
            );
        }
        // A request that failed in the worker does not name the address.
        let asked = matches!(error, RemoteError::Fault(_));
        let error = from_remote(error, &self.space.worker, &doing.to_string());
        if asked { error.with_address(self.address()) } else { error }
    }
}

/// Locations are equal if they have the same address in the same address space; NULL is equal everywhere.
impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address() && !self.is_closed() && (self.is_null() || self.space.is(&other.space))
    }
}

/// The offset in the allocation, if all bytes lie within it.
#[inline]
fn within(allocation: &Allocation, start: u64, offset: u64, length: usize) -> Option<u64> {
    let first = start.checked_add(offset)?;
    let end = first.checked_add(length as u64)?;
    (end <= allocation.bytes()).then_some(first)
}

fn closed(doing: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Stale, format!("{doing}: it was closed and its memory released"))
}
