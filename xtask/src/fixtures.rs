//! The C libraries that the tests load, built from one source for every format and width.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::failure::Failure;
use crate::step;
use crate::workspace::{root, target};

/// A library of the tests: its source's name, the libraries it is linked with, and its folder.
struct Fixture {
    name: &'static str,
    links: Option<&'static str>,
    folder: &'static str,
}

const fn fixture(name: &'static str) -> Fixture {
    Fixture { name, links: None, folder: "" }
}

/// In the order of building. What is linked with stands before what needs it.
const FIXTURES: &[Fixture] = &[
    fixture("calls"),
    fixture("misbehaviour"),
    fixture("crash_on_load"),
    fixture("lifetimes"),
    // `absent` is there to link with, in a folder that no loader searches; then it is missing.
    Fixture { name: "absent", links: None, folder: "linked-only" },
    Fixture { name: "dependent", links: Some("linked-only/absent"), folder: "missing-dependency" },
    Fixture { name: "outer", links: Some("missing-dependency/dependent"), folder: "missing-dependency" },
];

/// A compiler, and how its libraries are called.
struct Compiler {
    folder: &'static str,
    command: &'static str,
    options: &'static [&'static str],
    affixes: (&'static str, &'static str),
}

const ELF: (&str, &str) = ("lib", ".so");
const PE: (&str, &str) = ("", ".dll");

const COMPILERS: &[Compiler] = &[
    Compiler { folder: "i686-linux", command: "gcc", options: &["-m32", "-fPIC"], affixes: ELF },
    Compiler { folder: "x86_64-linux", command: "gcc", options: &["-m64", "-fPIC"], affixes: ELF },
    Compiler { folder: "i686-windows", command: "i686-w64-mingw32-gcc", options: &["-static-libgcc"], affixes: PE },
    Compiler { folder: "x86_64-windows", command: "x86_64-w64-mingw32-gcc", options: &["-static-libgcc"], affixes: PE },
];

/// Builds the libraries whose sources are newer, and gives their folder.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let sources = root().join("tests/fixtures");
    let header = modified(&sources.join("export.h"))?;
    let folder = target().join("fixtures");
    for compiler in COMPILERS {
        for fixture in FIXTURES {
            let source = sources.join(fixture.name).with_extension("c");
            let newest = modified(&source)?.max(header);
            let library = compiler.library(&folder, &format!("{}/{}", fixture.folder, fixture.name));
            if modified(&library).is_ok_and(|built| built >= newest) {
                continue;
            }
            compile(compiler, fixture, &folder, &source, &library)?;
        }
    }
    Ok(folder)
}

fn compile(
    compiler: &Compiler,
    fixture: &Fixture,
    folder: &Path,
    source: &Path,
    library: &Path,
) -> Result<(), Failure> {
    if let Some(parent) = library.parent() {
        fs::create_dir_all(parent).map_err(|error| Failure::file(parent, &error))?;
    }
    let mut command = Command::new(compiler.command);
    command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared"]).args(compiler.options);
    command.arg("-o").arg(library).arg(source);
    if let Some(linked) = fixture.links {
        command.arg(compiler.library(folder, linked));
    }
    if compiler.affixes == ELF {
        // Dependencies are named by file name alone, as installed libraries have them.
        let name = library.file_name().unwrap_or_default().to_string_lossy();
        command.arg(format!("-Wl,-soname,{name},--allow-shlib-undefined"));
    }
    step::run(&mut command)
}

impl Compiler {
    /// The file of a library, `folder/name`.
    fn library(&self, folder: &Path, name: &str) -> PathBuf {
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
        let path = COMPILERS[0].library(Path::new("f"), "/calls");
        assert_eq!(path, Path::new("f/i686-linux/libcalls.so"));
        assert_eq!(COMPILERS[2].library(Path::new("f"), "a/b"), Path::new("f/i686-windows/a/b.dll"));
    }
}
