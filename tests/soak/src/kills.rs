//! Workers are killed at random moments under a host that makes calls without pause.

use std::collections::{BTreeMap, HashMap};

use ::tests::{Configuration, Output, Run, Scratch, WineServer, end_what_wine_runs};

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

/// How many batches may be lost with Wine's server, of which one in two was at most.
fn most_servers(count: u64) -> u64 {
    2 * count.div_ceil(BATCH) + 2
}

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
    /// In how many batches Wine's server has ended.
    servers: u64,
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
    while shown.kills < count && shown.ended.is_empty() && shown.servers <= most_servers(count) {
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
    if shown.servers > 0 {
        report.tell("batches that ended with Wine's own server", shown.servers);
    }
    report.judge_none("hosts that ended otherwise than well", &shown.ended);
    report.judge_none("calls with a wrong result", &shown.wrong);
    report.judge_none("errors of an unexpected kind", &shown.unexpected);
    report.judge_none("calls that ran twice, or not as they told", &shown.misjudged);
    let floor = floor.end();
    report.tell("kill to end of a process that does nothing", Quantiles::of(floor.clone()));
    report.tell("  p99 of each quarter of the run, in ms", Quantiles::of_quarters(&floor));
    report.tell("the slowest error was of", &shown.slowest.1);
    let late = Quantiles::of(shown.late.clone());
    report.judge_times("kill to error of the call under way", &late, "p99 ≤ 5 ms", late.are_within(0.99, LATEST));
    report.tell("  p99 of each quarter of the run, in ms", Quantiles::of_quarters(&shown.late));
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
        let run = script::start(configuration, &scratch, source, &arguments, &environment, limit);
        let ended = match configuration {
            Configuration::Windows => finish_unless_server_ends(run),
            _ => Ok(run.finish()),
        };
        let rounds = match &ended {
            Ok(output) => output.stdout.as_str(),
            Err(printed) => whole_rounds(printed),
        };
        let (calls, told) = self.read(rounds, link, seed);
        match &ended {
            Ok(output) if !output.status.success() || calls == 0 => self.ended.push(format!("seed {seed}: {output}")),
            Ok(_) => {}
            Err(_) => self.servers += 1,
        }
        self.calls += calls as u64;
        self.audit(&effects.read().expect("the file is there"), calls, &told, seed);
    }

    /// Reads what a script has printed: how many calls it has made, and what those of them told that returned nothing.
    fn read(&mut self, rounds: &str, link: Link, seed: u64) -> (usize, HashMap<usize, Told>) {
        let mut told = HashMap::new();
        let (mut kills, mut calls) = (0, 0);
        for line in rounds.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            match words[..] {
                ["error", number, kind, started, place, killed, late, message] => {
                    let error = Raised { kind, started, place, killed, message, late: late.parse().ok() };
                    self.error(&error, link);
                    let known =
                        if started == "no" || kind == "worker_start" { Told::NotStarted } else { Told::MayHaveRun };
                    told.insert(number.parse().unwrap_or(0), known);
                }
                ["done", killed, number] => (kills, calls) = (killed.parse().unwrap_or(0), number.parse().unwrap_or(0)),
                _ => self.wrong.push(format!("seed {seed}: {line}")),
            }
        }
        self.kills += kills;
        (calls, told)
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

/// Waits for the end of a host that runs in Wine, or until it has lost the server that is its kernel, for which it would wait for
/// ever. A fresh server starts with the next program.
fn finish_unless_server_ends(run: Run) -> Result<Output, String> {
    let mut server = None;
    let ended = run.finish_unless(|| {
        server = server.take().or_else(WineServer::running);
        server.as_ref().is_some_and(WineServer::has_ended)
    });
    if ended.is_err() {
        end_what_wine_runs();
    }
    ended
}

/// What was printed up to the end of the last round that is whole.
fn whole_rounds(printed: &str) -> &str {
    let lines = printed.split_inclusive('\n').rev();
    let mut rest = printed;
    for line in lines {
        if line.starts_with("done\t") && line.ends_with('\n') {
            return rest;
        }
        rest = &rest[..rest.len() - line.len()];
    }
    rest
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_last_whole_round_does_not_count() {
        let cases = [
            ("done\t1\t5\nerror\t6\ndone\t2\t9\n", "done\t1\t5\nerror\t6\ndone\t2\t9\n"),
            ("done\t1\t5\nerror\t6\ndone\t2", "done\t1\t5\n"),
            ("error\t6\n", ""),
            ("", ""),
        ];
        for (printed, expected) in cases {
            assert_eq!(whole_rounds(printed), expected, "{printed:?}");
        }
    }
}
