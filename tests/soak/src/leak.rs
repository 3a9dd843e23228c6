//! A great many calls of every kind; afterwards neither side may have grown.

use ::tests::{Configuration, Run, Scratch};

use crate::report::Report;
use crate::resources::resident;
use crate::script;

/// How many times memory is looked at.
const LOOKS: u64 = 10;

/// How much host and worker may seem to have grown, in KiB: their allocators keep what was freed.
const NOISE: i64 = 1024;

/// Makes so many calls.
///
/// # Panics
/// If the host hangs or fails, or the programs were not built by `cargo xtask`.
#[must_use]
pub fn run(configuration: Configuration, count: u64) -> Report {
    let scratch = Scratch::new();
    let libraries = ["calls", "callbacks"].map(|fixture| script::library(configuration, fixture));
    let arguments = [&libraries[..], &[count.to_string(), LOOKS.to_string()]].concat();
    let limit = script::limit(configuration, count / 1000);
    let source = include_str!("../lua/leak.lua");
    let mut run = script::start(configuration, &scratch, source, &arguments, &[], limit);
    let mut looks = Vec::new();
    for look in 1..=LOOKS {
        run.wait_for_stdout(&format!("look {look}\n"));
        looks.push(look_at(&run));
        run.write("\n");
    }
    let output = run.finish();
    output.assert_code(0);
    let calls = output.stdout.lines().find_map(|line| line.strip_prefix("calls ")).unwrap_or("0").to_owned();
    let mut report = Report::new("leak", configuration);
    report.tell("calls", calls);
    for (what, of) in [("host", (|look: &(i64, i64)| look.0) as fn(&(i64, i64)) -> i64), ("worker", |look| look.1)] {
        let series: Vec<i64> = looks.iter().map(of).collect();
        let growth = growth(&series);
        report.tell(&format!("{what}, KiB"), format!("{series:?}"));
        report.judge(&format!("growth of the {what}"), format!("{growth} KiB"), "≤ 1024 KiB", growth <= NOISE);
    }
    report
}

fn look_at(run: &Run) -> (i64, i64) {
    (resident(&run.hosts()), resident(&run.workers()))
}

/// How much more there is in the last third of the looks than in the second: the first ones see what is set up, and a single
/// look may come between an allocation and its collection.
fn growth(series: &[i64]) -> i64 {
    let third = series.len() / 3;
    let least = |part: &[i64]| part.iter().copied().min().unwrap_or(0);
    least(&series[series.len() - third..]) - least(&series[third..2 * third])
}

#[cfg(test)]
mod tests {
    use super::growth;

    #[test]
    fn what_the_first_calls_set_up_is_no_growth() {
        assert_eq!(growth(&[10, 20, 90, 50, 51, 70, 51, 95, 50]), 0);
        assert_eq!(growth(&[10, 20, 30, 40, 50, 60, 70, 80, 90]), 30);
    }
}
