//! The programs as files: what they need of a system, and how large they are.

use std::path::PathBuf;

use object::Object;
use object::elf::DT_NEEDED;
use object::read::elf::{Dyn, ElfFile, FileHeader};
use tests::{is_release, linux_programs, windows_programs};

/// What the C library consists of on Linux. Nothing else may be needed: its 32-bit half is all that a user installs.
const C_LIBRARY: &[&str] = &["libc.so.6", "libm.so.6", "ld-linux.so.2", "ld-linux-x86-64.so.2"];

/// What a worker may take in a release build.
const WORKER_BYTES: u64 = 1_500_000;

fn programs() -> Vec<PathBuf> {
    let folders = if cfg!(windows) { vec![windows_programs()] } else { vec![linux_programs(), windows_programs()] };
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("the programs are built").flatten());
    files.map(|file| file.path()).filter(|path| path.extension().is_none_or(|ending| ending == "exe")).collect()
}

/// The libraries that a program is linked to.
fn needed_by(program: &[u8]) -> Vec<String> {
    fn of_elf<'d, Elf: FileHeader>(file: &ElfFile<'d, Elf, &'d [u8]>) -> object::Result<Vec<String>> {
        let (endian, data, sections) = (file.endian(), file.data(), file.elf_section_table());
        let Some((entries, names)) = sections.dynamic(endian, data)? else { return Ok(Vec::new()) };
        let names = sections.strings(endian, data, names)?;
        let needed = entries.iter().filter(|entry| entry.tag(endian) == DT_NEEDED);
        needed.map(|entry| Ok(String::from_utf8_lossy(entry.string(endian, names)?).into_owned())).collect()
    }
    let needed = match object::File::parse(program).expect("a program") {
        object::File::Elf32(file) => of_elf(&file),
        object::File::Elf64(file) => of_elf(&file),
        file => file.imports().and_then(|imports| {
            let mut names: Vec<_> = imports
                .map(|import| Ok(String::from_utf8_lossy(import?.library()).into_owned()))
                .collect::<object::Result<_>>()?;
            names.dedup();
            Ok(names)
        }),
    };
    needed.expect("its tables are whole")
}

#[test]
fn programs_need_nothing_but_the_system() {
    let programs = programs();
    assert!(programs.len() >= 3, "{programs:?}");
    for path in programs {
        let needed = needed_by(&std::fs::read(&path).expect("it can be read"));
        assert!(!needed.is_empty(), "{}", path.display());
        let is_windows = path.extension().is_some();
        // What Windows itself has is in its folder. Compilers bring libraries of their own, which start with "lib" as a rule.
        let is_foreign = |name: &&String| match is_windows {
            true => name.to_lowercase().starts_with("lib"),
            false => !C_LIBRARY.contains(&name.as_str()),
        };
        let foreign: Vec<_> = needed.iter().filter(is_foreign).collect();
        assert!(foreign.is_empty(), "{} needs {foreign:?}", path.display());
    }
}

#[test]
fn workers_are_small() {
    let workers = programs().into_iter().filter(|path| path.to_string_lossy().contains("worker"));
    let sizes: Vec<_> = workers.map(|path| (std::fs::metadata(&path).expect("it is there").len(), path)).collect();
    assert!(sizes.len() >= 2, "{sizes:?}");
    // What is not optimised is several times as large, but holds the same.
    let limit = if is_release() { WORKER_BYTES } else { 16 * WORKER_BYTES };
    for (bytes, path) in sizes {
        assert!(bytes <= limit, "{} has {bytes} bytes, which is more than {limit}", path.display());
    }
}
