//! Access to the memory of a held worker through the operating system, or by requests where that is refused.

use protocol::{ReadString, Value, WriteMemory, limits};

use super::{RunningWorker, Session};
use crate::remote::RemoteError;
use crate::remote::memory::AccessError;

impl Session<'_> {
    /// Copies memory of the worker.
    ///
    /// # Errors
    /// [`RemoteError::Unmapped`], and those of requests if the system does not permit access to its memory.
    pub fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), RemoteError> {
        let link = &self.running()?.link;
        if let Ok(shared) = &link.shared {
            if shared.call_area.read(address, into) {
                return Ok(());
            }
            if let Some(place) = shared.arena.find(address, into.len() as u64) {
                place.read(into);
                return Ok(());
            }
        }
        match link.foreign.read(address, into).map_err(|error| self.seen(error)) {
            Ok(()) => Ok(()),
            Err(AccessError::Unmapped { address, access }) => Err(RemoteError::Unmapped { address, access }),
            Err(AccessError::Refused) => self.ask_to_read(address, into),
        }
    }

    /// Requests a copy from the worker, in messages of the maximum size.
    fn ask_to_read(&mut self, address: u64, into: &mut [u8]) -> Result<(), RemoteError> {
        for (index, part) in into.chunks_mut(limits::STRING_BYTES as usize).enumerate() {
            let address = address.saturating_add(index as u64 * u64::from(limits::STRING_BYTES));
            let reply = self.call(&ReadString { address, length: Some(part.len() as u32) })?;
            match reply {
                Value::Bytes(bytes) if bytes.len() == part.len() => part.copy_from_slice(&bytes),
                _ => return Err(self.break_off("it did not return the requested bytes")),
            }
        }
        Ok(())
    }

    /// Copies bytes into the worker's memory. Those before an address that cannot be written may have been written.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), RemoteError> {
        let link = &self.running()?.link;
        if let Ok(shared) = &link.shared
            && let Some(place) = shared.arena.find(address, bytes.len() as u64)
        {
            place.write(bytes);
            return Ok(());
        }
        match link.foreign.write(address, bytes).map_err(|error| self.seen(error)) {
            Ok(()) => Ok(()),
            Err(AccessError::Unmapped { address, access }) => Err(RemoteError::Unmapped { address, access }),
            Err(AccessError::Refused) => {
                for (index, part) in bytes.chunks(limits::STRING_BYTES as usize).enumerate() {
                    let address = address.saturating_add(index as u64 * u64::from(limits::STRING_BYTES));
                    self.call(&WriteMemory { address, bytes: part.to_vec() })?;
                }
                Ok(())
            }
        }
    }

    /// Copies the bytes before the first zero byte.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`RemoteError::TooLarge`] for a string over [`limits::STRING_BYTES`].
    pub fn read_to_zero(&mut self, address: u64) -> Result<Vec<u8>, RemoteError> {
        let limit = limits::STRING_BYTES as usize;
        let read = self.running()?.link.foreign.read_to_zero(address, limit);
        match read.map_err(|error| self.seen(error)) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(RemoteError::TooLarge(format!("the first {limit} bytes of the string contain no zero"))),
            Err(AccessError::Unmapped { address, access }) => Err(RemoteError::Unmapped { address, access }),
            Err(AccessError::Refused) => match self.call(&ReadString { address, length: None })? {
                Value::Bytes(bytes) => Ok(bytes),
                _ => Err(self.break_off("it did not return bytes")),
            },
        }
    }

    /// Converts an access error. A process that has exited has no memory; the failed request then reports its end.
    #[cold]
    fn seen(&self, error: AccessError) -> AccessError {
        let has_ended = |running: &RunningWorker| running.kill_handle.process.has_ended();
        match error {
            AccessError::Unmapped { .. } if self.running().is_ok_and(has_ended) => AccessError::Refused,
            error => error,
        }
    }

    /// Rejects an address that a worker has reported for memory, if it cannot have memory there.
    pub(super) fn check_place(&mut self, address: u64, bytes: u64) -> Result<(), RemoteError> {
        if self.worker.kind().can_hold(address, bytes) {
            return Ok(());
        }
        Err(self.break_off("it reported memory at an impossible address"))
    }
}
