//! A ring of cache lines with one writer and one reader.
//!
//! Each line starts with a stamp, the number of lines written before it: a line is present once its stamp is, so that
//! a short message costs the reader one cache line and no other word. The rest of the line is payload. Payload is
//! never stored where stamps are, so payload can never be mistaken for a stamp.
//!
//! The peer may be a corrupted process: whatever the ring contains, reading it returns bytes or nothing, and has no
//! other effect.

use std::sync::atomic::Ordering;

use super::LinkError;
use super::wait::Word;

/// The number of words of one line, which is a cache line of 64 bytes.
pub(super) const LINE_WORDS: usize = 16;

/// The number of words of a line after its stamp.
const PAYLOAD_WORDS: usize = LINE_WORDS - 1;

/// The payload words of one line.
pub(super) type Payload = [u32; PAYLOAD_WORDS];

/// The writer's private state.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// The number of lines written.
    written: u32,
    /// The number of lines known to be read by the reader.
    consumed: u32,
}

impl Writer {
    /// Whether a line can be written. Reads the reader's count only if the last known value is not sufficient.
    ///
    /// # Errors
    /// [`LinkError::Corrupt`] if the reader's count includes lines that were never written.
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
    /// The number of lines read.
    read: u32,
}

impl Reader {
    /// Whether the next line is present.
    pub(super) fn is_ready<W: Word>(&self, ring: &[W]) -> bool {
        line_at(ring, self.read)[0].load(Ordering::Acquire) == self.read.wrapping_add(1)
    }

    /// The first words of the next line, which is present; the line stays until it is released.
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

    /// Returns the line to the writer.
    pub(super) fn release<W: Word>(&mut self, consumed: &W) {
        self.read = self.read.wrapping_add(1);
        consumed.store(self.read, Ordering::Release);
    }
}

/// The line for the given count. The number of lines is a power of two, so that counts may wrap.
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
            // Every word of the payload equals the stamp that comes next.
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

    /// Over the same kind of memory as the real rings, so that Miri checks everything that the two sides do there.
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
