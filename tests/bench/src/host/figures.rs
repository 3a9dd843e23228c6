//! Times, and what is told of them.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// A measured row: its name, and microseconds or the unit that the name tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// The row's name.
    pub row: String,
    /// The median.
    pub median: f64,
    /// The 99th percentile of single calls.
    pub p99: Option<f64>,
}

impl Figures {
    /// A row of one figure.
    #[must_use]
    pub fn single(row: &str, value: f64) -> Self {
        Self { row: row.to_owned(), median: value, p99: None }
    }

    /// A row from single times, in microseconds.
    #[must_use]
    pub fn of(row: &str, mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self { row: row.to_owned(), median: percentile(&times, 50), p99: Some(percentile(&times, 99)) }
    }
}

/// A percentile of sorted times; 0 of none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(0.0)
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How long a row is repeated.
    pub time: Duration,
    /// How many calls are made one a second.
    pub sparse: usize,
    /// How many calls memory must not grow over.
    pub growth: u64,
}

impl Effort {
    /// Enough to see whether something is off.
    pub const QUICK: Self = Self { time: Duration::from_millis(250), sparse: 3, growth: 100_000 };
    /// Enough to tell.
    pub const FULL: Self = Self { time: Duration::from_millis(2500), sparse: 20, growth: 1_000_000 };
}

/// Times a call: the median of batches, as single calls are shorter than reading the clock, and the 99th percentile of
/// single ones. `call` makes as many calls as it is told.
pub fn calls<E>(row: &str, effort: Effort, mut call: impl FnMut(u32) -> Result<(), E>) -> Result<Figures, E> {
    call(100)?;
    let start = Instant::now();
    call(10)?;
    // A batch takes about 100 µs, or is one call.
    let one = start.elapsed().as_secs_f64() / 10.0;
    let batch = ((100e-6 / one.max(1e-9)) as u32).clamp(1, 1000);
    let (mut batches, mut singles) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + effort.time;
    while Instant::now() < deadline || batches.len() < 20 {
        let start = Instant::now();
        call(batch)?;
        batches.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(batch));
        let start = Instant::now();
        call(1)?;
        singles.push(start.elapsed().as_secs_f64() * 1e6);
    }
    let p99 = Figures::of(row, singles).p99;
    Ok(Figures { p99, ..Figures::of(row, batches) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let figures = Figures::of("row", (0..100).rev().map(f64::from).collect());
        assert_eq!((figures.median, figures.p99), (50.0, Some(99.0)));
        assert_eq!(Figures::of("row", vec![7.0]).median, 7.0);
        assert_eq!(Figures::of("row", Vec::new()).median, 0.0);
    }

    #[test]
    fn every_call_is_made() {
        let mut made = 0;
        let effort = Effort { time: Duration::from_millis(5), ..Effort::QUICK };
        let figures = calls::<()>("row", effort, |count| {
            made += count;
            Ok(())
        });
        assert!(figures.is_ok() && made > 120, "{made} calls");
    }
}
