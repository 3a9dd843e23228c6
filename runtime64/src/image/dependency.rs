//! Names the library whose absence keeps another one from being loaded, with the chain that needs it.

mod elf;
mod pe;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Format, Image, Machine, Search};

/// The most libraries that are looked at.
const LIBRARIES_LIMIT: usize = 1000;

/// A library that is needed and not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The missing library's name, as the one that needs it has it.
    pub name: String,
    /// How it comes to be needed: the library to be loaded first, the missing one last.
    pub chain: Vec<String>,
    /// The processor it must have been built for.
    pub machine: Machine,
    /// A file of that name that will not do.
    pub near_miss: Option<NearMiss>,
}

/// A file of the right name that does not satisfy the need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The file.
    pub path: PathBuf,
    /// Why it will not do, as the end of a sentence.
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

/// How a need is met.
enum Resolution {
    /// By this file, whose own needs count too.
    File(PathBuf),
    /// By the system; nothing more needs to be looked at.
    Present,
    /// By nothing.
    Absent(Option<NearMiss>),
}

/// A library that is looked at, and what led to it.
struct Visit {
    image: Image,
    chain: Vec<String>,
    /// ELF search paths of the libraries on the way, `$ORIGIN` already replaced.
    inherited: Vec<PathBuf>,
}

/// The first library that `image` needs, directly or through others, and that cannot be found: `None` when all are there.
///
/// This explains why a load failed; it does not decide whether one may be tried. Where the system's loader has ways to find
/// libraries that cannot be known from files alone, the library counts as present.
#[must_use]
pub fn missing_dependency(image: &Image, search: &Search) -> Option<Missing> {
    let chain = vec![file_name(image.path())];
    let mut visited: HashSet<String> = HashSet::from([key(image.format(), &chain[0])]);
    visited.extend(image.dynamic_strings().soname);
    let mut queue = VecDeque::from([Visit { image: image.clone(), chain, inherited: Vec::new() }]);
    // Breadth first, so that the nearest missing library is named.
    while let Some(visit) = queue.pop_front() {
        let inherited = elf::search_paths(&visit.image, &visit.inherited);
        // Tables that cannot be read are another error than a missing library.
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

/// What identifies a library: Windows compares names without regard to case.
fn key(format: Format, name: &str) -> String {
    match format {
        Format::Elf => name.to_owned(),
        Format::Pe => name.to_ascii_lowercase(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Says that `path` has the right name and another width.
fn other_machine(path: PathBuf, needed: Machine) -> NearMiss {
    NearMiss { path, reason: format!("is not a {}-bit library, and only such a one can be used here", needed.bits()) }
}

#[cfg(test)]
mod tests;
