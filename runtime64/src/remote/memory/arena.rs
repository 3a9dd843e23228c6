//! Memory mapped by host and worker, in which the host allocates without requests.
//!
//! The bookkeeping is in the host's own memory: a library that writes past the end of a buffer corrupts only its own
//! data. The arena grows by segments, which the worker maps when they are first needed.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::MapSegment;
use protocol::link::{ARENA_START, Memory, SEGMENT_ALIGN, View};

use super::Allocation;
use super::allocator::{Allocator, Block, NotAllocated};

/// The size of a segment, unless one object needs more.
const SEGMENT_BYTES: u64 = 64 << 20;

/// The arena of one generation of a worker.
#[derive(Debug)]
pub(in crate::remote) struct Arena {
    memory: Memory,
    /// Its maximum end in the memory.
    end: u64,
    alive: AtomicBool,
    state: Mutex<ArenaState>,
}

#[derive(Debug)]
struct ArenaState {
    allocator: Allocator,
    /// Sorted by their offsets.
    segments: Vec<Arc<ArenaSegment>>,
    /// The start of the next segment.
    next: u64,
    /// The reason why the latest segment could not be mapped, until one is.
    refusal: Option<String>,
}

/// A part of the arena that both sides have mapped.
#[derive(Debug)]
pub(super) struct ArenaSegment {
    pub(super) view: View,
    /// Its start in the memory.
    pub(super) offset: u64,
    /// Its address in the worker.
    pub(super) address: u64,
}

/// The use of an arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaUse {
    /// Bytes in live objects.
    pub used: u64,
    /// Bytes in mapped segments.
    pub mapped: u64,
    /// Its maximum size, in bytes.
    pub limit: u64,
}

impl Arena {
    /// Creates an arena of at most `limit` bytes in `memory`, without a segment.
    pub(in crate::remote) fn new(memory: Memory, limit: u64) -> Self {
        let state = ArenaState { allocator: Allocator::new(), segments: Vec::new(), next: ARENA_START, refusal: None };
        Self { memory, end: ARENA_START + limit, alive: AtomicBool::new(true), state: Mutex::new(state) }
    }

    /// Whether the worker is still running.
    #[inline]
    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    /// Records that the worker has exited, which invalidates the content.
    pub(in crate::remote) fn bury(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    /// Allocates a block without clearing it, or returns `None` if no segment has room for it.
    pub(in crate::remote) fn allocate(self: &Arc<Self>, bytes: u64, align: u64) -> Option<Allocation> {
        let mut state = self.lock();
        let block = state.allocator.allocate(bytes, align)?;
        let index = state.segments.partition_point(|segment| segment.offset <= block.offset()) - 1;
        let segment = Arc::clone(&state.segments[index]);
        drop(state);
        Some(Allocation::shared(Arc::clone(self), segment, block, bytes))
    }

    /// Frees a block.
    pub(super) fn free(&self, block: Block) -> Result<(), NotAllocated> {
        self.lock().allocator.free(block).map(drop)
    }

    /// The segment to map for a block that does not fit, or `None` if the limit does not permit it.
    pub(in crate::remote) fn next_segment(&self, bytes: u64, align: u64) -> Option<MapSegment> {
        let offset = self.lock().next;
        // Before the block the allocator may need additional room for its alignment.
        let needed = bytes.checked_add(align)?.checked_next_multiple_of(SEGMENT_ALIGN)?;
        let room = self.end.checked_sub(offset)?;
        let usual = SEGMENT_BYTES.min(room);
        let bytes = needed.max(usual);
        (bytes <= room).then_some(MapSegment { offset, bytes })
    }

    /// Maps a segment in this process.
    pub(in crate::remote) fn map(&self, segment: &MapSegment) -> io::Result<View> {
        self.memory.map(segment.offset, segment.bytes)
    }

    /// Keeps the reason why a segment could not be mapped, for the arena's statistics.
    pub(in crate::remote) fn note_refusal(&self, reason: &str) {
        self.lock().refusal = Some(reason.to_owned());
    }

    /// The reason why the arena's latest growth failed.
    pub(in crate::remote) fn refusal(&self) -> Option<String> {
        self.lock().refusal.clone()
    }

    /// Adds a segment that both sides have mapped, the worker at `address`.
    pub(in crate::remote) fn add(&self, segment: &MapSegment, view: View, address: u64) {
        let mut state = self.lock();
        state.allocator.add(segment.offset, segment.bytes);
        state.segments.push(Arc::new(ArenaSegment { view, offset: segment.offset, address }));
        state.next = segment.offset + segment.bytes;
        state.refusal = None;
    }

    /// Finds the segment that contains all of `length` bytes at an address of the worker, and their offset in it.
    pub(in crate::remote) fn find(&self, address: u64, length: u64) -> Option<SegmentRange> {
        let state = self.lock();
        let holds = |segment: &&Arc<ArenaSegment>| {
            address
                .checked_sub(segment.address)
                .is_some_and(|within| within < segment.view.bytes() && length <= segment.view.bytes() - within)
        };
        let segment = state.segments.iter().find(holds)?;
        Some(SegmentRange { within: address - segment.address, segment: Arc::clone(segment) })
    }

    /// The current use of the arena.
    pub(in crate::remote) fn usage(&self) -> ArenaUse {
        let state = self.lock();
        ArenaUse { used: state.allocator.used(), mapped: state.next - ARENA_START, limit: self.end - ARENA_START }
    }

    /// No lock is held while other code runs, so a panic of another thread leaves the state whole.
    fn lock(&self) -> MutexGuard<'_, ArenaState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a segment.
#[derive(Debug)]
pub(in crate::remote) struct SegmentRange {
    segment: Arc<ArenaSegment>,
    within: u64,
}

impl SegmentRange {
    /// Copies bytes out.
    pub(in crate::remote) fn read(&self, into: &mut [u8]) {
        self.segment.view.read(self.within, into);
    }

    /// Copies bytes in.
    pub(in crate::remote) fn write(&self, bytes: &[u8]) {
        self.segment.view.write(self.within, bytes);
    }
}
