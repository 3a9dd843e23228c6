use std::collections::BTreeMap;

use super::*;

const SEGMENT: u64 = 64 << 20;

/// Marsaglia's xorshift with a fixed seed, so that failures are reproducible.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 1 byte to 1 MiB, each power of two as likely as the others.
    fn size(&mut self) -> u64 {
        let power = self.next() % 20;
        (1 << power) + self.next() % (1 << power)
    }
}

/// Checks the invariants of the blocks of one segment: they cover it without a gap, no two free ones are neighbours,
/// and each free one is in the list of its size.
fn check(allocator: &Allocator, start: u64, bytes: u64) {
    let first = |node: &&Node| node.offset == start && node.below == NONE;
    let first = allocator.nodes.iter().find(first).expect("the segment has a first block");
    let (mut node, mut offset) = (*first, start);
    loop {
        assert_eq!(node.offset, offset);
        if node.is_free {
            assert!(!allocator.is_free(node.above), "two free neighbours at {offset:#x}");
            let (level, part) = list_of(node.bytes);
            let mut listed = allocator.lists[level][part];
            while allocator.nodes[listed as usize].offset != offset {
                listed = allocator.nodes[listed as usize].next;
                assert_ne!(listed, NONE, "a free block at {offset:#x} is in no list");
            }
        }
        offset += node.bytes;
        if node.above == NONE {
            break;
        }
        node = allocator.nodes[node.above as usize];
    }
    assert_eq!(offset, start + bytes);
}

#[test]
fn blocks_are_aligned_and_do_not_overlap() {
    let mut allocator = Allocator::new();
    allocator.add(0x20_0000, SEGMENT);
    let mut end = BTreeMap::new();
    for (bytes, align) in [(0, 1), (1, 1), (16, 16), (17, 8), (100, 64), (1, 4096), (5000, 4096), (3, 1 << 16)] {
        let block = allocator.allocate(bytes, align).expect("there is room");
        assert_eq!(block.offset() % align.max(UNIT), 0, "{bytes} bytes, aligned to {align}");
        assert!(end.insert(block.offset(), block.offset() + bytes.max(1)).is_none());
    }
    let ranges: Vec<_> = end.into_iter().collect();
    assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{ranges:x?}");
    check(&allocator, 0x20_0000, SEGMENT);
}

#[test]
fn a_whole_segment_can_be_one_block_again_and_again() {
    let mut allocator = Allocator::new();
    allocator.add(0, 48 << 10);
    for _ in 0..3 {
        let whole = allocator.allocate(48 << 10, 16).expect("the segment is free");
        assert_eq!(allocator.used(), 48 << 10);
        assert_eq!(allocator.allocate(1, 1), None);
        assert_eq!(allocator.free(whole), Ok(48 << 10));
        let parts: Vec<Block> = (0..48).map(|_| allocator.allocate(1024, 16).expect("there is room")).collect();
        assert_eq!(allocator.allocate(1, 1), None);
        // Every other one first, so that each remaining one merges with both its neighbours.
        for block in parts.iter().step_by(2).chain(parts.iter().skip(1).step_by(2)) {
            assert_eq!(allocator.free(*block), Ok(1024));
        }
        assert_eq!(allocator.used(), 0);
    }
}

#[test]
fn a_block_is_freed_once() {
    let mut allocator = Allocator::new();
    allocator.add(0, 4096);
    let blocks: Vec<Block> = (0..4).map(|_| allocator.allocate(64, 16).expect("there is room")).collect();
    for block in &blocks {
        assert_eq!(allocator.free(*block), Ok(64));
    }
    for block in &blocks {
        assert_eq!(allocator.free(*block), Err(NotAllocated { offset: block.offset() }));
    }
    let again = allocator.allocate(64, 16).expect("there is room");
    assert_eq!(again.offset(), blocks[0].offset());
    assert!(allocator.free(blocks[0]).is_err(), "what was there before is not what is there now");
    assert_eq!(allocator.free(again), Ok(64));
}

#[test]
fn segments_stay_apart() {
    let mut allocator = Allocator::new();
    allocator.add(0, 4096);
    allocator.add(4096, 4096);
    assert_eq!(allocator.allocate(4097, 16), None);
    let blocks = [4096, 4096].map(|bytes| allocator.allocate(bytes, 16).expect("one fits each segment"));
    for block in blocks {
        assert_eq!(allocator.free(block), Ok(4096));
    }
    assert_eq!(allocator.allocate(8192, 16), None);
}

#[test]
fn what_cannot_be_had_is_refused() {
    let mut allocator = Allocator::new();
    assert_eq!(allocator.allocate(1, 1), None);
    allocator.add(0, 4096);
    for (bytes, align) in [(4097, 16), (u64::MAX, 16), (u64::MAX - 64, 4096), (16, 1 << 63)] {
        assert_eq!(allocator.allocate(bytes, align), None, "{bytes} bytes, aligned to {align}");
    }
    assert!(allocator.allocate(4096, 16).is_some());
}

/// A million operations with up to half the segment in use: every allocation succeeds, and in the end the whole segment
/// is free.
#[test]
fn random_sizes_do_not_fragment_a_segment_that_is_half_full() {
    let mut allocator = Allocator::new();
    allocator.add(0, SEGMENT);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut live: Vec<(Block, u64)> = Vec::new();
    for step in 0..1_000_000u32 {
        let grow = random.next() % 5 < 3;
        let bytes = random.size();
        if grow && allocator.used() + bytes < SEGMENT / 2 {
            let block = allocator.allocate(bytes, 1).expect("half of the segment is free");
            live.push((block, bytes));
        } else if !live.is_empty() {
            let index = random.next() as usize % live.len();
            let (block, bytes) = live.swap_remove(index);
            assert_eq!(allocator.free(block), Ok(bytes.next_multiple_of(UNIT)));
        }
        if step % 100_000 == 0 {
            check(&allocator, 0, SEGMENT);
            let mut ranges: Vec<_> =
                live.iter().map(|(block, bytes)| (block.offset(), block.offset() + bytes)).collect();
            ranges.sort_unstable();
            assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "blocks overlap after {step} steps");
        }
    }
    for (block, _) in live {
        assert!(allocator.free(block).is_ok());
    }
    assert_eq!(allocator.used(), 0);
    assert!(allocator.allocate(SEGMENT, 16).is_some(), "the segment is whole again");
}
