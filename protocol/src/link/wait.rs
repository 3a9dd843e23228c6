//! Waiting for the peer, and waking it.
//!
//! A waiting side spins for about as long as waking a process takes, and then sleeps on its doorbell. Before it
//! sleeps, it raises its `waiting` flag and checks once more; the peer publishes its data and then checks the flag. A
//! full fence separates the two steps on either side, so that one of them sees the other: no wake-up can be lost. The
//! tests explore every interleaving with a model checker.
//!
//! Spinning is counterproductive if both sides share one processor, since the peer cannot run meanwhile; each side
//! therefore publishes the processor it runs on.

use std::hint;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::time::{Duration, Instant};

use super::LinkError;

/// A word of shared memory. A trait, so that a model checker can substitute its own words for the processor's.
pub(super) trait Word {
    fn load(&self, ordering: Ordering) -> u32;
    fn store(&self, value: u32, ordering: Ordering);
    fn swap(&self, value: u32, ordering: Ordering) -> u32;
    /// A fence that orders all words, [`Ordering::SeqCst`].
    fn fence();
}

impl Word for AtomicU32 {
    #[inline]
    fn load(&self, ordering: Ordering) -> u32 {
        AtomicU32::load(self, ordering)
    }

    #[inline]
    fn store(&self, value: u32, ordering: Ordering) {
        AtomicU32::store(self, value, ordering);
    }

    #[inline]
    fn swap(&self, value: u32, ordering: Ordering) -> u32 {
        AtomicU32::swap(self, value, ordering)
    }

    #[inline]
    fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// A wake-up mechanism for a sleeping side.
pub(super) trait Bell {
    /// Wakes the peer, now or when it next sleeps.
    fn ring(&mut self) -> Result<(), LinkError>;

    /// Sleeps until the peer rings, which may already have happened; [`LinkError::Closed`] if the peer has exited.
    /// Spurious wake-ups are possible.
    fn sleep(&mut self) -> Result<(), LinkError>;
}

/// The approximate time to wake a process on another processor: spinning longer gains nothing.
const SPIN: Duration = Duration::from_micros(50);

/// The same, if the peer had to be woken first.
const SPIN_FOR_WOKEN: Duration = Duration::from_micros(120);

/// The number of polls between two readings of the clock.
const LOOKS: u32 = 64;

/// Wakes the peer if it sleeps. The data it waits for must have been published before. Returns whether it slept.
#[inline]
pub(super) fn wake<W: Word>(waiting: &W, bell: &mut impl Bell) -> Result<bool, LinkError> {
    W::fence();
    if waiting.load(Ordering::Relaxed) == 0 || waiting.swap(0, Ordering::Relaxed) == 0 {
        return Ok(false);
    }
    bell.ring()?;
    Ok(true)
}

/// Sleeps until `ready`. The peer wakes the side that has raised `waiting`.
pub(super) fn sleep_until<W: Word>(
    waiting: &W,
    bell: &mut impl Bell,
    mut ready: impl FnMut() -> Result<bool, LinkError>,
) -> Result<(), LinkError> {
    while !sleep_unless(waiting, bell, &mut ready)? {}
    Ok(())
}

/// Sleeps until the peer rings, unless it is `ready`, and returns whether it is. A peer may ring before it has data,
/// so that this side wakes up in the meantime.
pub(super) fn sleep_unless<W: Word>(
    waiting: &W,
    bell: &mut impl Bell,
    mut ready: impl FnMut() -> Result<bool, LinkError>,
) -> Result<bool, LinkError> {
    waiting.store(1, Ordering::Relaxed);
    W::fence();
    if ready()? {
        waiting.store(0, Ordering::Relaxed);
        return Ok(true);
    }
    let slept = bell.sleep();
    waiting.store(0, Ordering::Relaxed);
    // A peer that has exited may have published data before.
    if ready()? {
        return Ok(true);
    }
    slept.map(|()| false)
}

/// Spins until `ready`, and returns whether it is. `peer` is the processor the peer last ran on, `processor` returns
/// the one this side runs on, and `woken` states whether the peer was asleep a moment ago.
pub(super) fn spin_until<W: Word>(
    peer: &W,
    processor: impl Fn() -> u32,
    woken: bool,
    mut ready: impl FnMut() -> Result<bool, LinkError>,
) -> Result<bool, LinkError> {
    if ready()? {
        return Ok(true);
    }
    let limit = if woken { SPIN_FOR_WOKEN } else { SPIN };
    let mut started = None;
    loop {
        let here = processor();
        if here != 0 && here == peer.load(Ordering::Relaxed) {
            return Ok(false);
        }
        for _ in 0..LOOKS {
            if ready()? {
                return Ok(true);
            }
            hint::spin_loop();
        }
        if started.get_or_insert_with(Instant::now).elapsed() > limit {
            return Ok(false);
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
