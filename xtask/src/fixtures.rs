//! The C libraries of the tests, built from one source for every format and width.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use crate::failure::Failure;
use crate::step;
use crate::workspace::{root, target};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::{COMPILERS, Compiler};
#[cfg(windows)]
use windows::{COMPILERS, Compiler};

/// A library of the tests: its source's name, the libraries it is linked with, and its folder.
struct Fixture {
    name: &'static str,
    links: Option<&'static str>,
    folder: &'static str,
}

const fn fixture(name: &'static str) -> Fixture {
    Fixture { name, links: None, folder: "" }
}

/// In build order: a library comes after those it is linked with.
const FIXTURES: &[Fixture] = &[
    fixture("calls"),
    fixture("misbehaviour"),
    fixture("crash_on_load"),
    fixture("crashes"),
    fixture("refuse_load"),
    fixture("lifetimes"),
    fixture("records"),
    fixture("bit_fields"),
    fixture("lists"),
    fixture("globals"),
    fixture("hang_on_load"),
    fixture("symbols"),
    fixture("texts"),
    fixture("annotated"),
    fixture("callbacks"),
    fixture("concurrent"),
    fixture("conditions"),
    fixture("callback_threads"),
    fixture("misaligned"),
    fixture("signatures"),
    fixture("fortran"),
    fixture("plain_names"),
    fixture("effects"),
    fixture("exhaust"),
    fixture("killer"),
    fixture("slow_to_load"),
    // `absent` only exists for linking, in a folder that no loader searches; at run time it is missing.
    Fixture { name: "absent", links: None, folder: "linked-only" },
    Fixture { name: "dependent", links: Some("linked-only/absent"), folder: "missing-dependency" },
    Fixture { name: "outer", links: Some("missing-dependency/dependent"), folder: "missing-dependency" },
    // Only found if its folder is specified.
    Fixture { name: "companion", links: None, folder: "companion" },
    Fixture { name: "impostor", links: None, folder: "" },
    Fixture { name: "needs_companion", links: Some("companion/companion"), folder: "" },
    Fixture { name: "seeks_companion", links: None, folder: "" },
];

/// The input of a library's build.
struct Sources<'a> {
    source: &'a Path,
    /// The module definition file of a Windows library, if it has one.
    exports: Option<&'a Path>,
    /// The library it is linked with.
    linked: Option<&'a Path>,
}

/// The output of a compiler: the folder of its libraries, and the prefix and suffix of their names.
#[derive(Clone, Copy)]
struct Output {
    folder: &'static str,
    affixes: (&'static str, &'static str),
}

const PE: (&str, &str) = ("", ".dll");

/// Builds the libraries whose sources are newer, with all compilers at once, and returns their folder.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let folder = target().join("fixtures");
    thread::scope(|scope| {
        let builds: Vec<_> =
            COMPILERS.iter().map(|(output, compiler)| scope.spawn(|| build_with(*output, compiler, &folder))).collect();
        builds.into_iter().try_for_each(|build| build.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    Ok(folder)
}

/// Builds the libraries of one compiler.
fn build_with(output: Output, compiler: &Compiler, folder: &Path) -> Result<(), Failure> {
    let sources = root().join("tests/fixtures");
    let header = modified(&sources.join("export.h"))?;
    for fixture in FIXTURES {
        let source = sources.join(fixture.name).with_extension("c");
        // Exports of a Windows library beyond those marked in its source.
        let exports = Some(source.with_extension("def")).filter(|exports| output.is_pe() && exports.is_file());
        let newest = modified(&source)?.max(header);
        let newest = exports.as_deref().map(modified).transpose()?.map_or(newest, |exports| exports.max(newest));
        let library = output.library(folder, &format!("{}/{}", fixture.folder, fixture.name));
        if modified(&library).is_ok_and(|built| built >= newest) {
            continue;
        }
        if let Some(parent) = library.parent() {
            fs::create_dir_all(parent).map_err(|error| Failure::file(parent, &error))?;
        }
        let linked = fixture.links.map(|name| output.library(folder, name));
        let sources = Sources { source: &source, exports: exports.as_deref(), linked: linked.as_deref() };
        step::run(&mut compiler.command(&sources, &library)?)?;
    }
    Ok(())
}

impl Output {
    fn is_pe(self) -> bool {
        self.affixes == PE
    }

    /// The file of a library, `folder/name`.
    fn library(self, folder: &Path, name: &str) -> PathBuf {
        let (within, name) = name.rsplit_once('/').unwrap_or(("", name));
        let (before, after) = self.affixes;
        folder.join(self.folder).join(within.trim_start_matches('/')).join(format!("{before}{name}{after}"))
    }
}

fn modified(path: &Path) -> Result<SystemTime, Failure> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(|error| Failure::file(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_in_the_table() {
        let sources = fs::read_dir(root().join("tests/fixtures")).expect("a folder");
        for source in sources.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            if source.extension().is_some_and(|extension| extension == "c") {
                let name = source.file_stem().expect("a name").to_string_lossy();
                assert!(FIXTURES.iter().any(|fixture| fixture.name == name), "{name}.c is not built");
            }
        }
    }

    #[test]
    fn a_library_is_named_as_its_system_does() {
        let elf = Output { folder: "i686-linux", affixes: ("lib", ".so") };
        let pe = Output { folder: "i686-windows", affixes: PE };
        assert_eq!(elf.library(Path::new("f"), "/calls"), Path::new("f/i686-linux/libcalls.so"));
        assert_eq!(pe.library(Path::new("f"), "a/b"), Path::new("f/i686-windows/a/b.dll"));
    }
}
