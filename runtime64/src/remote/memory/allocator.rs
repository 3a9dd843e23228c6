//! STUB to be replaced by H1.
use std::collections::BTreeMap;
#[derive(Debug, Default)]
pub(super) struct Allocator {
    free: BTreeMap<u64, u64>,
    live: BTreeMap<u64, u64>,
}
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    offset: u64,
}
impl Block {
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
}
#[derive(Debug, thiserror::Error)]
#[error("not allocated")]
pub(super) struct NotAllocated;
impl Allocator {
    pub(super) fn new() -> Self {
        Self::default()
    }
    pub(super) fn add(&mut self, o: u64, b: u64) {
        self.free.insert(o, b);
    }
    pub(super) fn allocate(&mut self, bytes: u64, align: u64) -> Option<Block> {
        let bytes = bytes.max(1).next_multiple_of(16);
        let align = align.max(16);
        let (o, b) =
            self.free.iter().map(|(o, b)| (*o, *b)).find(|(o, b)| o.next_multiple_of(align) - o + bytes <= *b)?;
        self.free.remove(&o);
        let s = o.next_multiple_of(align);
        if s > o {
            self.free.insert(o, s - o);
        }
        if o + b > s + bytes {
            self.free.insert(s + bytes, o + b - s - bytes);
        }
        self.live.insert(s, bytes);
        Some(Block { offset: s })
    }
    pub(super) fn free(&mut self, block: Block) -> Result<u64, NotAllocated> {
        let b = self.live.remove(&block.offset).ok_or(NotAllocated)?;
        self.free.insert(block.offset, b);
        Ok(b)
    }
    pub(super) fn used(&self) -> u64 {
        self.live.values().sum()
    }
}
