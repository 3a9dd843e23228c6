//! Reading of shared objects, intact and damaged.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::image::test_files::{self, Directory, damage};
use crate::image::{ExportKind, Format, Image};

#[test]
fn both_widths_give_names_and_kinds() {
    for is_64 in [false, true] {
        let elf = test_files::Elf {
            is_64,
            needed: &["libc.so.6", "libacme.so.2"],
            soname: Some("libouter.so.1"),
            runpath: Some("$ORIGIN:/opt/acme"),
            symbols: &[("Add", 2), ("counter", 1), ("_ZN6Device4OpenEv", 2)],
            ..Default::default()
        };
        let directory = Directory::new("elf");
        let image = Image::open(&directory.write("libouter.so", &elf.build())).unwrap();
        assert_eq!(image.format(), Format::Elf);
        assert_eq!(image.machine(), if is_64 { Machine::X86_64 } else { Machine::I386 });
        assert_eq!(image.dependencies().unwrap(), ["libc.so.6", "libacme.so.2"]);
        let strings = image.dynamic_strings();
        assert_eq!(strings.soname.as_deref(), Some("libouter.so.1"));
        assert_eq!(strings.search_paths, ["$ORIGIN", "/opt/acme"]);
        let exports = image.exports().unwrap();
        let rows: Vec<_> = exports.iter().map(|export| (export.undecorated.as_str(), export.kind)).collect();
        assert_eq!(
            rows,
            [("Add", ExportKind::Function), ("counter", ExportKind::Data), ("Device::Open", ExportKind::Function)]
        );
        assert_eq!(exports[2].demangled.as_deref(), Some("Device::Open()"));
    }
}

#[test]
fn names_that_would_unfold_without_end_are_left_out() {
    let long = "x".repeat(LONGEST_NAME + 1);
    let many = vec!["liba.so"; MOST_NAMES + 10];
    let directory = Directory::new("bomb");
    let read = |needed: &[&str]| {
        let path = directory.write("bomb.so", &test_files::Elf { needed, ..Default::default() }.build());
        Image::open(&path).unwrap().dependencies().unwrap_or_default()
    };
    assert_eq!(read(&[&long, "libb.so"]), ["libb.so"]);
    assert!(read(&many).len() <= MOST_NAMES);
}

#[test]
fn position_independent_programs_are_no_libraries() {
    let directory = Directory::new("pie");
    let program = test_files::Elf { flags_1: 0x0800_0000, ..Default::default() };
    let error = Image::open(&directory.write("program", &program.build())).unwrap_err();
    assert!(matches!(error, Error::Executable { .. }), "{error}");
    let myself = Image::open(&std::env::current_exe().unwrap()).unwrap_err();
    assert!(matches!(myself, Error::Executable { .. }), "{myself}");
}

#[test]
fn a_file_cut_at_any_length_is_an_error() {
    let elf = test_files::Elf { needed: &["libc.so.6"], symbols: &[("Add", 2)], ..Default::default() };
    let bytes = elf.build();
    for length in 0..bytes.len() {
        let view = ElfView::parse(&bytes[..length], Machine::I386);
        assert!(matches!(view, Err(Fault::Truncated(_))), "{length} of {}", bytes.len());
    }
}

#[test]
fn damaged_files_never_panic() {
    let elf = test_files::Elf {
        needed: &["a", "b"],
        soname: Some("s"),
        symbols: &[("Add", 2), ("x", 1)],
        ..Default::default()
    };
    for (is_64, machine) in [(false, Machine::I386), (true, Machine::X86_64)] {
        let seed = test_files::Elf { is_64, ..elf.clone() }.build();
        damage(&seed, 10_000, |bytes| read_all(bytes, machine));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_hosts_own_c_library_reads_well_whole_and_damaged() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let Some(path) =
        maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| path.contains("libc.so"))
    else {
        return; // A statically linked test program maps no C library.
    };
    let image = Image::open(Path::new(path)).unwrap();
    let exports = image.exports().unwrap();
    let find = |name: &str| exports.iter().filter(|export| export.name.as_deref() == Some(name)).collect::<Vec<_>>();
    assert_eq!(find("qsort").len(), 1);
    assert_eq!(find("qsort")[0].kind, ExportKind::Function);
    assert_eq!(find("environ")[0].kind, ExportKind::Data);
    assert_eq!(find("memcpy").len(), 1);
    assert!(!exports.iter().any(|export| { export.name.as_deref().is_some_and(|name| name.starts_with("GLIBC_")) }));
    let bytes = std::fs::read(path).unwrap();
    let mut round = 0;
    damage(&bytes, 10_000, |bytes| {
        round += 1;
        if round % 25 == 0 {
            read_all(bytes, image.machine());
        } else if let Ok(view) = ElfView::parse(bytes, image.machine()) {
            let _ = view.check(Path::new("damaged.so"));
            let _ = view.dynamic_strings();
        }
    });
}

fn read_all(bytes: &[u8], machine: Machine) {
    if let Ok(view) = ElfView::parse(bytes, machine) {
        let _ = view.check(Path::new("damaged.so"));
        let _ = view.dynamic_strings();
        let _ = view.exports();
    }
}
