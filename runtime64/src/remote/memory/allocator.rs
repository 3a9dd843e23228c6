//! The allocator of the arena: a two-level segregated fit (Masmano, Ripoll, Crespo and Real, "TLSF", 2004).
//!
//! It works with offsets only, and its bookkeeping is in this process. Free blocks are kept in lists by size: the first
//! level is the power of two, which the second divides into 16 equal parts. Two bitmaps show which lists are not empty,
//! so that allocating and freeing take the same few steps for any number of blocks.

#[cfg(test)]
mod tests;

/// Every block starts at a multiple of this and its size is one, like blocks of `malloc` on every worker.
const UNIT: u64 = 16;

/// The number of parts of a power of two.
const PARTS: usize = 16;
const PARTS_BITS: u32 = PARTS.trailing_zeros();

/// The number of powers of two above the smallest sizes, which share entry 0 of the first level.
const LEVELS: usize = 48;

/// The index that stands for no block.
const NONE: u32 = u32::MAX;

/// An allocated block, to be freed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    offset: u64,
    node: u32,
    generation: u32,
}

impl Block {
    /// The start of the block.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
}

/// A block that was to be freed is not in use: it was freed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the block at {offset:#x} is not in use")]
pub(super) struct NotAllocated {
    offset: u64,
}

/// The blocks of all segments.
#[derive(Debug)]
pub(super) struct Allocator {
    nodes: Vec<Node>,
    /// The first unused node; unused nodes are linked by `next`.
    spare: u32,
    /// Bitmaps of the levels with a list that is not empty, and of those lists.
    levels: u64,
    parts: [u16; LEVELS],
    lists: [[u32; PARTS]; LEVELS],
    used: u64,
}

/// A block, free or in use, or an unused node.
#[derive(Clone, Copy, Debug)]
struct Node {
    offset: u64,
    bytes: u64,
    /// The blocks directly before and after it in the same segment.
    below: u32,
    above: u32,
    /// The blocks before and after it in its list, if it is free.
    previous: u32,
    next: u32,
    is_free: bool,
    /// The number of blocks that the node has represented.
    generation: u32,
}

impl Allocator {
    /// Creates an allocator without memory.
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), spare: NONE, levels: 0, parts: [0; LEVELS], lists: [[NONE; PARTS]; LEVELS], used: 0 }
    }

    /// Adds a segment. Blocks of different segments are never merged. Both numbers are multiples of 16.
    pub(super) fn add(&mut self, offset: u64, bytes: u64) {
        debug_assert!(offset.is_multiple_of(UNIT) && bytes.is_multiple_of(UNIT) && bytes > 0);
        let node = self.node(offset, bytes, NONE, NONE);
        self.enlist(node);
    }

    /// Allocates a block whose offset is a multiple of 16 and of `align`, a power of two. `None` if no free block is
    /// large enough.
    pub(super) fn allocate(&mut self, bytes: u64, align: u64) -> Option<Block> {
        let bytes = bytes.max(1).checked_next_multiple_of(UNIT)?;
        let align = align.max(UNIT);
        // A block of this size can be aligned wherever it starts.
        let search = bytes.checked_add(align - UNIT)?;
        let node = self.find(search)?;
        self.delist(node);
        let before = self.nodes[node as usize].offset.next_multiple_of(align) - self.nodes[node as usize].offset;
        let node = if before > 0 { self.split_front(node, before) } else { node };
        self.split_back(node, bytes);
        let node_data = &mut self.nodes[node as usize];
        node_data.is_free = false;
        self.used += node_data.bytes;
        Some(Block { offset: node_data.offset, node, generation: node_data.generation })
    }

    /// Frees a block and returns its size.
    pub(super) fn free(&mut self, block: Block) -> Result<u64, NotAllocated> {
        let live = self
            .nodes
            .get(block.node as usize)
            .filter(|node| !node.is_free && node.generation == block.generation && node.offset == block.offset);
        let Node { bytes, below, above, .. } = *live.ok_or(NotAllocated { offset: block.offset })?;
        self.used -= bytes;
        let mut node = block.node;
        self.nodes[node as usize].is_free = true;
        if self.is_free(above) {
            self.delist(above);
            self.merge(node, above);
        }
        if self.is_free(below) {
            self.delist(below);
            self.merge(below, node);
            node = below;
        } else {
            // The node continues as a free block, which must not be mistaken for the freed block.
            let node = &mut self.nodes[node as usize];
            node.generation = node.generation.wrapping_add(1);
        }
        self.enlist(node);
        Ok(bytes)
    }

    /// The total size of all blocks in use.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    fn is_free(&self, node: u32) -> bool {
        node != NONE && self.nodes[node as usize].is_free
    }

    /// Finds a free block of at least this size: the first one of the first list whose blocks are all large enough, or
    /// else one in the list that the size itself belongs to.
    fn find(&self, bytes: u64) -> Option<u32> {
        let rounded = match bytes.checked_ilog2() {
            Some(power) if power > PARTS_BITS + UNIT.ilog2() => bytes.checked_add((1 << (power - PARTS_BITS)) - 1)?,
            _ => bytes,
        };
        let (level, part) = list_of(rounded);
        if level < LEVELS {
            let in_level = self.parts[level] & (u16::MAX << part);
            if in_level != 0 {
                return Some(self.lists[level][in_level.trailing_zeros() as usize]);
            }
            let higher = if level + 1 < LEVELS { self.levels & (u64::MAX << (level + 1)) } else { 0 };
            if higher != 0 {
                let level = higher.trailing_zeros() as usize;
                return Some(self.lists[level][self.parts[level].trailing_zeros() as usize]);
            }
        }
        let (level, part) = list_of(bytes);
        let mut node = *self.lists.get(level)?.get(part)?;
        while node != NONE && self.nodes[node as usize].bytes < bytes {
            node = self.nodes[node as usize].next;
        }
        (node != NONE).then_some(node)
    }

    /// Splits off the front of a block, which is in no list, as a free block, and returns the rest.
    fn split_front(&mut self, node: u32, front: u64) -> u32 {
        let Node { offset, bytes, above, .. } = self.nodes[node as usize];
        let rest = self.node(offset + front, bytes - front, node, above);
        if above != NONE {
            self.nodes[above as usize].below = rest;
        }
        let data = &mut self.nodes[node as usize];
        (data.bytes, data.above, data.is_free) = (front, rest, true);
        self.enlist(node);
        rest
    }

    /// Splits off the part of a block, which is in no list, beyond `bytes` as a free block.
    fn split_back(&mut self, node: u32, bytes: u64) {
        let Node { offset, bytes: all, above, .. } = self.nodes[node as usize];
        if all == bytes {
            return;
        }
        let rest = self.node(offset + bytes, all - bytes, node, above);
        if above != NONE {
            self.nodes[above as usize].below = rest;
        }
        let data = &mut self.nodes[node as usize];
        (data.bytes, data.above) = (bytes, rest);
        self.enlist(rest);
    }

    /// Merges a block into the one directly below it. Neither is in a list.
    fn merge(&mut self, below: u32, node: u32) {
        let Node { bytes, above, .. } = self.nodes[node as usize];
        self.nodes[below as usize].bytes += bytes;
        self.nodes[below as usize].above = above;
        if above != NONE {
            self.nodes[above as usize].below = below;
        }
        let spare = self.spare;
        let data = &mut self.nodes[node as usize];
        data.generation = data.generation.wrapping_add(1);
        (data.is_free, data.next) = (false, spare);
        // No block starts at this offset.
        data.offset = u64::MAX;
        self.spare = node;
    }

    /// Creates a node for a block that is in no list yet.
    fn node(&mut self, offset: u64, bytes: u64, below: u32, above: u32) -> u32 {
        let fresh =
            |generation| Node { offset, bytes, below, above, previous: NONE, next: NONE, is_free: true, generation };
        if self.spare == NONE {
            self.nodes.push(fresh(0));
            return (self.nodes.len() - 1) as u32;
        }
        let index = self.spare;
        let node = &mut self.nodes[index as usize];
        self.spare = node.next;
        *node = fresh(node.generation);
        index
    }

    /// Inserts a free block into the list for its size.
    fn enlist(&mut self, node: u32) {
        let (level, part) = list_of(self.nodes[node as usize].bytes);
        let first = self.lists[level][part];
        let data = &mut self.nodes[node as usize];
        (data.previous, data.next) = (NONE, first);
        if first != NONE {
            self.nodes[first as usize].previous = node;
        }
        self.lists[level][part] = node;
        self.parts[level] |= 1 << part;
        self.levels |= 1 << level;
    }

    /// Removes a free block from its list.
    fn delist(&mut self, node: u32) {
        let Node { bytes, previous, next, .. } = self.nodes[node as usize];
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        if previous != NONE {
            self.nodes[previous as usize].next = next;
            return;
        }
        let (level, part) = list_of(bytes);
        self.lists[level][part] = next;
        if next == NONE {
            self.parts[level] &= !(1 << part);
            if self.parts[level] == 0 {
                self.levels &= !(1 << level);
            }
        }
    }
}

/// The list for blocks of a size. Each size below 16 units has its own; above, the highest bits decide.
fn list_of(bytes: u64) -> (usize, usize) {
    let units = bytes / UNIT;
    match units.checked_ilog2() {
        Some(power) if power >= PARTS_BITS => {
            let part = (units >> (power - PARTS_BITS)) as usize & (PARTS - 1);
            ((power - PARTS_BITS + 1) as usize, part)
        }
        _ => (0, units as usize),
    }
}
