//! How often each call ran, which outlives the workers that ran it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file with one byte for each number of a call.
#[derive(Debug)]
pub(crate) struct Effects {
    path: PathBuf,
}

impl Effects {
    /// A file with room for so many calls.
    pub(crate) fn create(folder: &Path, calls: u64) -> io::Result<Self> {
        let path = folder.join("effects");
        File::create(&path)?.set_len(calls)?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the calls have left, by their numbers.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.path)
    }
}

/// What a call told of itself when it did not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// That the function had not started.
    NotStarted,
    /// That it had, or that this is not known.
    MayHaveRun,
}

/// Whether so many runs fit what a call told; of a call that returned, nothing is told.
pub(crate) fn fits(runs: u8, told: Option<Told>) -> bool {
    match told {
        None => runs == 1,
        Some(Told::NotStarted) => runs == 0,
        Some(Told::MayHaveRun) => runs <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_may_run_twice() {
        let cases = [
            (None, [false, true, false]),
            (Some(Told::NotStarted), [true, false, false]),
            (Some(Told::MayHaveRun), [true, true, false]),
        ];
        for (told, expected) in cases {
            assert_eq!([0, 1, 2].map(|runs| fits(runs, told)), expected, "{told:?}");
        }
    }
}
