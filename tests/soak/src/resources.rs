//! What processes hold, as Linux counts it (proc(5)).

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::num::NonZero;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::thread;

use ::tests::Process;

/// What some processes hold together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    pub(crate) descriptors: usize,
    /// Those of files and of shared memory.
    pub(crate) mappings: usize,
    /// The other ones.
    pub(crate) anonymous: usize,
    pub(crate) threads: usize,
    /// Children that have ended and were not collected.
    pub(crate) zombies: usize,
}

impl Held {
    pub(crate) fn by(processes: &[Process]) -> Self {
        let mut held = Self::default();
        for process in processes {
            let maps = text(&folder(process).join("maps"));
            // Address, access, offset, device, inode: what has no inode has nothing behind it.
            let is_anonymous = |line: &&str| line.split_whitespace().nth(4) == Some("0");
            let anonymous = maps.lines().filter(is_anonymous).count();
            held += Self {
                descriptors: entries(&folder(process).join("fd")),
                mappings: maps.lines().count() - anonymous,
                anonymous,
                threads: entries(&folder(process).join("task")),
                zombies: zombies_of(process.id),
            };
        }
        held
    }

    /// Whether there is no more than there was. The C library's allocator has up to eight heaps for each processor, of two
    /// mappings each, and keeps the stacks of some threads that have ended: those are anonymous, and come as they are needed.
    ///
    /// A program under Wine has a descriptor more for as long as it asks Wine's server for something: `passing` of them.
    pub(crate) fn is_no_more_than(&self, before: &Self, passing: usize) -> bool {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        self.descriptors <= before.descriptors + passing
            && self.mappings <= before.mappings
            && self.anonymous <= before.anonymous + 16 * processors + 16
            && self.threads <= before.threads
            && self.zombies == 0
    }
}

impl AddAssign for Held {
    fn add_assign(&mut self, other: Self) {
        self.descriptors += other.descriptors;
        self.mappings += other.mappings;
        self.anonymous += other.anonymous;
        self.threads += other.threads;
        self.zombies += other.zombies;
    }
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { descriptors, mappings, anonymous, threads, zombies } = self;
        write!(formatter, "{descriptors} descriptors, {mappings} mappings and {anonymous} anonymous ones, ")?;
        write!(formatter, "{threads} threads, {zombies} zombies")
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
        assert!(held.is_no_more_than(&held, 0) && resident(&this) > 100);
        assert!(!held.is_no_more_than(&Held::default(), 2));
    }
}
