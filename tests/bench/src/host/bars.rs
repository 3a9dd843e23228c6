//! What the figures must reach: ratios between rows of one run, and a few times and sizes.

use serde::Serialize;

use super::figures::Figures;

/// What a row is compared with.
#[derive(Clone, Copy, Debug)]
enum Against {
    /// At most so many times another row.
    AtMost(f64, &'static str),
    /// At least so many times faster than another row.
    Faster(f64, &'static str),
    /// At most so much, in the row's unit.
    Limit(f64),
}

/// A bar and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The row.
    pub row: String,
    /// What must hold.
    pub bar: String,
    /// The ratio, or the figure itself.
    pub value: f64,
    /// Whether it holds.
    pub met: bool,
}

use Against::{AtMost, Faster, Limit};

/// Every bar. A crossing that waits for the kernel's scheduler has no floor: there the baseline is what counts.
const BARS: &[(&str, Against)] = &[
    ("add, free, ELF", AtMost(5.0, "floor, ELF")),
    ("add, free, ELF", Faster(40.0, "baseline, free, ELF")),
    ("add, free, Wine", AtMost(1.5, "add, free, ELF")),
    ("add of msl-loadlib's cpp_lib32.so, ELF", Faster(500.0, "add, msl-loadlib")),
    ("add, pinned, ELF", AtMost(1.0, "baseline, pinned, ELF")),
    ("add, pinned, Wine", AtMost(1.0, "baseline, pinned, Wine")),
    ("add, one a second, ELF", AtMost(1.0, "baseline, one a second, ELF")),
    ("add, one a second, Wine", AtMost(1.0, "baseline, one a second, Wine")),
    ("1 MiB string in, ELF", AtMost(1.5, "1 MiB, copied and read in one process, ELF")),
    ("1 MiB string in, ELF", Faster(4.0, "1 MiB, raw socket")),
    ("sorting 10 doubles in place, ELF", AtMost(3.0, "add, free, ELF")),
    ("sorting 10 doubles in place, Wine", AtMost(3.0, "add, free, Wine")),
    ("reading an element of dll.new, ELF", Limit(0.3)),
    ("writing an element of dll.new, ELF", Limit(0.3)),
    ("reading a field of dll.new, ELF", Limit(0.3)),
    ("writing a field of dll.new, ELF", Limit(0.3)),
    ("reading an int of the library's, ELF", Limit(3.0)),
    ("reading an int of the library's, Wine", Limit(3.0)),
    // Half a microsecond a call.
    ("batch of 64 calls, ELF", Limit(32.0)),
    ("batch of 64 calls, Wine", Limit(32.0)),
    ("a callback inside a call, ELF", AtMost(2.0, "add, free, ELF")),
    ("a callback inside a call, Wine", AtMost(2.0, "add, free, Wine")),
    ("start to first answer, ELF", Limit(15_000.0)),
    ("start to first answer, Wine", Limit(60_000.0)),
    ("reading 1 MB of declarations", Limit(100_000.0)),
    ("reading 2000 functions", Limit(20_000.0)),
    ("crash to next answer, ELF", Limit(50_000.0)),
    ("crash to next answer, Wine", Limit(250_000.0)),
    ("idle worker, % of a CPU", Limit(0.5)),
    ("idle runtime, MiB", Limit(15.0)),
    ("idle worker, MiB", Limit(5.0)),
    ("growth over 1000000 rounds, MiB", Limit(1.0)),
    ("growth over 100000 rounds, MiB", Limit(1.0)),
];

/// Holds the figures against the bars, as far as both rows of a bar were measured.
#[must_use]
pub fn judge(figures: &[Figures]) -> Vec<Verdict> {
    let median = |row: &str| figures.iter().find(|figures| figures.row == row).map(|figures| figures.median);
    let verdict = |(row, against): &(&str, Against)| {
        let figure = median(row)?;
        let (bar, value, met) = match against {
            AtMost(most, other) => {
                let ratio = figure / median(other)?;
                (format!("≤ {most} × {other}"), ratio, ratio <= *most)
            }
            Faster(least, other) => {
                let ratio = median(other)? / figure;
                (format!("≥ {least} × faster than {other}"), ratio, ratio >= *least)
            }
            Limit(most) => (format!("≤ {most}"), figure, figure <= *most),
        };
        Some(Verdict { row: (*row).to_owned(), bar, value, met })
    };
    BARS.iter().filter_map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_or_not_and_left_out_where_a_row_is_missing() {
        let figures = [
            Figures::single("add, free, ELF", 1.0),
            Figures::single("floor, ELF", 0.1),
            Figures::single("baseline, free, ELF", 60.0),
            Figures::single("idle worker, MiB", 4.0),
        ];
        let verdicts: Vec<_> =
            judge(&figures).into_iter().map(|verdict| (verdict.value.round(), verdict.met)).collect();
        assert_eq!(verdicts, [(10.0, false), (60.0, true), (4.0, true)]);
    }
}
