//! The circumstances of a measurement, each in a process of its own: what is set for a process holds for all that it
//! starts.

use std::error::Error;
use std::io;
use std::process::{Child, Command, Stdio};

use rustix::thread::{CpuSet, sched_setaffinity};
use serde::{Deserialize, Serialize};

use super::baseline::{self, Baseline};
use super::figures::{Effort, Figures};
use super::ours::Ours;
use super::places::{Places, System};
use super::{declarations, floor, resources, start};

/// The circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scenario {
    /// Nothing else runs.
    Free,
    /// Both sides share one processor.
    Pinned,
    /// Every processor has something else to do.
    Loaded,
    /// One call a second.
    Sparse,
}

impl Scenario {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Free, Self::Pinned, Self::Loaded, Self::Sparse];

    /// The word for it on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Scenario::Free => "free",
            Scenario::Pinned => "pinned",
            Scenario::Loaded => "loaded",
            Scenario::Sparse => "sparse",
        }
    }

    /// Measures everything that is measured in these circumstances, in this process. A row that fails is told on standard
    /// error, and the others go on.
    pub fn run(self, places: &Places, effort: Effort) -> Vec<Figures> {
        match self {
            Scenario::Free => free(places, effort),
            Scenario::Pinned => match pin() {
                Ok(()) => calls(places, effort, "pinned"),
                Err(error) => told("pinned", Err::<Vec<Figures>, _>(error)).unwrap_or_default(),
            },
            Scenario::Loaded => {
                let load = told("load", Load::start());
                let figures = calls(places, effort, "loaded");
                drop(load);
                figures
            }
            Scenario::Sparse => sparse(places, effort),
        }
    }
}

fn free(places: &Places, effort: Effort) -> Vec<Figures> {
    let mut figures = Vec::new();
    for system in places.systems() {
        figures.extend(told("floor", floor::measure(places, system, effort)));
    }
    figures.extend(calls(places, effort, "free"));
    for system in places.systems() {
        figures.extend(told("rows", rows(places, system, effort)).unwrap_or_default());
    }
    figures.extend(told("raw socket", baseline::raw(places, effort)));
    for system in places.systems() {
        figures.extend(told("start", start::measure(places, system, effort)));
        let recovery = Ours::start(places, system).and_then(|ours| ours.measure_recovery(effort));
        figures.extend(told("recovery", recovery));
    }
    figures.extend(told("declarations", declarations::measure(effort)).unwrap_or_default());
    figures.extend(told("idle", resources::idle(places, effort)).unwrap_or_default());
    let growth = Ours::start(places, System::Elf).and_then(|ours| resources::growth(&ours, effort));
    figures.extend(told("growth", growth));
    figures
}

/// The rows beside the plain call.
fn rows(places: &Places, system: System, effort: Effort) -> Result<Vec<Figures>, runtime64::RuntimeError> {
    let ours = Ours::start(places, system)?;
    let title = format!("1 MiB, copied and read in one process, {}", system.word());
    let one_process: f64 = ours.call("one_process", if effort.growth > 100_000 { 501 } else { 51 })?;
    Ok(vec![
        Figures::single(&title, one_process),
        ours.measure("mebibyte", "1 MiB string in", effort)?,
        ours.measure("sort", "sorting 10 doubles in place", effort)?,
        ours.measure("read_element", "reading an element of dll.new", effort)?,
        ours.measure("write_element", "writing an element of dll.new", effort)?,
        ours.measure("read_field", "reading a field of dll.new", effort)?,
        ours.measure("write_field", "writing a field of dll.new", effort)?,
        ours.measure("method", "calling a method of a metatype", effort)?,
        ours.measure("make", "making a struct", effort)?,
        ours.measure("foreign", "reading an int of the library's", effort)?,
        ours.measure("batch", "batch of 64 calls", effort)?,
        ours.measure("callback", "a callback inside a call", effort)?,
        ours.measure("transient_callback", "a call with a function that it calls", effort)?,
        ours.measure("by_value", "a struct by value, in and out", effort)?,
        ours.measure("future", "a future, started and waited for", effort)?,
    ])
}

/// The plain call, and what it is compared with.
fn calls(places: &Places, effort: Effort, circumstances: &str) -> Vec<Figures> {
    let mut figures = Vec::new();
    for system in places.systems() {
        let title = format!("add, {circumstances}");
        let ours = Ours::start(places, system).and_then(|ours| ours.measure("add", &title, effort));
        figures.extend(told("add", ours));
        let row = format!("baseline, {circumstances}, {}", system.word());
        let baseline = Baseline::start(places, system).and_then(|mut baseline| baseline.measure(&row, effort));
        figures.extend(told("baseline", baseline));
    }
    figures
}

fn sparse(places: &Places, effort: Effort) -> Vec<Figures> {
    let mut figures = Vec::new();
    for system in places.systems() {
        let ours = Ours::start(places, system).and_then(|ours| ours.measure_sparse("add, one a second", effort));
        figures.extend(told("sparse", ours));
        let row = format!("baseline, one a second, {}", system.word());
        let baseline = Baseline::start(places, system).and_then(|mut baseline| baseline.measure_sparse(&row, effort));
        figures.extend(told("sparse baseline", baseline));
    }
    figures
}

fn told<T, E: Error>(what: &str, outcome: Result<T, E>) -> Option<T> {
    outcome.inspect_err(|error| eprintln!("bench: {what}: {error}")).ok()
}

/// Keeps this process, and all that it starts, on one processor.
fn pin() -> io::Result<()> {
    let mut processors = CpuSet::new();
    processors.set(0);
    Ok(sched_setaffinity(None, &processors)?)
}

/// Processes that do nothing, as fast as they can: one for each processor.
struct Load(Vec<Child>);

impl Load {
    fn start() -> io::Result<Self> {
        let mut load = Self(Vec::new());
        for _ in 0..std::thread::available_parallelism()?.get() {
            let mut command = Command::new(std::env::current_exe()?);
            load.0.push(command.arg("spin").stdin(Stdio::piped()).spawn()?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
