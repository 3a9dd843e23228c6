//! Times in order.

use std::fmt;

/// Times of one kind, in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quantiles(Vec<f64>);

impl Quantiles {
    pub(crate) fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// The times that 99 of 100 are within, of each quarter of a run whose times are in their order: what is late all the time is told
    /// from what was late for a while.
    pub(crate) fn of_quarters(times: &[f64]) -> String {
        let quarters = times.chunks(times.len().div_ceil(4).max(1));
        let most = quarters.filter_map(|quarter| Self::of(quarter.to_vec()).at(0.99));
        most.map(|time| format!("{time:.2}")).collect::<Vec<_>>().join(", ")
    }

    /// The time that so large a share of all is within. Of none it is none.
    pub(crate) fn at(&self, share: f64) -> Option<f64> {
        // The share of a count that fits into memory is a place in it.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is not negative")]
        let place = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(place.saturating_sub(1)).copied()
    }

    /// The longest.
    pub(crate) fn longest(&self) -> Option<f64> {
        self.0.last().copied()
    }

    /// Whether there are any, and so large a share is within this.
    pub(crate) fn are_within(&self, share: f64, milliseconds: f64) -> bool {
        self.at(share).is_some_and(|time| time <= milliseconds)
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at(0.5), self.at(0.99), self.longest()) {
            (Some(median), Some(most), Some(longest)) => {
                write!(formatter, "p50 {median:.2}, p99 {most:.2}, longest {longest:.2} ms of {}", self.0.len())
            }
            _ => formatter.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Quantiles;

    #[test]
    fn a_quantile_is_one_of_the_times() {
        let times = Quantiles::of((1..=200).rev().map(f64::from).collect());
        assert_eq!((times.at(0.5), times.at(0.99), times.longest()), (Some(100.0), Some(198.0), Some(200.0)));
        assert!(times.are_within(0.99, 198.0) && !times.are_within(1.0, 199.0));
        assert!(!Quantiles::default().are_within(0.5, 1.0), "none of none");
    }

    #[test]
    fn quarters_are_of_the_order_of_the_times() {
        assert_eq!(Quantiles::of_quarters(&[4.0, 1.0, 3.0, 2.0, 9.0]), "4.00, 3.00, 9.00");
        assert_eq!(Quantiles::of_quarters(&[4.0, 1.0, 3.0, 2.0]), "4.00, 1.00, 3.00, 2.00");
        assert_eq!(Quantiles::of_quarters(&[]), "");
    }
}
