//! Circuit breakers for libraries that crash their worker repeatedly.
//!
//! After too many deaths within a period, the breaker of the library opens: calls fail at once instead of starting a
//! worker that would only die. After a pause one call is let through as a probe. If it returns, the breaker closes; if
//! its worker dies too, the next pause is twice as long.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::remote::Generation;

/// The limits at which a breaker opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    /// The number of deaths tolerated
    pub(super) deaths: u32,
    /// within this period.
    pub(super) within: Duration,
    /// The first pause.
    pub(super) pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deaths: 3, within: Duration::from_secs(5), pause: Duration::from_secs(1) }
    }
}

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The breaker of one library in one worker.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// Whether calls must be admitted.
    is_open: AtomicBool,
    state: Mutex<BreakerState>,
}

#[derive(Debug)]
struct BreakerState {
    /// `None` if the deaths of the library are not counted.
    limits: Option<Limits>,
    deaths: VecDeque<Instant>,
    /// The generation whose death was counted last.
    last_counted: Generation,
    open: Option<Open>,
}

impl Default for BreakerState {
    fn default() -> Self {
        Self { limits: Some(Limits::default()), deaths: VecDeque::new(), last_counted: 0, open: None }
    }
}

#[derive(Clone, Copy, Debug)]
struct Open {
    until: Instant,
    pause: Duration,
    /// The time of the last probe, until its outcome is known.
    probed: Option<Instant>,
}

/// The reason a call is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) limits: Limits,
    /// The rest of the pause; `None` while a probe is in progress.
    pub(super) left: Option<Duration>,
}

impl Breaker {
    /// Sets when the breaker opens; never for `None`.
    pub(super) fn set_limits(&self, limits: Option<Limits>) {
        let mut state = self.lock();
        if state.limits != limits {
            state.limits = limits;
            state.deaths.clear();
            state.open = None;
            self.is_open.store(false, Ordering::Relaxed);
        }
    }

    /// Admits a call, or returns the reason it is refused.
    #[inline]
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        if !self.is_open.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.admit_at(Instant::now())
    }

    #[cold]
    fn admit_at(&self, now: Instant) -> Result<(), Refusal> {
        let mut state = self.lock();
        let (Some(limits), Some(open)) = (state.limits, &mut state.open) else { return Ok(()) };
        if now < open.until {
            return Err(Refusal { limits, left: Some(open.until - now) });
        }
        match open.probed {
            // A probe that never ends does not block the next one: that may start after as long a pause.
            Some(probed) if now < probed + open.pause => Err(Refusal { limits, left: None }),
            _ => {
                open.probed = Some(now);
                Ok(())
            }
        }
    }

    /// Records that a call has returned.
    #[inline]
    pub(super) fn returned(&self) {
        if self.is_open.load(Ordering::Relaxed) {
            self.close();
        }
    }

    #[cold]
    fn close(&self) {
        let mut state = self.lock();
        // A call that began before the breaker opened proves nothing.
        if state.open.is_some_and(|open| open.probed.is_some()) {
            state.open = None;
            state.deaths.clear();
            self.is_open.store(false, Ordering::Relaxed);
        }
    }

    /// Records that a generation of the worker has died during a call.
    pub(super) fn died(&self, generation: Generation) {
        self.died_at(generation, Instant::now());
    }

    fn died_at(&self, generation: Generation, now: Instant) {
        let mut state = self.lock();
        let Some(limits) = state.limits else { return };
        if std::mem::replace(&mut state.last_counted, generation) == generation {
            return;
        }
        if let Some(open) = &mut state.open {
            let pause = (open.pause * 2).min(LONGEST_PAUSE);
            *open = Open { until: now + pause, pause, probed: None };
            return;
        }
        state.deaths.push_back(now);
        while state.deaths.front().is_some_and(|death| now - *death > limits.within) {
            state.deaths.pop_front();
        }
        if state.deaths.len() as u64 > u64::from(limits.deaths) {
            state.open = Some(Open { until: now + limits.pause, pause: limits.pause, probed: None });
            self.is_open.store(true, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A breaker that has just opened.
    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for generation in 1..=4 {
            assert!(breaker.admit().is_ok());
            breaker.died_at(generation, now);
        }
        breaker
    }

    #[test]
    fn more_deaths_than_tolerated_open_it() {
        let now = Instant::now();
        let refusal = opened(now).admit_at(now + SECOND / 4).expect_err("it is open");
        assert_eq!(refusal.left, Some(SECOND - SECOND / 4));
        let breaker = Breaker::default();
        for (generation, at) in [(1, 0), (2, 1), (3, 2), (4, 7), (5, 8), (6, 9)] {
            breaker.died_at(generation, now + at * SECOND);
        }
        assert!(breaker.admit().is_ok(), "at most three deaths lie within five seconds");
    }

    #[test]
    fn a_death_counts_once_however_many_calls_report_it() {
        let now = Instant::now();
        let breaker = Breaker::default();
        (0..9).for_each(|_| breaker.died_at(1, now));
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn one_call_is_let_through_and_its_return_closes_it() {
        let now = Instant::now();
        let breaker = opened(now);
        breaker.returned();
        assert!(breaker.admit_at(now).is_err(), "a call from before the opening proves nothing");
        assert!(breaker.admit_at(now + SECOND).is_ok());
        assert_eq!(breaker.admit_at(now + SECOND).expect_err("one probe").left, None);
        breaker.returned();
        assert!(breaker.admit_at(now + SECOND).is_ok() && breaker.admit().is_ok());
    }

    #[test]
    fn each_death_of_a_probe_doubles_the_pause_up_to_a_limit() {
        let mut now = Instant::now();
        let breaker = opened(now);
        let mut pause = SECOND;
        for generation in 5..20 {
            now += pause;
            assert!(breaker.admit_at(now).is_ok());
            breaker.died_at(generation, now);
            pause = (pause * 2).min(LONGEST_PAUSE);
            assert_eq!(breaker.admit_at(now).expect_err("it is open").left, Some(pause));
        }
    }

    #[test]
    fn a_probe_that_never_ends_gives_way() {
        let now = Instant::now();
        let breaker = opened(now);
        assert!(breaker.admit_at(now + SECOND).is_ok());
        assert!(breaker.admit_at(now + SECOND * 2).is_ok());
    }

    #[test]
    fn without_limits_it_never_opens() {
        let now = Instant::now();
        let breaker = opened(now);
        breaker.set_limits(None);
        assert!(breaker.admit().is_ok());
        (0..9).for_each(|generation| breaker.died_at(generation, now));
        assert!(breaker.admit().is_ok());
    }
}
