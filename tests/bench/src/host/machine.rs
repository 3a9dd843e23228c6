//! The kind of machine.

use std::fs;
use std::thread;

/// "2 × AMD EPYC Processor", as far as the system tells.
#[must_use]
pub fn kind() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let count = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{count} × {model}")
}
