//! A peer that writes anything anywhere into the shared memory, between the steps of the side that uses it: each step gives
//! a message or an error of the link. The peer's end of the doorbell is closed, so that waiting ends.

#![no_main]

use std::sync::atomic::{AtomicU32, Ordering};

use libfuzzer_sys::fuzz_target;
use protocol::link::{CONTROL_BYTES, Doorbell, LinkError, Memory, SharedEndpoint, Side, pair};
use protocol::{Value, limits};

/// The words of a line, and where the two rings start, as `link/region.rs` lays them out. Numbers that are out of date find
/// less, nothing else.
const LINE_WORDS: usize = 16;
const RING_LINES: usize = 1024;
const RINGS: [usize; 2] = [64 * LINE_WORDS, (64 + RING_LINES) * LINE_WORDS];
/// Where the words of host and worker start.
const SIDES: [usize; 2] = [LINE_WORDS, 5 * LINE_WORDS];

/// The most steps: more only take longer.
const MOST: usize = 64;

fuzz_target!(|data: &[u8]| {
    let [first, steps @ ..] = data else { return };
    let side = if first % 2 == 0 { Side::Host } else { Side::Worker };
    let memory = Memory::create(CONTROL_BYTES).expect("memory is to be had");
    let [own, peers] = [(); 2].map(|()| memory.map(0, CONTROL_BYTES).expect("it can be mapped"));
    let (channel, gone) = pair().expect("sockets are to be had");
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
            // Any word becomes anything.
            5 => peers.words()[steps.short()].store(steps.word(), Ordering::Relaxed),
            // A word of either side does.
            6 => {
                let place = SIDES[usize::from(step >> 7)] + steps.short() % 8 * LINE_WORDS;
                peers.words()[place].store(steps.word(), Ordering::Relaxed);
            }
            // The lines that come next in the ring that is read, which begin with a message's length and kind.
            _ => lines += write_lines(&peers.words()[RINGS[1 - side as usize]..], lines, &mut steps),
        }
    }
});

/// Writes lines as a peer does, with stamps that are right, and tells how many.
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

/// What may come of a step.
#[track_caller]
fn step_of(outcome: Result<u8, LinkError>, payload: &[u8]) {
    match outcome {
        Ok(_) => assert!(payload.len() <= limits::FRAME_BYTES as usize),
        Err(LinkError::Closed | LinkError::Corrupt(_) | LinkError::TooLarge { .. }) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// What is left of the input.
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
