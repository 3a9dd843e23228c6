//! Finds the missing library that prevents another one from being loaded, with the chain of dependencies.

mod elf;
mod pe;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Format, Image, Machine, Search};

/// The limit on libraries that are examined.
const LIBRARIES_LIMIT: usize = 1000;

/// A required library that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The missing library's name, as the library that requires it spells it.
    pub name: String,
    /// The chain of dependencies: the library to be loaded first, the missing one last.
    pub chain: Vec<String>,
    /// The processor it must have been built for.
    pub machine: Machine,
    /// A file of that name that is not usable.
    pub near_miss: Option<NearMiss>,
}

/// A file of the right name that is not usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The file.
    pub path: PathBuf,
    /// The reason, as the end of a sentence.
    pub reason: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "it needs '{}', which is missing ({})", self.name, self.chain.join(" → "))?;
        match &self.near_miss {
            Some(near) => write!(formatter, "; '{}' {}", near.path.display(), near.reason),
            None => write!(
                formatter,
                "; install its {}-bit version, or put it beside the library that needs it",
                self.machine.bits()
            ),
        }
    }
}

/// The resolution of a dependency.
enum Resolution {
    /// This file, whose own dependencies count too.
    File(PathBuf),
    /// The system provides it; nothing more needs to be examined.
    Present,
    /// Nothing provides it.
    Absent(Option<NearMiss>),
}

/// A library to be examined, and the path to it.
struct Visit {
    image: Image,
    chain: Vec<String>,
    /// ELF search paths of the libraries on the path, with `$ORIGIN` replaced.
    inherited: Vec<PathBuf>,
}

/// The first library that `image` requires, directly or indirectly, and that cannot be found: `None` if all are
/// present.
///
/// This explains why a load failed; it does not decide whether to attempt one. Where the system's loader can find
/// libraries in ways that the files do not show, the library counts as present.
#[must_use]
pub fn missing_dependency(image: &Image, search: &Search) -> Option<Missing> {
    let chain = vec![file_name(image.path())];
    let mut visited: HashSet<String> = HashSet::from([key(image.format(), &chain[0])]);
    visited.extend(image.dynamic_strings().soname);
    let mut queue = VecDeque::from([Visit { image: image.clone(), chain, inherited: Vec::new() }]);
    // Breadth first, so that the nearest missing library is reported.
    while let Some(visit) = queue.pop_front() {
        let inherited = elf::search_paths(&visit.image, &visit.inherited);
        // Unreadable tables are a different error than a missing library.
        for name in visit.image.dependencies().unwrap_or_default() {
            if visited.len() >= LIBRARIES_LIMIT || !visited.insert(key(visit.image.format(), &name)) {
                continue;
            }
            let resolution = match visit.image.format() {
                Format::Elf => elf::resolve(&name, &visit.image, image.path(), &inherited, search),
                Format::Pe => pe::resolve(&name, &visit.image, image.path(), search),
            };
            let chain = || visit.chain.iter().cloned().chain([name.clone()]).collect();
            match resolution {
                Resolution::Present => {}
                Resolution::Absent(near_miss) => {
                    return Some(Missing { name: name.clone(), chain: chain(), machine: image.machine(), near_miss });
                }
                Resolution::File(path) => {
                    if let Ok(image) = Image::open(&path) {
                        visited.extend(image.dynamic_strings().soname);
                        queue.push_back(Visit { image, chain: chain(), inherited: inherited.clone() });
                    }
                }
            }
        }
    }
    None
}

/// The identity of a library: Windows compares names case-insensitively.
fn key(format: Format, name: &str) -> String {
    match format {
        Format::Elf => name.to_owned(),
        Format::Pe => name.to_ascii_lowercase(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Reports that `path` has the right name and the wrong width.
fn other_machine(path: PathBuf, needed: Machine) -> NearMiss {
    NearMiss { path, reason: format!("is not a {}-bit library, which is required here", needed.bits()) }
}

#[cfg(test)]
mod tests;
