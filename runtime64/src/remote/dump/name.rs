//! File names of dumps: by worker, time and process.

use std::time::Duration;

use protocol::Machine;

use crate::remote::WorkerKind;

/// A name such as `worker32-20261125T031500-4711.dmp`; the time is UTC.
pub(super) fn of(kind: WorkerKind, since_epoch: Duration, process: u32) -> String {
    let width = match kind.machine {
        Machine::I386 => 32,
        Machine::X86_64 => 64,
    };
    format!("worker{width}-{}-{process}.dmp", moment(since_epoch.as_secs()))
}

/// Formats a UTC time in ISO 8601's basic format.
fn moment(seconds: u64) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = date(days);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Converts a day number since 1970 to a date. Years are counted from March, so that the leap day is the last day of a
/// year.
fn date(days: u64) -> (u64, u64, u64) {
    /// From 1 March of year 0 to 1 January 1970.
    const BEFORE: u64 = 719_468;
    /// The days of 400 years, after which the calendar repeats.
    const ERA: u64 = 146_097;
    let days = days + BEFORE;
    let (era, of_era) = (days / ERA, days % ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // The five months from March on have 153 days, and so have the next five.
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        let cases = [
            (0, "19700101T000000"),
            (951_782_399, "20000228T235959"),
            (951_868_800, "20000301T000000"),
            (1_709_164_800, "20240229T000000"),
            (1_795_576_500, "20261125T031500"),
            (4_107_542_400, "21000301T000000"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(moment(seconds), expected);
        }
    }
}
