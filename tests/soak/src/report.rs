//! What a run has shown, beside what it must show.

use std::fmt;

use ::tests::Configuration;

use crate::quantiles::Quantiles;

/// The figures of one run.
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    what: String,
    figure: String,
    /// The bar, and whether it is met; a figure without one is only told.
    bar: Option<(String, bool)>,
    is_time: bool,
}

impl Row {
    fn is_good(&self) -> bool {
        self.bar.as_ref().is_none_or(|(_, is_met)| *is_met)
    }
}

impl Report {
    pub(crate) fn new(command: &str, configuration: Configuration) -> Self {
        Self { title: format!("{command}, {}", configuration.name()), rows: Vec::new() }
    }

    /// Adds a figure that has no bar.
    pub(crate) fn tell(&mut self, what: &str, figure: impl fmt::Display) {
        self.rows.push(Row { what: what.to_owned(), figure: figure.to_string(), bar: None, is_time: false });
    }

    /// Adds a figure with its bar, and whether that is met.
    pub(crate) fn judge(&mut self, what: &str, figure: impl fmt::Display, bar: &str, is_met: bool) {
        let bar = Some((bar.to_owned(), is_met));
        self.rows.push(Row { what: what.to_owned(), figure: figure.to_string(), bar, is_time: false });
    }

    /// Adds times with their bar, and whether that is met.
    pub(crate) fn judge_times(&mut self, what: &str, times: &Quantiles, bar: &str, is_met: bool) {
        let bar = Some((bar.to_owned(), is_met));
        self.rows.push(Row { what: what.to_owned(), figure: times.to_string(), bar, is_time: true });
    }

    /// Adds a list of what must not be, the first few of it in words.
    pub(crate) fn judge_none(&mut self, what: &str, found: &[String]) {
        const SHOWN: usize = 3;
        let mut figure = found.len().to_string();
        for one in found.iter().take(SHOWN) {
            figure = format!("{figure}; {one}");
        }
        self.judge(what, figure, "0", found.is_empty());
    }

    /// Whether every bar is met.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.rows.iter().all(Row::is_good)
    }

    /// The same but for times, which a machine that does much else cannot keep.
    #[must_use]
    pub fn is_good_but_for_times(&self) -> bool {
        self.rows.iter().all(|row| row.is_time || row.is_good())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.title)?;
        let widest = |of: fn(&Row) -> usize| self.rows.iter().map(of).max().unwrap_or(0);
        let what_width = widest(|row| row.what.chars().count());
        let bar_width = widest(|row| row.bar.as_ref().map_or(0, |(bar, _)| bar.chars().count()));
        for Row { what, figure, bar, .. } in &self.rows {
            let (bar, verdict) = match bar {
                Some((bar, true)) => (bar.as_str(), "met"),
                Some((bar, false)) => (bar.as_str(), "MISSED"),
                None => ("", ""),
            };
            writeln!(formatter, "  {what:what_width$}  {bar:bar_width$}  {verdict:6}  {figure}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bar_that_is_missed_is_enough() {
        let mut report = Report::new("kills", Configuration::Native);
        report.tell("calls", 5);
        report.judge_none("calls that ran twice", &[]);
        assert!(report.is_good());
        report.judge_times("p99", &Quantiles::of(vec![7.0]), "5 ms", false);
        assert!(!report.is_good() && report.is_good_but_for_times());
        let expected = "kills, native\n  calls                               5\n  calls that ran twice  0     met     0\n  \
                        p99                   5 ms  MISSED  p50 7.00, p99 7.00, longest 7.00 ms of 1\n";
        assert_eq!(report.to_string(), expected);
    }
}
