//! Workers are killed at random moments under a host that makes calls without pause.

use std::collections::{BTreeMap, HashMap};

use tests::{Configuration, Scratch};

use crate::effects::{Effects, Told, fits};
use crate::floor::Floor;
use crate::quantiles::Quantiles;
use crate::report::Report;
use crate::script;

/// How many kills one host bears.
const BATCH: u64 = 250;

/// How many calls there is room for in a batch.
const CALLS: u64 = 8 << 20;

/// How late an error may be, in milliseconds, in 99 of 100 cases.
const LATEST: f64 = 5.0;

/// How calls travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Through shared memory.
    Shared,
    /// Through the plain channel.
    Plain,
}

/// What the batches have shown together.
#[derive(Debug, Default)]
struct Shown {
    kills: u64,
    calls: u64,
    errors: u64,
    /// How many of each kind and place.
    outcomes: BTreeMap<String, u64>,
    wrong: Vec<String>,
    unexpected: Vec<String>,
    misjudged: Vec<String>,
    ended: Vec<String>,
    /// From kill to error, in milliseconds.
    late: Vec<f64>,
    /// The longest of these, and what the call was.
    slowest: (f64, String),
}

/// Kills so many workers.
///
/// # Panics
/// If a host hangs, or the programs were not built by `cargo xtask`.
#[must_use]
pub fn run(configuration: Configuration, link: Link, count: u64, seed: u64) -> Report {
    let mut shown = Shown::default();
    let floor = Floor::start();
    let mut batch = 0;
    while shown.kills < count && shown.ended.is_empty() {
        shown.batch(configuration, link, BATCH.min(count - shown.kills), seed.wrapping_add(batch));
        batch += 1;
    }
    let title = if link == Link::Plain { "kills, plain channel" } else { "kills" };
    let mut report = Report::new(title, configuration);
    report.judge("kills", shown.kills, &count.to_string(), shown.kills >= count);
    report.tell("calls", shown.calls);
    report.tell("errors", shown.errors);
    for (outcome, times) in &shown.outcomes {
        report.tell(&format!("  {outcome}"), times);
    }
    report.judge_none("hosts that ended otherwise than well", &shown.ended);
    report.judge_none("calls with a wrong result", &shown.wrong);
    report.judge_none("errors of an unexpected kind", &shown.unexpected);
    report.judge_none("calls that ran twice, or not as they told", &shown.misjudged);
    report.tell("kill to end of a process that does nothing", Quantiles::of(floor.end()));
    report.tell("the slowest error was of", &shown.slowest.1);
    let late = Quantiles::of(shown.late);
    report.judge_times("kill to error of the call under way", &late, "p99 ≤ 5 ms", late.are_within(0.99, LATEST));
    report
}

impl Shown {
    fn batch(&mut self, configuration: Configuration, link: Link, kills: u64, seed: u64) {
        let scratch = Scratch::new();
        let effects = Effects::create(scratch.path(), CALLS).expect("the scratch folder can be written to");
        let start = if configuration.needs_wine() { 300_000 } else { 20_000 };
        let arguments = [
            script::library(configuration, "effects"),
            script::library(configuration, "slow_to_load"),
            script::library(configuration, "killer"),
            script::library_beside_host(configuration, "killer"),
            seed.to_string(),
            kills.to_string(),
            CALLS.to_string(),
            start.to_string(),
        ];
        let mut environment = vec![("RUNTIME64_EFFECTS", configuration.path(effects.path()))];
        if link == Link::Plain {
            environment.push(("RUNTIME64_LINK", "plain".to_owned()));
        }
        let limit = script::limit(configuration, kills);
        let source = include_str!("../lua/kills.lua");
        let output = script::start(configuration, &scratch, source, &arguments, &environment, limit).finish();
        let mut told = HashMap::new();
        let mut calls = 0;
        for line in output.stdout.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            match words[..] {
                ["error", number, kind, started, place, killed, late, message] => {
                    let error = Raised { kind, started, place, killed, message, late: late.parse().ok() };
                    self.error(&error, link);
                    let known =
                        if started == "no" || kind == "worker_start" { Told::NotStarted } else { Told::MayHaveRun };
                    told.insert(number.parse().unwrap_or(0), known);
                }
                ["done", killed, number] => {
                    self.kills += killed.parse().unwrap_or(0);
                    calls = number.parse().unwrap_or(0);
                }
                _ => self.wrong.push(format!("seed {seed}: {line}")),
            }
        }
        if !output.status.success() || calls == 0 {
            self.ended.push(format!("seed {seed}: {output}"));
        }
        self.calls += calls as u64;
        self.audit(&effects.read().expect("the file is there"), calls, &told, seed);
    }

    /// Compares what the calls told with what they left.
    fn audit(&mut self, effects: &[u8], calls: usize, told: &HashMap<usize, Told>, seed: u64) {
        for (number, runs) in effects.iter().enumerate().take(calls + 1).skip(1) {
            let told = told.get(&number).copied();
            if !fits(*runs, told) {
                self.misjudged.push(format!("seed {seed}: call {number} ran {runs} times, {told:?}"));
            }
        }
    }

    fn error(&mut self, error: &Raised, link: Link) {
        let Raised { kind, started, place, killed, message, late } = *error;
        self.errors += 1;
        *self.outcomes.entry(format!("{place}: {kind}, started {started}")).or_default() += 1;
        let is_known = match kind {
            "worker_lost" => started == "yes" || started == "no" || (started == "unknown" && link == Link::Plain),
            // Nothing of a library has run.
            "worker_start" => true,
            _ => false,
        };
        if !is_known {
            self.unexpected.push(format!("{place}: {kind}, started {started}: {message}"));
        }
        // Only what was under way when the kill came is late by it.
        let was_under_way = matches!(started, "yes" | "unknown") && place == killed;
        if let Some(late) = late.filter(|late| was_under_way && *late > 0.0).map(|late| late / 1000.0) {
            self.late.push(late);
            if late > self.slowest.0 {
                self.slowest = (late, place.to_owned());
            }
        }
    }
}

/// An error as the script prints it.
#[derive(Clone, Copy)]
struct Raised<'a> {
    kind: &'a str,
    started: &'a str,
    /// What the call was.
    place: &'a str,
    /// What the host did when the kill came.
    killed: &'a str,
    message: &'a str,
    /// Microseconds from the kill to the error.
    late: Option<f64>,
}
