//! Copies that go past the caches.
//!
//! What the host writes by ordinary stores stays in its processor's cache, from where the worker's processor fetches it
//! line by line; and the lines that the worker has read before must be taken from its cache first. For much data it is
//! twice as fast to write to memory itself, from where the worker's processor reads ahead.

use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
use std::ptr;

/// From how many bytes on it pays: what is shorter is read from the caches soon enough.
pub(super) const LEAST: usize = 256 << 10;

const LINE_BYTES: usize = 64;

/// Copies `length` bytes.
///
/// # Safety
/// As for [`ptr::copy_nonoverlapping`].
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, length: usize) {
    let head = to.align_offset(LINE_BYTES).min(length);
    let lines = (length - head) / LINE_BYTES;
    // SAFETY: head, lines and rest are adjacent and make up the `length` bytes that the caller vouches for. The stores are
    // aligned, since `head` has led to the start of a line, and the fence orders them before what is published later.
    unsafe {
        ptr::copy_nonoverlapping(from, to, head);
        for start in (0..lines).map(|line| head + line * LINE_BYTES) {
            copy_line(from.add(start), to.add(start));
        }
        _mm_sfence();
        let done = head + lines * LINE_BYTES;
        ptr::copy_nonoverlapping(from.add(done), to.add(done), length - done);
    }
}

/// Copies one line.
///
/// # Safety
/// Both lead to the bytes of a line, and `to` is aligned to one.
#[inline]
unsafe fn copy_line(from: *const u8, to: *mut u8) {
    let (from, to) = (from.cast::<__m128i>(), to.cast::<__m128i>());
    for part in 0..LINE_BYTES / size_of::<__m128i>() {
        // SAFETY: the part is within the line; loads need no alignment, and the stores have it. Every x86-64 has SSE2.
        unsafe { _mm_stream_si128(to.add(part), _mm_loadu_si128(from.add(part))) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_copied_wherever_it_starts() {
        for (start, length) in [(0, 0), (1, 10), (63, 129), (0, 4096), (5, 70_001)] {
            let from: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let mut to = vec![255; start + length + 1];
            // SAFETY: both hold `length` bytes from there on.
            unsafe { copy(from.as_ptr(), to.as_mut_ptr().add(start), length) };
            assert_eq!(to[start..start + length], from, "{length} bytes at {start}");
            assert_eq!(to[start + length], 255);
        }
    }
}
