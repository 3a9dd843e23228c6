//! Latencies of calls: a lock-free histogram of fixed size.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The number of buckets per power of two; a quantile is off by an eighth at most.
const PARTS: usize = 4;

/// The number of powers of two: from 1 ns to 18 minutes.
const POWERS: usize = 40;

/// Durations, counted in buckets.
#[derive(Debug)]
pub(in crate::dll) struct Latencies {
    counts: [AtomicU64; PARTS * POWERS],
    /// In nanoseconds.
    sum: AtomicU64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; PARTS * POWERS], sum: AtomicU64::new(0) }
    }
}

impl Latencies {
    pub(in crate::dll) fn add(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts[part_of(nanoseconds)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The number of durations.
    pub(in crate::dll) fn count(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The sum of all durations.
    pub(in crate::dll) fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum.load(Ordering::Relaxed))
    }

    /// The duration that a share (from 0 to 1) of the durations does not exceed; `None` without any.
    pub(in crate::dll) fn quantile(&self, share: f64) -> Option<Duration> {
        let total = self.count();
        let rank = ((total as f64 * share).ceil() as u64).clamp(1, total.max(1));
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count.load(Ordering::Relaxed);
            seen >= rank
        });
        (total > 0).then_some(Duration::from_nanos(middle_of(place?)))
    }
}

/// The bucket of a duration: the power of two below it, and the quarter of the way to the next one.
fn part_of(nanoseconds: u64) -> usize {
    let nanoseconds = nanoseconds.max(1);
    let power = nanoseconds.ilog2();
    let part = ((u128::from(nanoseconds) * PARTS as u128) >> power) as usize - PARTS;
    (power as usize * PARTS + part).min(PARTS * POWERS - 1)
}

/// The middle of a bucket.
fn middle_of(part: usize) -> u64 {
    let (power, part) = (part / PARTS, (part % PARTS) as u64);
    let low = ((PARTS as u64 + part) << power) / PARTS as u64;
    let high = ((PARTS as u64 + part + 1) << power) / PARTS as u64;
    (low + high) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_off_by_an_eighth_at_most() {
        for nanoseconds in [8, 100, 850, 1_000, 12_345, 999_999, 1 << 32] {
            let latencies = Latencies::default();
            latencies.add(Duration::from_nanos(nanoseconds));
            let median = latencies.quantile(0.5).expect("a duration was added").as_nanos() as f64;
            let error = (median / nanoseconds as f64 - 1.0).abs();
            assert!(error <= 0.125, "{nanoseconds}: {median}");
        }
    }

    #[test]
    fn quantiles_distinguish_usual_from_rare_durations() {
        let latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), None);
        (0..980).for_each(|_| latencies.add(Duration::from_micros(1)));
        (0..20).for_each(|_| latencies.add(Duration::from_millis(1)));
        let microseconds = |share| latencies.quantile(share).expect("durations were added").as_micros();
        assert!(microseconds(0.5) <= 1, "{}", microseconds(0.5));
        assert!((875..=1125).contains(&microseconds(0.99)), "{}", microseconds(0.99));
        assert_eq!(latencies.count(), 1000);
        assert_eq!(latencies.sum(), Duration::from_micros(980 + 20_000));
    }

    #[test]
    fn every_duration_has_a_bucket() {
        for duration in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let latencies = Latencies::default();
            latencies.add(duration);
            assert_eq!(latencies.count(), 1);
        }
    }
}
