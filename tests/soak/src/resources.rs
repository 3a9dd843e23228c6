//! What processes hold, as Linux counts it (proc(5)).

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};

use ::tests::Process;

/// What some processes hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) descriptors: usize,
    pub(crate) mappings: usize,
    pub(crate) threads: usize,
    /// Children that have ended and were not collected.
    pub(crate) zombies: usize,
}

impl Held {
    pub(crate) fn by(processes: &[Process]) -> Self {
        let mut held = Self::default();
        for process in processes {
            held += Self {
                descriptors: entries(&folder(process).join("fd")),
                mappings: text(&folder(process).join("maps")).lines().count(),
                threads: entries(&folder(process).join("task")),
                zombies: zombies_of(process.id),
            };
        }
        held
    }

    /// Whether there is no more than there was; memory is mapped in pieces whose number depends on what was freed last.
    pub(crate) fn is_no_more_than(&self, before: &Self) -> bool {
        const PIECES: usize = 4;
        self.descriptors <= before.descriptors
            && self.mappings <= before.mappings + PIECES
            && self.threads <= before.threads
            && self.zombies == 0
    }
}

impl AddAssign for Held {
    fn add_assign(&mut self, other: Self) {
        self.descriptors += other.descriptors;
        self.mappings += other.mappings;
        self.threads += other.threads;
        self.zombies += other.zombies;
    }
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { descriptors, mappings, threads, zombies } = self;
        write!(formatter, "{descriptors} descriptors, {mappings} mappings, {threads} threads, {zombies} zombies")
    }
}

/// How much memory they have, in KiB.
pub(crate) fn resident(processes: &[Process]) -> i64 {
    let of = |process: &Process| -> Option<i64> {
        let status = text(&folder(process).join("status"));
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    };
    processes.iter().filter_map(of).sum()
}

/// Whether one of them has mapped a file whose name ends so.
pub(crate) fn has_mapped(processes: &[Process], name: &str) -> bool {
    processes.iter().any(|process| text(&folder(process).join("maps")).lines().any(|line| line.ends_with(name)))
}

/// Names in the folder of shared memory that our programs may have made: those that one of the processes has open, and
/// those that are called after us.
pub(crate) fn named_memory(processes: &[Process]) -> BTreeSet<PathBuf> {
    const FOLDER: &str = "/dev/shm";
    let named = |path: &PathBuf| path.to_string_lossy().contains("runtime64");
    let all = fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: BTreeSet<PathBuf> = all.filter(named).collect();
    for process in processes {
        let open = fs::read_dir(folder(process).join("fd")).into_iter().flatten().flatten();
        let open = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        found.extend(open.filter(|path| path.starts_with(FOLDER)));
    }
    found
}

/// How many children of a process have ended and are still there.
fn zombies_of(parent: i32) -> usize {
    let is_one = |entry: &fs::DirEntry| {
        let status = text(&entry.path().join("stat"));
        // The name before it stands in parentheses and may hold anything.
        let mut fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.next() == Some("Z") && fields.next().and_then(|id| id.parse().ok()) == Some(parent)
    };
    fs::read_dir("/proc").into_iter().flatten().flatten().filter(is_one).count()
}

fn folder(process: &Process) -> PathBuf {
    Path::new("/proc").join(process.id.to_string())
}

/// A process may end while it is looked at.
fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_something() {
        let this = [Process { id: i32::try_from(std::process::id()).expect("an id"), arguments: Vec::new() }];
        let held = Held::by(&this);
        assert!(held.descriptors >= 3 && held.mappings > 3 && held.threads >= 1, "{held}");
        assert!(held.is_no_more_than(&held) && resident(&this) > 100);
        assert!(!held.is_no_more_than(&Held::default()));
    }
}
