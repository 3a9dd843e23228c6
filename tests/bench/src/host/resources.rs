//! What host and worker use of the machine, as Linux counts it (proc(5)).

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use runtime64::RuntimeError;

use super::figures::{Effort, Figures};
use super::ours::Ours;
use super::places::{Places, System};
use super::start;

/// How many parts of a second `/proc/PID/stat` counts in, on every Linux that this is built for.
const TICKS: f64 = 100.0;

/// Processor time and memory of an idle program and its idle worker.
///
/// # Errors
/// The program does not start, or `/proc` cannot be read.
pub fn idle(places: &Places, effort: Effort) -> io::Result<Vec<Figures>> {
    let mut program = start::program(places, System::Elf)?;
    let worker = start::answer(&mut program)?;
    let seconds = (effort.time * 4).max(Duration::from_secs(1));
    let before = (processor_seconds(program.id())?, processor_seconds(worker)?);
    thread::sleep(seconds);
    let after = (processor_seconds(program.id())?, processor_seconds(worker)?);
    let percent = |before: f64, after: f64| (after - before) / seconds.as_secs_f64() * 100.0;
    let figures = vec![
        Figures::single("idle runtime, % of a CPU", percent(before.0, after.0)),
        Figures::single("idle worker, % of a CPU", percent(before.1, after.1)),
        Figures::single("idle runtime, MiB", resident_mebibytes(program.id())?),
        Figures::single("idle worker, MiB", resident_mebibytes(worker)?),
    ];
    drop(program.stdin.take());
    program.wait()?;
    Ok(figures)
}

/// How much host and worker grow over many calls.
///
/// # Errors
/// What a call raised.
pub fn growth(ours: &Ours, effort: Effort) -> Result<Figures, RuntimeError> {
    let worker: u32 = ours.call("process", 0)?;
    let resident = || -> io::Result<f64> { Ok(resident_mebibytes(std::process::id())? + resident_mebibytes(worker)?) };
    // What the first calls set up, and garbage that Lua has yet to collect, is no growth; what is added afterwards is.
    ours.call::<()>("growth", effort.growth)?;
    let before = resident().unwrap_or(f64::NAN);
    ours.call::<()>("growth", effort.growth)?;
    let after = resident().unwrap_or(f64::NAN);
    Ok(Figures::single(&format!("growth over {} rounds, MiB", effort.growth), after - before))
}

fn processor_seconds(process: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the program's name in parentheses, which may hold spaces.
    let after_name = stat.rsplit_once(')').map_or(stat.as_str(), |(_, rest)| rest);
    let fields: Vec<f64> =
        after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    Ok(fields.iter().sum::<f64>() / TICKS)
}

fn resident_mebibytes(process: u32) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kibibytes.map(|kibibytes| kibibytes / 1024.0).ok_or_else(|| io::Error::other("there is no VmRSS"))
}
