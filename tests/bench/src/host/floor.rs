//! The floor: a number goes to another process and back through shared memory.

use std::io;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use protocol::link::{Memory, Ticket};

use super::figures::{Effort, Figures, calls};
use super::places::{Places, System};
use crate::{FLOOR_BYTES, FLOOR_END, FLOOR_WORDS, PEER_MODE};

/// Measures it several times and gives the lowest: two processes that spin can fall into step and be slower for a while.
///
/// # Errors
/// The peer does not start, or does not answer.
pub fn measure(places: &Places, system: System, effort: Effort) -> io::Result<Figures> {
    const TIMES: u32 = 5;
    let effort = Effort { time: effort.time / TIMES, ..effort };
    let mut lowest = once(places, system, effort)?;
    for _ in 1..TIMES {
        let figures = once(places, system, effort)?;
        if figures.median < lowest.median {
            lowest = figures;
        }
    }
    Ok(lowest)
}

fn once(places: &Places, system: System, effort: Effort) -> io::Result<Figures> {
    let memory = Memory::create(FLOOR_BYTES)?;
    let view = memory.map(0, FLOOR_BYTES)?;
    let Ticket::Path(path) = memory.ticket(system == System::Wine) else {
        return Err(io::Error::other("the memory has no path"));
    };
    let mut peer = places.peer(system).env(PEER_MODE, "floor").arg(path).stdin(Stdio::null()).spawn()?;
    let [asked, answered] = FLOOR_WORDS.map(|index| &view.words()[index]);
    let mut number = 0;
    let figures = calls(&format!("floor, {}", system.word()), effort, |count| {
        for _ in 0..count {
            number += 1;
            asked.store(number, Ordering::Release);
            wait_for(answered, number)?;
        }
        Ok(())
    });
    asked.store(FLOOR_END, Ordering::Release);
    if figures.is_err() {
        peer.kill()?;
    }
    peer.wait()?;
    figures
}

fn wait_for(word: &AtomicU32, number: u32) -> io::Result<()> {
    for _ in 0..1000 {
        if word.load(Ordering::Acquire) == number {
            return Ok(());
        }
        std::hint::spin_loop();
    }
    // The peer starts, or was interrupted.
    let deadline = Instant::now() + Duration::from_secs(60);
    while word.load(Ordering::Acquire) != number {
        if Instant::now() > deadline {
            return Err(io::Error::other("the peer does not answer"));
        }
        std::hint::spin_loop();
    }
    Ok(())
}
