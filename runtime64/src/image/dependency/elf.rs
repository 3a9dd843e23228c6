//! How the dynamic loader of Linux resolves dependencies (ld.so(8)).

use std::path::{Path, PathBuf};

use super::super::search::is_library;
use super::super::{Format, Image, Machine, Search};
use super::{Resolution, other_machine};

/// Libraries that every worker has already loaded or that come with its C library, in whatever directory.
const ALWAYS_PRESENT: &[&str] = &[
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
    "libresolv.so.2",
    "libgcc_s.so.1",
    "ld-linux.so.2",
    "ld-linux-x86-64.so.2",
];

/// The search directories of `image` itself (`DT_RPATH`, `DT_RUNPATH`) and those of the libraries on the path to it.
/// Which of them apply depends on the linker's age and flags; a library found in any of them is not reported as
/// missing.
pub(super) fn search_paths(image: &Image, inherited: &[PathBuf]) -> Vec<PathBuf> {
    let origin = image.path().parent().unwrap_or(Path::new("."));
    let mut paths: Vec<PathBuf> = Vec::new();
    for text in image.dynamic_strings().search_paths {
        paths.extend(expand(&text, origin, image.machine()));
    }
    paths.extend(inherited.iter().cloned());
    paths.dedup();
    paths
}

/// Replaces the loader's tokens. `$LIB` and `$PLATFORM` depend on how the C library was built, so every common value
/// is tried.
fn expand(text: &str, origin: &Path, machine: Machine) -> Vec<PathBuf> {
    let replace = |text: &str, token: &str, value: &str| {
        text.replace(&format!("${{{token}}}"), value).replace(&format!("${token}"), value)
    };
    let (libraries, platform) = match machine {
        Machine::I386 => (["lib", "lib32", "lib/i386-linux-gnu"], "i686"),
        Machine::X86_64 => (["lib", "lib64", "lib/x86_64-linux-gnu"], "x86_64"),
    };
    let text = replace(&replace(text, "ORIGIN", &origin.to_string_lossy()), "PLATFORM", platform);
    let mut paths: Vec<PathBuf> = libraries.iter().map(|value| replace(&text, "LIB", value).into()).collect();
    paths.dedup();
    paths
}

/// Resolves the dependency `name` of `image`, on the path to loading the library `root`.
///
/// Unlike plain Linux, the worker also searches beside that library and in the directories given by the script.
pub(super) fn resolve(name: &str, image: &Image, root: &Path, search_paths: &[PathBuf], search: &Search) -> Resolution {
    if ALWAYS_PRESENT.contains(&name) || cfg!(windows) {
        return Resolution::Present;
    }
    let system = search.elf_system_directories();
    let files: Vec<PathBuf> = if name.contains('/') {
        let origin = image.path().parent().unwrap_or(Path::new("."));
        expand(name, origin, image.machine())
    } else {
        let near = root.parent().into_iter().chain(search.extra_directories());
        let directories = search_paths.iter().chain(system).map(PathBuf::as_path).chain(near);
        directories.map(|directory| directory.join(name)).collect()
    };
    match files.iter().find(|file| is_library(file, Format::Elf, image.machine())) {
        Some(file) => Resolution::File(file.clone()),
        None => {
            let wrong = files.into_iter().find(|file| file.is_file());
            Resolution::Absent(wrong.map(|file| other_machine(file, image.machine())))
        }
    }
}
