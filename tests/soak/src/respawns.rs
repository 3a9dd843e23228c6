//! Workers die and are started again, in every way there is; afterwards nothing may be left of them.

use std::time::Duration;

use tests::{Configuration, Run, Scratch, wait_until};

use crate::quantiles::Quantiles;
use crate::report::Report;
use crate::resources::{Held, named_memory};
use crate::script;

/// After how many respawns is counted what the host is to hold from then on.
const FIRST: u64 = 10;

/// How long it may take until what has just ended is gone.
const SETTLED: Duration = Duration::from_secs(10);

/// Has workers die so many times.
///
/// # Panics
/// If the host hangs or fails, or the programs were not built by `cargo xtask`.
#[must_use]
pub fn run(configuration: Configuration, count: u64, seed: u64) -> Report {
    let scratch = Scratch::new();
    let arguments = [
        script::library(configuration, "conditions"),
        script::library(configuration, "killer"),
        seed.to_string(),
        count.to_string(),
        FIRST.to_string(),
    ];
    let limit = script::limit(configuration, count);
    let source = include_str!("../lua/respawns.lua");
    let mut run = script::start(configuration, &scratch, source, &arguments, &[], limit);
    run.wait_for_stdout("checkpoint 1\n");
    let (host, worker) = (Held::by(&run.hosts()), Held::by(&run.workers()));
    run.write("\n");
    run.wait_for_stdout("checkpoint 2\n");
    let now = || (Held::by(&run.hosts()), Held::by(&run.workers()));
    // What has ended last may still be on its way out; what stays is what counts.
    let passing = if configuration.needs_wine() { 4 } else { 0 };
    let settled = wait_until(SETTLED, || Some(now()).filter(|(left, _)| left.is_no_more_than(&host, passing)));
    let (host_after, worker_after) = settled.unwrap_or_else(now);
    let named: Vec<String> = named_of(&run);
    run.write("\n");
    let output = run.finish();
    output.assert_code(0);
    let times = |name: &str| -> Vec<f64> {
        let lines = output.stdout.lines().filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        lines.map(|microseconds: f64| microseconds / 1000.0).collect()
    };
    let handles = times("handles").into_iter().map(|count| count * 1000.0).collect::<Vec<_>>();

    let mut report = Report::new("respawns", configuration);
    report.tell("respawns", count);
    report.tell(&format!("the host after {FIRST}"), host);
    report.judge("the host afterwards", host_after, "no more", host_after.is_no_more_than(&host, passing));
    report.tell(&format!("the workers after {FIRST}"), worker);
    report.judge("the workers afterwards", worker_after, "no more", worker_after.is_no_more_than(&worker, passing));
    if let [before, after] = handles[..]
        && before > 0.0
    {
        report.judge("handles of the host", format!("{before}, then {after}"), "no more", after <= before);
    }
    report.judge_none("names of shared memory", &named);
    let (recoveries, refusals) = (Quantiles::of(times("recovery")), Quantiles::of(times("refusal")));
    let longest = if configuration.needs_wine() { 250.0 } else { 50.0 };
    let bar = format!("p50 ≤ {longest} ms");
    report.judge_times(
        "a call that crashes to the next one's answer",
        &recoveries,
        &bar,
        recoveries.are_within(0.5, longest),
    );
    report.judge_times("a refusal by an open breaker", &refusals, "p99 ≤ 1 ms", refusals.are_within(0.99, 1.0));
    report
}

fn named_of(run: &Run) -> Vec<String> {
    let processes = [run.hosts(), run.workers()].concat();
    named_memory(&processes).into_iter().map(|path| path.display().to_string()).collect()
}
