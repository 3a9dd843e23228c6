//! A peer that writes arbitrary data anywhere into the shared memory, between the steps of the side that uses it:
//! each step returns a message or a link error. The peer's end of the doorbell is closed, so that waiting ends.

#![no_main]

use std::sync::atomic::{AtomicU32, Ordering};

use libfuzzer_sys::fuzz_target;
use protocol::link::{CONTROL_BYTES, Doorbell, LinkError, Memory, SharedEndpoint, Side, pair};
use protocol::{Value, limits};

/// The number of words in a line, and the starts of the two rings, as laid out in `link/region.rs`. Outdated numbers
/// find less, but do no other harm.
const LINE_WORDS: usize = 16;
const RING_LINES: usize = 1024;
const RINGS: [usize; 2] = [64 * LINE_WORDS, (64 + RING_LINES) * LINE_WORDS];
/// The starts of the words of host and worker.
const SIDES: [usize; 2] = [LINE_WORDS, 5 * LINE_WORDS];

/// The maximum number of steps: more only take longer.
const MOST: usize = 64;

fuzz_target!(|data: &[u8]| {
    let [first, steps @ ..] = data else { return };
    let side = if first % 2 == 0 { Side::Host } else { Side::Worker };
    let memory = Memory::create(CONTROL_BYTES).expect("memory is available");
    let [own, peers] = [(); 2].map(|()| memory.map(0, CONTROL_BYTES).expect("the memory can be mapped"));
    let (channel, gone) = pair().expect("sockets are available");
    drop(gone);
    let mut endpoint = SharedEndpoint::over(own, side, Doorbell::through(channel));
    let mut steps = Steps { rest: steps };
    let mut lines = 0;
    for _ in 0..MOST {
        let Some(step) = steps.byte() else { return };
        match step % 8 {
            0 => step_of(endpoint.send(step, &Value::Bytes(vec![step; steps.short() * 4])).map(|()| 0), &[]),
            1 | 2 => {
                let mut payload = Vec::new();
                let received = endpoint.receive(&mut payload);
                step_of(received, &payload);
            }
            3 => step_of(endpoint.rouse().map(|()| 0), &[]),
            4 => {
                let _ = endpoint.call_state();
            }
            // Writes any value to any word.
            5 => peers.words()[steps.short()].store(steps.word(), Ordering::Relaxed),
            // Writes any value to a word of either side.
            6 => {
                let place = SIDES[usize::from(step >> 7)] + steps.short() % 8 * LINE_WORDS;
                peers.words()[place].store(steps.word(), Ordering::Relaxed);
            }
            // Writes the next lines of the ring that is read, which start with a message's length and kind.
            _ => lines += write_lines(&peers.words()[RINGS[1 - side as usize]..], lines, &mut steps),
        }
    }
});

/// Writes lines like a peer, with valid stamps, and returns their number.
fn write_lines(ring: &[AtomicU32], from: u32, steps: &mut Steps) -> u32 {
    let count = steps.byte().unwrap_or(0).into();
    for index in from..from + count {
        let line = &ring[index as usize % RING_LINES * LINE_WORDS..][..LINE_WORDS];
        for word in &line[1..3] {
            word.store(steps.word(), Ordering::Relaxed);
        }
        line[0].store(index + 1, Ordering::Release);
    }
    count
}

/// Checks the result of a step.
#[track_caller]
fn step_of(outcome: Result<u8, LinkError>, payload: &[u8]) {
    match outcome {
        Ok(_) => assert!(payload.len() <= limits::FRAME_BYTES as usize),
        Err(LinkError::Closed | LinkError::Corrupt(_) | LinkError::TooLarge { .. }) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// The rest of the input.
struct Steps<'a> {
    rest: &'a [u8],
}

impl Steps<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn short(&mut self) -> usize {
        usize::from(u16::from_le_bytes([(); 2].map(|()| self.byte().unwrap_or(0))))
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes([(); 4].map(|()| self.byte().unwrap_or(0)))
    }
}
