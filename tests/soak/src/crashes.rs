//! Libraries end their process in every way and every place; each time it is the right error.

use std::collections::BTreeMap;

use tests::{Configuration, Scratch, repository};

use crate::report::Report;
use crate::script;

/// How many kinds of faults there are at most.
const FAULTS: u64 = 12;

/// How many places there are.
const PLACES: u64 = 4;

/// Has so many of each crash.
///
/// # Panics
/// If the host hangs, or the programs were not built by `cargo xtask`.
#[must_use]
pub fn run(configuration: Configuration, count: u64) -> Report {
    let scratch = Scratch::new();
    let arguments = [
        configuration.path(&configuration.fixtures()),
        configuration.name().to_owned(),
        configuration.path(scratch.path()),
        configuration.path(&repository().join("tests").join("lua")),
        count.to_string(),
    ];
    let limit = script::limit(configuration, count * FAULTS * PLACES);
    let source = include_str!("../lua/crashes.lua");
    let output = script::start(configuration, &scratch, source, &arguments, &[], limit).finish();

    let mut report = Report::new("crashes", configuration);
    let mut places: BTreeMap<&str, (u64, u64, Vec<String>)> = BTreeMap::new();
    for line in output.stdout.lines() {
        if let ["place", place, fault, right, why] = line.split('\t').collect::<Vec<_>>()[..] {
            let right = right.parse().unwrap_or(0);
            let (sum, kinds, wrong) = places.entry(place).or_default();
            *sum += right;
            *kinds += 1;
            if right != count {
                wrong.push(format!("{fault}: {right} of {count}, {why}"));
            }
        }
    }
    for (place, (right, kinds, wrong)) in places {
        let all = kinds * count;
        report.judge(&format!("right errors {place}"), right, &format!("{all} ({kinds} kinds)"), right == all);
        if !wrong.is_empty() {
            report.judge_none(&format!("kinds that are not always right {place}"), &wrong);
        }
    }
    let is_done = output.status.success() && output.stdout.lines().last() == Some("done");
    let end = if is_done { "well".to_owned() } else { output.to_string() };
    report.judge("the host ended", end, "well", is_done);
    report
}
