//! Calls that hang are errors soon after their deadline.

use tests::{Configuration, Scratch};

use crate::quantiles::Quantiles;
use crate::report::Report;
use crate::script;

/// The deadline of each call, in milliseconds, as the script has it.
const DEADLINE: f64 = 100.0;

/// How late the error may be.
const LATEST: f64 = 50.0;

/// Has so many calls of each kind hang.
///
/// # Panics
/// If the host hangs or fails, or the programs were not built by `cargo xtask`.
#[must_use]
pub fn run(configuration: Configuration, count: u64) -> Report {
    let scratch = Scratch::new();
    let libraries = ["conditions", "misbehaviour", "hang_on_load"].map(|name| script::library(configuration, name));
    let clock = script::library_beside_host(configuration, "killer");
    let arguments = [&libraries[..], &[clock, count.to_string()]].concat();
    let limit = script::limit(configuration, 3 * count);
    let source = include_str!("../lua/deadlines.lua");
    let output = script::start(configuration, &scratch, source, &arguments, &[], limit).finish();
    output.assert_code(0);
    let times = |name: &str| -> Vec<f64> {
        let lines = output.stdout.lines().filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        lines.map(|microseconds: f64| microseconds / 1000.0).collect()
    };
    let mut report = Report::new("deadlines", configuration);
    for (name, what) in
        [("busy ", "a busy loop"), ("asleep ", "a sleep"), ("loading ", "a lock held in DllMain or constructor")]
    {
        let late = times(name).into_iter().map(|time| time - DEADLINE).collect::<Vec<_>>();
        let is_early = late.iter().any(|late| *late < 0.0);
        let (timed_out, late) = (late.len() as u64, Quantiles::of(late));
        report.judge(&format!("{what}: became an error"), timed_out, &count.to_string(), timed_out == count);
        let is_met = late.are_within(1.0, LATEST) && !is_early;
        report.judge_times(&format!("{what}: late by"), &late, "all ≤ 50 ms", is_met);
    }
    let next = times("next ");
    report.judge("next calls that worked", next.len(), &(3 * count).to_string(), next.len() as u64 == 3 * count);
    report.tell("the next call took", Quantiles::of(next));
    report
}
