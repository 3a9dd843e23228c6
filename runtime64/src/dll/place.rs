//! Where a value leads: the memory behind an object, a pointer or an address.

use std::fmt;
use std::sync::Arc;

use mlua::Value as LuaValue;

use super::convert::{describe, integer, wrong_type};
use super::failure::from_remote;
use super::mismatch::Mismatch;
use super::module::{Module, owner};
use super::object::Object;
use super::pointer::{Owner, Pointer};
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, RemoteError, Session};

/// Memory of a worker.
pub(super) struct Place {
    address: u64,
    owner: Owner,
    /// The object it is in, whose bounds are kept; nothing for memory of the library's own.
    object: Option<(Arc<Allocation>, u64, u64)>,
}

impl Place {
    /// An address of a worker, maybe one in memory that a script has allocated.
    pub(super) fn at(address: u64, owner: Owner, memory: Option<&Arc<Allocation>>) -> Self {
        let object = memory.map(|memory| {
            // Outside of the memory there is nothing of it.
            let offset = address.checked_sub(memory.address()).filter(|offset| *offset <= memory.bytes());
            let offset = offset.unwrap_or(memory.bytes());
            (Arc::clone(memory), offset, memory.bytes() - offset)
        });
        Self { address, owner, object }
    }

    /// Where an object or a pointer leads; nothing for other values.
    pub(super) fn of(value: &LuaValue) -> Result<Option<Self>, Mismatch> {
        let LuaValue::UserData(userdata) = value else {
            return Ok(None);
        };
        if let Ok(pointer) = userdata.borrow::<Pointer>() {
            return Ok(Some(pointer.place(pointer.address())));
        }
        let Ok(object) = userdata.borrow::<Object>() else {
            return Ok(None);
        };
        let (memory, offset) = object.memory()?;
        Ok(Some(Self {
            address: memory.address() + offset,
            owner: object.owner().clone(),
            object: Some((Arc::clone(memory), offset, object.shape().bytes)),
        }))
    }

    /// The same, or an error that says what is needed.
    pub(super) fn needed(doing: &str, value: &LuaValue) -> Result<Self, Error> {
        let place = Self::of(value).and_then(|place| place.ok_or_else(|| wrong_type("a pointer or an object", value)));
        place.map_err(|mismatch| located(doing, mismatch))
    }

    /// The same, or an address as a number, of the worker that the module speaks of.
    pub(super) fn needed_or_address(module: &Module, doing: &str, value: &LuaValue) -> Result<Self, Error> {
        let LuaValue::Integer(address) = value else {
            return Self::needed(doing, value);
        };
        let worker = module.worker(module.kind());
        let session = worker.session().map_err(|error| from_remote(error, worker.kind(), doing))?;
        Ok(Self::at(*address as u64, owner(worker, &session), None))
    }

    /// Where it is, in the worker.
    pub(super) fn address(&self) -> u64 {
        self.address
    }

    /// How many bytes there are, where that is known.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.object.as_ref().map(|(_, _, bytes)| *bytes)
    }

    /// Copies bytes out.
    pub(super) fn read(&self, doing: &dyn fmt::Display, into: &mut [u8]) -> Result<(), Error> {
        match self.bounded(doing, into.len())? {
            Some((memory, offset)) => memory.read(offset, into).map_err(|error| self.failure(doing, error)),
            None => self.session(doing)?.read(self.address, into).map_err(|error| self.failure(doing, error)),
        }
    }

    /// Copies bytes in.
    pub(super) fn write(&self, doing: &dyn fmt::Display, bytes: &[u8]) -> Result<(), Error> {
        match self.bounded(doing, bytes.len())? {
            Some((memory, offset)) => memory.write(offset, bytes).map_err(|error| self.failure(doing, error)),
            None => self.session(doing)?.write(self.address, bytes).map_err(|error| self.failure(doing, error)),
        }
    }

    /// The bytes before the first zero; all of an object that holds none.
    pub(super) fn read_to_zero(&self, doing: &dyn fmt::Display) -> Result<Vec<u8>, Error> {
        let Some(bytes) = self.bytes() else {
            let read = self.session(doing)?.read_to_zero(self.address);
            return read.map_err(|error| self.failure(doing, error));
        };
        let mut all = buffer(doing, bytes)?;
        self.read(doing, &mut all)?;
        let end = all.iter().position(|byte| *byte == 0).unwrap_or(all.len());
        all.truncate(end);
        Ok(all)
    }

    /// The object's memory, once it is certain that the bytes are within the object.
    fn bounded(&self, doing: &dyn fmt::Display, length: usize) -> Result<Option<(&Allocation, u64)>, Error> {
        match &self.object {
            Some((_, _, bytes)) if length as u64 > *bytes => {
                let message = format!("{doing}: {length} bytes are more than the object has there, which is {bytes}");
                Err(Error::new(ErrorKind::Range, message))
            }
            Some((memory, offset, _)) => Ok(Some((memory, *offset))),
            None => Ok(None),
        }
    }

    fn session(&self, doing: &dyn fmt::Display) -> Result<Session<'_>, Error> {
        self.owner.worker.session_of(self.owner.generation).map_err(|error| self.failure(doing, error))
    }

    #[cold]
    fn failure(&self, doing: &dyn fmt::Display, error: RemoteError) -> Error {
        // A worker that had to be asked names no address.
        let asked = matches!(error, RemoteError::Fault(_));
        let error = from_remote(error, self.owner.worker.kind(), &doing.to_string());
        if asked { error.with_address(self.address) } else { error }
    }
}

/// Whether two values lead to the same place.
pub(super) fn same(left: &LuaValue, right: &LuaValue) -> bool {
    match (Place::of(left), Place::of(right)) {
        (Ok(Some(left)), Ok(Some(right))) => left.address == right.address && left.owner.is(&right.owner),
        _ => false,
    }
}

/// A zeroed buffer, unless there is no memory for it.
pub(super) fn buffer(doing: &dyn fmt::Display, length: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let reserved =
        usize::try_from(length).ok().and_then(|length| bytes.try_reserve_exact(length).ok().map(|()| length));
    match reserved {
        Some(length) => {
            bytes.resize(length, 0);
            Ok(bytes)
        }
        None => Err(Error::new(ErrorKind::Memory, format!("{doing}: there is no memory for {length} bytes"))),
    }
}

/// A number of bytes.
pub(super) fn length(doing: &str, value: &LuaValue) -> Result<u64, Error> {
    integer(value).ok().and_then(|length| u64::try_from(length).ok()).ok_or_else(|| {
        let message = format!("{doing}: the length must be an integer from 0 on, not {}", describe(value));
        Error::new(ErrorKind::Range, message)
    })
}

pub(super) fn located(doing: &str, mismatch: Mismatch) -> Error {
    Error::new(mismatch.kind, format!("{doing}: {}", mismatch.reason))
}
