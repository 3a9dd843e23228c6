//! What lies where in the memory that host and worker share.
//!
//! The first part holds the two rings and a few words beside them; both sides map it. The rest is memory for data: the
//! call area, then the arena, which the worker maps in a place of its own, so that a library that writes past the end of
//! a buffer does not hit the rings.
//!
//! Each word is written by one side alone, and what one side writes often has a cache line of its own. Between those words and
//! the rings is room for the report of a worker that dies.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use super::ring::LINE_WORDS;
use crate::LastWords;

/// Segments and the call area start at multiples of this: Windows maps no view elsewhere.
pub const SEGMENT_ALIGN: u64 = 64 << 10;

/// The bytes of the first part, which holds the rings.
pub const CONTROL_BYTES: u64 = 256 << 10;

/// Where the call area starts.
pub const CALL_AREA_START: u64 = CONTROL_BYTES;

/// The bytes of the call area: arguments that need memory for the length of one call lie in it.
pub const CALL_AREA_BYTES: u64 = 1 << 20;

/// Where the arena's segments start.
pub const ARENA_START: u64 = 2 << 20;

/// The lines of one ring.
const RING_LINES: usize = 1024;

/// The words of the first part, by their index.
pub(super) const CONTROL_WORDS: usize = CONTROL_BYTES as usize / 4;
/// Where the host's words start, and where the worker's.
const SIDES: [usize; 2] = [LINE_WORDS, 5 * LINE_WORDS];
/// Where the ring of requests starts, and where that of replies.
const RINGS: [usize; 2] = [64 * LINE_WORDS, (64 + RING_LINES) * LINE_WORDS];

/// The host's word about a dump of the worker's memory.
const DUMP: usize = 9 * LINE_WORDS;

/// Where the report starts: a word that says that it is there, then its bytes.
const REPORT: usize = 10 * LINE_WORDS;
/// The words of the report.
const REPORT_WORDS: usize = 1 + LastWords::BYTES.div_ceil(4);

const _: () = assert!(words(1).call < DUMP);
const _: () = assert!(REPORT + REPORT_WORDS <= RINGS[0]);
const _: () = assert!((RINGS[1] + RING_LINES * LINE_WORDS) <= CONTROL_WORDS);

/// The words that one side writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Whether this side sleeps and wants to be woken; the peer may take it back.
    pub(super) waiting: usize,
    /// The processor this side ran on last, plus one; 0 is unknown.
    pub(super) processor: usize,
    /// How many lines this side has read of the ring it reads.
    pub(super) consumed: usize,
    /// The call that the worker has taken up last, and whether it has returned; the host leaves it alone.
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

/// The ring that the side with this index writes.
pub(super) const fn ring(side: usize) -> Range<usize> {
    RINGS[side]..RINGS[side] + RING_LINES * LINE_WORDS
}

/// The word by which the host says whether it wants a dump, and that it has made it.
pub(super) const fn dump() -> usize {
    DUMP
}

/// Where the worker's report lies.
pub(super) const fn report() -> Range<usize> {
    REPORT..REPORT + REPORT_WORDS
}

/// What the shared memory tells of the request that was posted last, also after the worker's death.
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
    /// Says that request number `sequence` is in this state.
    pub(super) fn publish(self, word: &AtomicU32, sequence: u32) {
        let state = match self {
            CallState::Posted => 0,
            CallState::Running => RUNNING,
            CallState::Done => DONE,
        };
        word.store(sequence << 2 | state, Ordering::Release);
    }

    /// The state of request number `sequence`. Any content of the word means one of them.
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

    #[test]
    fn any_content_of_the_word_means_a_state() {
        assert_eq!(CallState::of(&AtomicU32::new(3), 0), CallState::Posted);
        assert_eq!(CallState::of(&AtomicU32::new(u32::MAX), 5), CallState::Posted);
    }
}
