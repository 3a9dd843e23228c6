//! A ring of cache lines with one writer and one reader.
//!
//! Each line starts with a stamp, which tells how many lines were written before it: a line is there once its stamp is, so
//! that a short message costs the reader one cache line and no other word. What follows the stamp is payload. Stamps are
//! never payload, so that no payload can pass for a stamp.
//!
//! The peer may be a process gone wild: whatever the ring holds, reading it gives bytes or nothing, never more than that.

use std::sync::atomic::Ordering;

use super::LinkError;
use super::wait::Word;

/// The words of one line, which is a cache line of 64 bytes.
pub(super) const LINE_WORDS: usize = 16;

/// The words of a line after its stamp.
const PAYLOAD_WORDS: usize = LINE_WORDS - 1;

/// The words of payload that one line carries.
pub(super) type Payload = [u32; PAYLOAD_WORDS];

/// The writer's private state.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// How many lines were written.
    written: u32,
    /// How many lines the reader was known to have read.
    consumed: u32,
}

impl Writer {
    /// Whether a line can be written. The reader's count is looked at only when the last look does not suffice.
    ///
    /// # Errors
    /// [`LinkError::Corrupt`] if the reader counts lines that were never written.
    pub(super) fn has_room<W: Word>(&mut self, ring: &[W], consumed: &W) -> Result<bool, LinkError> {
        let lines = (ring.len() / LINE_WORDS) as u32;
        if self.written.wrapping_sub(self.consumed) < lines {
            return Ok(true);
        }
        let seen = consumed.load(Ordering::Acquire);
        let unread = self.written.wrapping_sub(seen);
        if unread > lines {
            return Err(LinkError::Corrupt("more lines were read than written"));
        }
        self.consumed = seen;
        Ok(unread < lines)
    }

    /// Writes one line, for which there is room, and publishes it.
    pub(super) fn write<W: Word>(&mut self, ring: &[W], payload: &[u32]) {
        let line = line_at(ring, self.written);
        for (word, value) in line[1..].iter().zip(payload) {
            word.store(*value, Ordering::Relaxed);
        }
        self.written = self.written.wrapping_add(1);
        line[0].store(self.written, Ordering::Release);
    }
}

/// The reader's private state.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// How many lines were read.
    read: u32,
}

impl Reader {
    /// Whether the next line is there.
    pub(super) fn is_ready<W: Word>(&self, ring: &[W]) -> bool {
        line_at(ring, self.read)[0].load(Ordering::Acquire) == self.read.wrapping_add(1)
    }

    /// The first words of the next line, which is there; it stays until it is released.
    pub(super) fn peek<W: Word, const COUNT: usize>(&self, ring: &[W]) -> [u32; COUNT] {
        let line = line_at(ring, self.read);
        std::array::from_fn(|index| line[1 + index].load(Ordering::Relaxed))
    }

    /// Copies words of the next line, from the word `first` on.
    pub(super) fn copy<W: Word>(&self, ring: &[W], first: usize, into: &mut [u32]) {
        let line = line_at(ring, self.read);
        for (value, word) in into.iter_mut().zip(&line[1 + first..]) {
            *value = word.load(Ordering::Relaxed);
        }
    }

    /// Gives the line back to the writer.
    pub(super) fn release<W: Word>(&mut self, consumed: &W) {
        self.read = self.read.wrapping_add(1);
        consumed.store(self.read, Ordering::Release);
    }
}

/// The line for the given count. A ring has a power of two of them, so that counts may wrap.
fn line_at<W>(ring: &[W], count: u32) -> &[W] {
    let lines = ring.len() / LINE_WORDS;
    let index = count as usize & (lines - 1);
    &ring[index * LINE_WORDS..][..LINE_WORDS]
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::thread;

    use super::*;
    use crate::link::View;

    fn ring(lines: usize) -> Vec<AtomicU32> {
        (0..lines * LINE_WORDS).map(|_| AtomicU32::new(0)).collect()
    }

    #[test]
    fn lines_come_in_order_and_the_ring_fills() {
        let (ring, consumed) = (ring(4), AtomicU32::new(0));
        let (mut writer, mut reader) = (Writer::default(), Reader::default());
        for round in 0..10 {
            for value in 0..4 {
                assert!(writer.has_room(&ring, &consumed).unwrap());
                writer.write(&ring, &[round, value]);
            }
            assert!(!writer.has_room(&ring, &consumed).unwrap());
            for value in 0..4 {
                assert!(reader.is_ready(&ring));
                assert_eq!(reader.peek(&ring), [round, value]);
                reader.release(&consumed);
            }
            assert!(!reader.is_ready(&ring));
        }
    }

    #[test]
    fn payload_never_passes_for_a_line() {
        let (ring, consumed) = (ring(2), AtomicU32::new(0));
        let (mut writer, mut reader) = (Writer::default(), Reader::default());
        for next in 2..50 {
            writer.has_room(&ring, &consumed).unwrap();
            // Every word of the payload looks like the stamp that comes next.
            writer.write(&ring, &[next; PAYLOAD_WORDS]);
            reader.release(&consumed);
            assert!(!reader.is_ready(&ring), "line {next}");
        }
    }

    #[test]
    fn counts_may_wrap() {
        let (ring, consumed) = (ring(4), AtomicU32::new(u32::MAX - 1));
        let mut writer = Writer { written: u32::MAX - 1, consumed: u32::MAX - 1 };
        let mut reader = Reader { read: u32::MAX - 1 };
        for value in 0..8 {
            assert!(writer.has_room(&ring, &consumed).unwrap());
            writer.write(&ring, &[value]);
            assert!(reader.is_ready(&ring));
            assert_eq!(reader.peek(&ring), [value]);
            reader.release(&consumed);
        }
    }

    /// Over the memory that the rings lie in, so that Miri sees all that the two sides do there.
    #[test]
    fn two_threads_pass_lines_through_a_view() {
        const COUNT: u32 = 200;
        let view = View::private(4096);
        thread::scope(|scope| {
            let (ring, rest) = view.words().split_at(4 * LINE_WORDS);
            scope.spawn(|| {
                let mut writer = Writer::default();
                for value in 0..COUNT {
                    while !writer.has_room(ring, &rest[0]).unwrap() {
                        thread::yield_now();
                    }
                    writer.write(ring, &[value, !value]);
                }
            });
            let mut reader = Reader::default();
            for value in 0..COUNT {
                while !reader.is_ready(ring) {
                    thread::yield_now();
                }
                assert_eq!(reader.peek(ring), [value, !value]);
                reader.release(&rest[0]);
            }
        });
    }

    #[test]
    fn a_reader_that_counts_too_far_is_found_out() {
        let (ring, consumed) = (ring(2), AtomicU32::new(7));
        let mut writer = Writer::default();
        writer.write(&ring, &[0]);
        writer.write(&ring, &[0]);
        assert!(matches!(writer.has_room(&ring, &consumed), Err(LinkError::Corrupt(_))));
    }
}
