//! Memory allocated by a script.

use std::fmt;
use std::sync::Arc;

use super::allocator::Block;
use super::arena::{Arena, ArenaSegment};
use crate::remote::{Generation, RemoteError, Session, Worker};

/// Zeroed memory in a worker, freed on drop. Neither step needs a request to the worker if memory is shared.
pub struct Allocation {
    bytes: u64,
    storage: Storage,
}

enum Storage {
    /// In memory that both sides have mapped.
    Shared { arena: Arc<Arena>, segment: Arc<ArenaSegment>, block: Block },
    /// In the worker only, on a link without shared memory.
    Lent { worker: Arc<Worker>, generation: Generation, address: u64 },
}

impl Allocation {
    pub(super) fn shared(arena: Arc<Arena>, segment: Arc<ArenaSegment>, block: Block, bytes: u64) -> Self {
        Self { bytes, storage: Storage::Shared { arena, segment, block } }
    }

    pub(in crate::remote) fn lent(worker: Arc<Worker>, generation: Generation, address: u64, bytes: u64) -> Self {
        Self { bytes, storage: Storage::Lent { worker, generation, address } }
    }

    /// Its address in the worker.
    #[must_use]
    pub fn address(&self) -> u64 {
        match &self.storage {
            Storage::Shared { segment, block, .. } => segment.address + (block.offset() - segment.offset),
            Storage::Lent { address, .. } => *address,
        }
    }

    /// Its size, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether its worker is still running, as far as has been noticed.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        match &self.storage {
            Storage::Shared { arena, .. } => arena.is_alive(),
            Storage::Lent { worker, generation, .. } => worker.session_of(*generation).is_ok(),
        }
    }

    /// Copies bytes out.
    ///
    /// # Errors
    /// [`RemoteError::Stale`] if its worker has exited; if memory is not shared, also the errors of requests.
    ///
    /// # Panics
    /// If the bytes are not within the allocation.
    #[inline]
    pub fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), RemoteError> {
        match &self.storage {
            Storage::Shared { .. } => self.read_shared(offset, into),
            Storage::Lent { worker, generation, .. } => {
                self.read_in(&mut worker.session_of(*generation)?, offset, into)
            }
        }
    }

    /// The same for a caller that already holds the worker. Memory of another worker is not read.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    pub fn read_in(&self, session: &mut Session<'_>, offset: u64, into: &mut [u8]) -> Result<(), RemoteError> {
        match &self.storage {
            Storage::Shared { .. } => self.read_shared(offset, into),
            Storage::Lent { worker, generation, address } => {
                self.check(offset, into.len());
                if !session.is_of(worker) || session.generation() != *generation {
                    return Err(RemoteError::Stale);
                }
                session.read(address + offset, into)
            }
        }
    }

    #[inline]
    fn read_shared(&self, offset: u64, into: &mut [u8]) -> Result<(), RemoteError> {
        self.check(offset, into.len());
        match &self.storage {
            Storage::Shared { arena, segment, block } if arena.is_alive() => {
                segment.view.read(block.offset() - segment.offset + offset, into);
                Ok(())
            }
            _ => Err(RemoteError::Stale),
        }
    }

    /// Copies bytes in.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    #[inline]
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), RemoteError> {
        self.check(offset, bytes.len());
        match &self.storage {
            Storage::Shared { arena, segment, block } => {
                if !arena.is_alive() {
                    return Err(RemoteError::Stale);
                }
                segment.view.write(block.offset() - segment.offset + offset, bytes);
                Ok(())
            }
            Storage::Lent { worker, generation, address } => {
                worker.session_of(*generation)?.write(address + offset, bytes)
            }
        }
    }

    /// Sets all of it to zero, as reused memory contains old data. Lent memory is already zeroed.
    pub(in crate::remote) fn clear(&self) {
        if let Storage::Shared { segment, block, .. } = &self.storage {
            segment.view.fill(block.offset() - segment.offset, self.bytes as usize, 0);
        }
    }

    #[inline]
    fn check(&self, offset: u64, length: usize) {
        let inside = offset <= self.bytes && length as u64 <= self.bytes - offset;
        assert!(inside, "{length} bytes at {offset} are outside an allocation of {} bytes", self.bytes);
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        match &self.storage {
            Storage::Shared { arena, block, .. } => {
                let freed = arena.free(*block);
                debug_assert!(freed.is_ok(), "an allocation is freed once, by its drop: {freed:?}");
            }
            Storage::Lent { worker, generation, address } => worker.release_later(*generation, *address),
        }
    }
}

impl fmt::Debug for Allocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Allocation({} bytes at {:#010x})", self.bytes, self.address())
    }
}
