//! Memory lent to a worker for the duration of a call, and lasting allocations in it.

use std::sync::Arc;

use protocol::{Allocate, Release, Value, limits};

use super::Session;
use crate::remote::memory::Allocation;
use crate::remote::start::RunningWorker;
use crate::remote::{RemoteError, Worker};

impl Session<'_> {
    /// Takes an empty list for the arguments of one call, which keeps its capacity from call to call. A sleeping worker
    /// wakes up while the list is filled.
    #[must_use]
    pub fn take_arguments(&mut self) -> Vec<Value> {
        if let Some(running) = &mut self.state.running {
            running.link.client.wake_early();
        }
        std::mem::take(&mut self.state.arguments)
    }

    /// Returns the list of arguments.
    pub fn give_back(&mut self, mut arguments: Vec<Value>) {
        arguments.clear();
        self.state.arguments = arguments;
    }

    /// Puts bytes, followed by some zeros, where the next called function can read them, and returns the argument that
    /// represents their address.
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] if memory is not shared and a message cannot hold them, otherwise those of allocating.
    pub fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, RemoteError> {
        let Some(running) = &mut self.state.running else {
            return Err(self.ended_earlier());
        };
        let Ok(shared) = &mut running.link.shared else {
            return in_message(bytes, zeros);
        };
        self.worker.counters.sent.add(bytes.len() as u64);
        if let Some(address) = shared.call_area.put(bytes, zeros) {
            return Ok(Value::Integer(address as i64));
        }
        let allocation = self.allocate(bytes.len() as u64 + zeros as u64, 1)?;
        let address = allocation.address();
        allocation.write(0, bytes)?;
        allocation.write(bytes.len() as u64, &vec![0; zeros])?;
        if let Some(RunningWorker { link, .. }) = &mut self.state.running
            && let Ok(shared) = &mut link.shared
        {
            shared.call_area.keep(allocation);
        }
        Ok(Value::Integer(address as i64))
    }

    /// Reserves memory that the next called function may read and write, initialised with these bytes followed by
    /// zeros, and returns its address. It can be read until the session ends.
    ///
    /// # Errors
    /// Those of allocating.
    pub fn lend_room(&mut self, bytes: &[u8], zeros: usize) -> Result<u64, RemoteError> {
        if self.shares_memory() {
            return match self.lend(bytes, zeros)? {
                Value::Integer(address) => Ok(address as u64),
                _ => Err(RemoteError::Protocol("shared memory has no address".to_owned())),
            };
        }
        let room = bytes.len() as u64 + zeros as u64;
        let address = self.call(&Allocate { bytes: room.max(1), align: 16 })?.address;
        self.check_place(address, room)?;
        self.state.lent.push(address);
        self.write(address, bytes)?;
        Ok(address)
    }

    /// Releases the memory lent for a finished call.
    pub(super) fn take_back(&mut self) {
        if let Some(RunningWorker { link, .. }) = &mut self.state.running
            && let Ok(shared) = &mut link.shared
        {
            shared.call_area.clear();
        }
        let held = self.state.held.last().copied().unwrap_or(0);
        while self.state.lent.len() > held
            && let Some(address) = self.state.lent.pop()
        {
            // When the worker exits, its memory is freed with it.
            let _ = self.call(&Release { address });
        }
    }

    /// Whether memory is shared with the worker.
    pub(in crate::remote) fn shares_memory(&self) -> bool {
        self.state.running.as_ref().is_some_and(|running| running.link.shared.is_ok())
    }

    /// Allocates zeroed memory of this worker that stays until it is dropped. If memory is shared, a request is sent
    /// only when the arena must grow.
    ///
    /// # Errors
    /// As [`Worker::allocate`].
    pub fn allocate_lasting(
        &mut self,
        worker: &Arc<Worker>,
        bytes: u64,
        align: u64,
    ) -> Result<Allocation, RemoteError> {
        if self.shares_memory() {
            let allocation = self.allocate(bytes, align)?;
            allocation.clear();
            return Ok(allocation);
        }
        worker.release_lent(self)?;
        let address = self.call(&Allocate { bytes, align })?.address;
        self.check_place(address, bytes)?;
        Ok(Allocation::lent(Arc::clone(worker), self.generation(), address, bytes))
    }

    /// Allocates in the arena, without clearing the memory.
    pub(in crate::remote) fn allocate(&mut self, bytes: u64, align: u64) -> Result<Allocation, RemoteError> {
        let arena = match &self.state.running {
            Some(RunningWorker { link, .. }) => link.shared.as_ref().map(|shared| &shared.arena).ok().cloned(),
            None => None,
        };
        let arena = arena.ok_or_else(|| self.ended_earlier())?;
        if let Some(allocation) = arena.allocate(bytes, align) {
            return Ok(allocation);
        }
        let full = || RemoteError::ArenaFull { bytes, usage: arena.usage() };
        let segment = arena.next_segment(bytes, align).ok_or_else(full)?;
        // The reversible step first: the worker keeps its mappings.
        let view = arena.map(&segment).map_err(|error| {
            let error = RemoteError::Unmappable { bytes: segment.bytes, error };
            arena.note_refusal(&error.to_string());
            error
        })?;
        let mapped = self.call(&segment).inspect_err(|error| arena.note_refusal(&error.to_string()))?;
        self.check_place(mapped.address, segment.bytes)?;
        arena.add(&segment, view, mapped.address);
        arena.allocate(bytes, align).ok_or_else(full)
    }
}

/// An argument that contains its bytes.
fn in_message(bytes: &[u8], zeros: usize) -> Result<Value, RemoteError> {
    if bytes.len() + zeros > limits::STRING_BYTES as usize {
        let limit = limits::STRING_BYTES;
        return Err(RemoteError::TooLarge(format!("a string of {} bytes is over the limit of {limit}", bytes.len())));
    }
    let mut carried = Vec::with_capacity(bytes.len() + zeros);
    carried.extend_from_slice(bytes);
    carried.resize(bytes.len() + zeros, 0);
    Ok(Value::Bytes(carried))
}
