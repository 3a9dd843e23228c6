//! The table, and the same as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::bars::{Verdict, judge};
use super::figures::Figures;
use super::machine;

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: String,
    quick: bool,
    figures: Vec<Figures>,
    bars: Vec<Verdict>,
}

impl Report {
    /// Holds the figures against the bars.
    #[must_use]
    pub fn new(figures: Vec<Figures>, quick: bool) -> Self {
        Self { machine: machine::kind(), quick, bars: judge(&figures), figures }
    }

    /// The table, in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let ratio = |row: &str, figure: f64| {
            let median = self.figures.iter().find(|figures| figures.row == row).map(|figures| figures.median);
            median.filter(|median| *median > 0.0).map_or_else(String::new, |median| format!("{:.2}", figure / median))
        };
        let mut text = format!("{}{}\n\n", self.machine, if self.quick { ", quick run" } else { "" });
        text += "| row | median | p99 | × floor | × baseline |\n|---|---|---|---|---|\n";
        for Figures { row, median, p99 } in &self.figures {
            let is_size = row.contains("MiB") && !row.starts_with("1 MiB") || row.contains('%');
            let [floor, baseline] = if is_size {
                Default::default()
            } else {
                [ratio("floor, ELF", *median), ratio("baseline, free, ELF", *median)]
            };
            let unit = if is_size { "" } else { " µs" };
            let p99 = p99.map(|p99| format!("{}{unit}", number(p99))).unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {row} | {}{unit} | {p99} | {floor} | {baseline} |", number(*median));
        }
        text += "\n| bar | | value | |\n|---|---|---|---|\n";
        for Verdict { row, bar, value, met } in &self.bars {
            let word = if *met { "met" } else { "MISSED" };
            let _ = writeln!(text, "| {row} | {bar} | {} | {word} |", number(*value));
        }
        text
    }
}

/// As many digits as mean something.
fn number(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.3}"),
        10.0..1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
