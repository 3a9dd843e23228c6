//! A mapped part of the memory, and the only ways to access it.
#![allow(
    unsafe_code,
    reason = "mapped memory is accessed through raw addresses, each checked against the view's bounds"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU32;

/// A mapped part of shared memory, unmapped on drop.
///
/// The peer, and the library in it, may write to it at any moment. Words are therefore read as atomics, and bytes are
/// copied out before they are interpreted; no reference to them ever exists.
#[derive(Debug)]
pub struct View {
    base: NonNull<u8>,
    bytes: usize,
    release: fn(NonNull<u8>, usize),
}

// SAFETY: a view is memory of the whole process; all access is atomic or a raw copy, and unmapping needs the single
// owner.
unsafe impl Send for View {}
// SAFETY: as above: shared access creates no references except to atomics.
unsafe impl Sync for View {}

/// The alignment of private memory, that of a page.
const PAGE_BYTES: usize = 4096;

impl View {
    /// Takes ownership of mapped memory.
    ///
    /// # Safety
    /// `base` points to `bytes` mapped, readable and writable bytes, aligned to a page, that nothing else in this
    /// process accesses and that stay mapped until `release` is called with them.
    pub(super) unsafe fn new(base: NonNull<u8>, bytes: usize, release: fn(NonNull<u8>, usize)) -> Self {
        Self { base, bytes, release }
    }

    /// Zeroed memory of this process only, for rings between two of its threads.
    ///
    /// # Panics
    /// If `bytes` is 0 or exceeds the maximum allocation size.
    #[must_use]
    pub fn private(bytes: usize) -> Self {
        assert!(bytes > 0, "a view cannot be empty");
        let layout = |bytes| Layout::from_size_align(bytes, PAGE_BYTES).expect("the size is valid for an allocation");
        // SAFETY: the layout's size is not zero, as checked above. `release` uses the same layout.
        let base = unsafe { alloc_zeroed(layout(bytes)) };
        let Some(base) = NonNull::new(base) else { handle_alloc_error(layout(bytes)) };
        let release = |base: NonNull<u8>, bytes| {
            let layout = Layout::from_size_align(bytes, PAGE_BYTES).expect("the layout was valid for the allocation");
            // SAFETY: the memory was allocated with this layout and is released once, when its view drops.
            unsafe { dealloc(base.as_ptr(), layout) };
        };
        // SAFETY: the allocation is fresh, of the given size, and aligned to a page.
        unsafe { Self::new(base, bytes, release) }
    }

    /// The address in this process.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.base.as_ptr().addr() as u64
    }

    /// The size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    /// The whole view, as words.
    #[must_use]
    pub fn words(&self) -> &[AtomicU32] {
        // SAFETY: the view is aligned to a page, and contains that many words for as long as it is borrowed. Any bits
        // are a valid word, and others may write to atomics at any time.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().cast::<AtomicU32>(), self.bytes / 4) }
    }

    /// Copies bytes out.
    ///
    /// # Panics
    /// If they are not within the view.
    #[inline]
    pub fn read(&self, offset: u64, into: &mut [u8]) {
        let source = self.range(offset, into.len());
        // SAFETY: `range` has checked that all bytes are in the view, which is mapped, and `into` is separate memory.
        // A concurrent write of the peer leaves some mix of old and new bytes, which every reader of them must
        // expect.
        unsafe { ptr::copy_nonoverlapping(source, into.as_mut_ptr(), into.len()) }
    }

    /// Copies bytes in.
    ///
    /// # Panics
    /// If they are not within the view.
    #[inline]
    pub fn write(&self, offset: u64, bytes: &[u8]) {
        let target = self.range(offset, bytes.len());
        // SAFETY: as for `read`; writing through a shared reference is the purpose of the view.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) }
    }

    /// Sets bytes to one value.
    ///
    /// # Panics
    /// If they are not within the view.
    #[inline]
    pub fn fill(&self, offset: u64, length: usize, value: u8) {
        let target = self.range(offset, length);
        // SAFETY: as for `write`.
        unsafe { ptr::write_bytes(target, value, length) }
    }

    /// The address of an offset, after checking that `length` bytes from it are in the view.
    #[inline]
    fn range(&self, offset: u64, length: usize) -> *mut u8 {
        let inside = usize::try_from(offset).is_ok_and(|offset| offset <= self.bytes && length <= self.bytes - offset);
        assert!(inside, "{length} bytes at {offset} are outside the view of {} bytes", self.bytes);
        // SAFETY: the offset was just found to be within the view.
        unsafe { self.base.as_ptr().add(offset as usize) }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        (self.release)(self.base, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn written_bytes_are_read_back() {
        let view = View::private(4096);
        view.write(8, &[1, 2, 3, 4]);
        let mut bytes = [9; 6];
        view.read(7, &mut bytes);
        assert_eq!(bytes, [0, 1, 2, 3, 4, 0]);
        assert_eq!(view.words()[2].load(Ordering::Relaxed), u32::from_le_bytes([1, 2, 3, 4]));
        view.fill(8, 2, 7);
        view.read(8, &mut bytes[..3]);
        assert_eq!(bytes[..3], [7, 7, 3]);
    }

    #[test]
    fn nothing_outside_is_reached() {
        for (offset, length) in [(4097, 0), (4090, 7), (u64::MAX, 1)] {
            let read = std::panic::catch_unwind(|| View::private(4096).read(offset, &mut vec![0; length]));
            assert!(read.is_err(), "{length} bytes at {offset}");
        }
    }
}
