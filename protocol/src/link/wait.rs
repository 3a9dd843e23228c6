//! Waiting for the peer, and waking it.
//!
//! A side that waits spins for about as long as waking a process takes, and then sleeps on its doorbell. Before it sleeps
//! it raises its `waiting` flag and looks once more; the peer publishes what it has and then looks at the flag. Between
//! the two steps of either side stands a full fence, so that one of them sees the other: a wake-up cannot be lost.
//! The tests have a model checker try every interleaving.
//!
//! Spinning is worse than useless where both sides share one processor, since the peer cannot run meanwhile; each side
//! therefore publishes where it runs.

use std::hint;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::time::{Duration, Instant};

use super::LinkError;

/// A word of shared memory. It is a trait so that a model checker can put its own words in the place of the processor's.
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

/// What wakes a side that sleeps.
pub(super) trait Bell {
    /// Wakes the peer, now or when it next sleeps.
    fn ring(&mut self) -> Result<(), LinkError>;

    /// Sleeps until the peer rings, which it may have done already, or [`LinkError::Closed`] when it has ended. It may
    /// also return for no reason.
    fn sleep(&mut self) -> Result<(), LinkError>;
}

/// How long waking a process on another processor takes, about: to spin longer gains nothing.
const SPIN: Duration = Duration::from_micros(50);

/// The same where the peer had to be woken first.
const SPIN_FOR_WOKEN: Duration = Duration::from_micros(120);

/// How many looks are taken between two at the clock.
const LOOKS: u32 = 64;

/// Wakes the peer if it sleeps. What it waits for must have been published before. Tells whether it slept.
#[inline]
pub(super) fn wake<W: Word>(waiting: &W, bell: &mut impl Bell) -> Result<bool, LinkError> {
    W::fence();
    if waiting.load(Ordering::Relaxed) == 0 || waiting.swap(0, Ordering::Relaxed) == 0 {
        return Ok(false);
    }
    bell.ring()?;
    Ok(true)
}

/// Sleeps until `ready`. The peer wakes whoever has raised `waiting`.
pub(super) fn sleep_until<W: Word>(
    waiting: &W,
    bell: &mut impl Bell,
    mut ready: impl FnMut() -> Result<bool, LinkError>,
) -> Result<(), LinkError> {
    while !sleep_unless(waiting, bell, &mut ready)? {}
    Ok(())
}

/// Sleeps until the peer rings, unless it is `ready`, and tells whether it is. A peer may ring before it has anything,
/// so that waking this side takes place meanwhile.
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
    // A peer that ended may have published something before.
    if ready()? {
        return Ok(true);
    }
    slept.map(|()| false)
}

/// Spins until `ready`, and tells whether it is. `peer` is where the peer ran last, `processor` tells where this side
/// runs, and `woken` says that the peer was asleep a moment ago.
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
