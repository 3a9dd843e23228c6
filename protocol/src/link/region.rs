//! The layout of the memory that host and worker share.
//!
//! The first part contains the two rings and a few words beside them; both sides map it. The rest is memory for data:
//! the call area, then the arena, which the worker maps elsewhere, so that a library that writes past the end of a
//! buffer does not hit the rings.
//!
//! Each word is written by one side only, and words that one side writes often have their own cache line. Between
//! those words and the rings is the area for a dying worker's crash report.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use super::ring::LINE_WORDS;
use crate::CrashReport;

/// Segments and the call area start at multiples of this, the only offsets at which Windows maps a view.
pub const SEGMENT_ALIGN: u64 = 64 << 10;

/// The size of the first part, which contains the rings, in bytes.
pub const CONTROL_BYTES: u64 = 256 << 10;

/// The offset of the call area.
pub const CALL_AREA_START: u64 = CONTROL_BYTES;

/// The size of the call area in bytes: it contains arguments that need memory for the duration of one call.
pub const CALL_AREA_BYTES: u64 = 1 << 20;

/// The offset of the arena's segments.
pub const ARENA_START: u64 = 2 << 20;

/// The number of lines of one ring.
const RING_LINES: usize = 1024;

/// The number of words of the first part.
pub(super) const CONTROL_WORDS: usize = CONTROL_BYTES as usize / 4;
/// The first words of the host and of the worker.
const SIDES: [usize; 2] = [LINE_WORDS, 5 * LINE_WORDS];
/// The first words of the ring of requests and of the ring of replies.
const RINGS: [usize; 2] = [64 * LINE_WORDS, (64 + RING_LINES) * LINE_WORDS];

/// The host's word for dump requests.
const DUMP: usize = 9 * LINE_WORDS;

/// The first word of the report: a flag, followed by the report's bytes.
const REPORT: usize = 10 * LINE_WORDS;
/// The number of words of the report.
const REPORT_WORDS: usize = 1 + CrashReport::BYTES.div_ceil(4);

const _: () = assert!(words(1).call < DUMP);
const _: () = assert!(REPORT + REPORT_WORDS <= RINGS[0]);
const _: () = assert!((RINGS[1] + RING_LINES * LINE_WORDS) <= CONTROL_WORDS);

/// The indices of the words that one side writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Whether this side sleeps and must be woken; the peer may clear it.
    pub(super) waiting: usize,
    /// The processor this side last ran on, plus one; 0 if unknown.
    pub(super) processor: usize,
    /// The number of lines that this side has read from its incoming ring.
    pub(super) consumed: usize,
    /// The last call that the worker has taken up, and whether it has returned; the host does not write it.
    pub(super) call: usize,
}

/// The words of the side with this index.
pub(super) const fn words(side: usize) -> Words {
    let start = SIDES[side];
    Words {
        waiting: start,
        processor: start + LINE_WORDS,
        consumed: start + 2 * LINE_WORDS,
        call: start + 3 * LINE_WORDS,
    }
}

/// The ring written by the side with this index.
pub(super) const fn ring(side: usize) -> Range<usize> {
    RINGS[side]..RINGS[side] + RING_LINES * LINE_WORDS
}

/// The word in which the host requests a dump and reports that it is complete.
pub(super) const fn dump() -> usize {
    DUMP
}

/// The location of the worker's report.
pub(super) const fn report() -> Range<usize> {
    REPORT..REPORT + REPORT_WORDS
}

/// The state of the last request, as recorded in shared memory, which outlives the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// The worker has not taken it up.
    Posted,
    /// The worker was executing it.
    Running,
    /// The worker had executed it.
    Done,
}

const RUNNING: u32 = 1;
const DONE: u32 = 2;

impl CallState {
    /// Publishes that request number `sequence` is in this state.
    pub(super) fn publish(self, word: &AtomicU32, sequence: u32) {
        let state = match self {
            CallState::Posted => 0,
            CallState::Running => RUNNING,
            CallState::Done => DONE,
        };
        word.store(sequence << 2 | state, Ordering::Release);
    }

    /// The state of request number `sequence`. Any content of the word decodes to a state.
    pub(super) fn of(word: &AtomicU32, sequence: u32) -> Self {
        let value = word.load(Ordering::Acquire);
        match value & 3 {
            _ if value >> 2 != sequence & (u32::MAX >> 2) => CallState::Posted,
            RUNNING => CallState::Running,
            DONE => CallState::Done,
            _ => CallState::Posted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_that_of_its_request_alone() {
        let word = AtomicU32::new(0);
        assert_eq!(CallState::of(&word, 1), CallState::Posted);
        for state in [CallState::Running, CallState::Done] {
            state.publish(&word, 7);
            assert_eq!(CallState::of(&word, 7), state);
            assert_eq!(CallState::of(&word, 8), CallState::Posted);
        }
    }

    #[test]
    fn the_count_of_requests_may_wrap() {
        let word = AtomicU32::new(0);
        CallState::Running.publish(&word, u32::MAX);
        assert_eq!(CallState::of(&word, u32::MAX), CallState::Running);
        assert_eq!(CallState::of(&word, 0), CallState::Posted);
    }

    /// The offsets in ARCHITECTURE.md, which `cargo xtask invariants` compares with these.
    const OFFSETS: [usize; 13] =
        [0x40, 0x80, 0xC0, 0x140, 0x180, 0x1C0, 0x200, 0x240, 0x280, 0x1000, 0x11000, 0x40000, 0x200000];

    #[test]
    fn the_offsets_are_the_documented_ones() {
        let [host, worker] = [words(0), words(1)];
        let (shared, rings) = ([dump(), report().start], [ring(0).start, ring(1).start]);
        let host = [host.waiting, host.processor, host.consumed];
        let worker = [worker.waiting, worker.processor, worker.consumed, worker.call];
        let words = host.into_iter().chain(worker).chain(shared).chain(rings).map(|index| index * 4);
        let offsets: Vec<usize> = words.chain([CALL_AREA_START as usize, ARENA_START as usize]).collect();
        assert_eq!(offsets, OFFSETS);
    }

    #[test]
    fn any_content_of_the_word_means_a_state() {
        assert_eq!(CallState::of(&AtomicU32::new(3), 0), CallState::Posted);
        assert_eq!(CallState::of(&AtomicU32::new(u32::MAX), 5), CallState::Posted);
    }
}
