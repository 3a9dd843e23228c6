//! Reading of DLLs, intact and damaged.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::image::test_files::{self, Directory, damage};
use crate::image::{Convention, ExportKind, Format, Image};

const FULL: test_files::Pe<'_> = test_files::Pe {
    machine: 0x014C,
    characteristics: 0x2102,
    imports: &["KERNEL32.dll", "acme.dll"],
    exports: &["_Add@8", "", "?Open@Device@@QAEHXZ"],
    forwarder: Some("NTDLL.RtlMoveMemory"),
    managed: false,
};

#[test]
fn both_widths_give_names_ordinals_and_forwarders() {
    for (machine, expected) in [(0x014C, Machine::I386), (0x8664, Machine::X86_64)] {
        let directory = Directory::new("pe");
        let bytes = test_files::Pe { machine, ..FULL }.build();
        let image = Image::open(&directory.write("outer.dll", &bytes)).unwrap();
        assert_eq!((image.format(), image.machine()), (Format::Pe, expected));
        assert_eq!(image.dependencies().unwrap(), ["KERNEL32.dll", "acme.dll"]);
        let exports = image.exports().unwrap();
        let rows: Vec<_> =
            exports.iter().map(|row| (row.ordinal, row.name.as_deref(), row.forwarder.as_deref())).collect();
        assert_eq!(
            rows,
            [
                (Some(5), Some("_Add@8"), None),
                (Some(6), None, None),
                (Some(7), Some("?Open@Device@@QAEHXZ"), None),
                (Some(8), Some("Forwarded"), Some("NTDLL.RtlMoveMemory")),
            ]
        );
        assert_eq!(exports[2].undecorated, "Device::Open");
        assert!(exports.iter().all(|row| row.kind == ExportKind::Function));
        if expected == Machine::I386 {
            assert_eq!(exports[0].undecorated, "Add");
            assert_eq!((exports[0].convention, exports[0].argument_bytes), (Some(Convention::Stdcall), Some(8)));
            assert_eq!(exports[2].convention, Some(Convention::Thiscall));
        }
    }
}

#[test]
fn sections_of_old_linkers_without_a_size_in_memory_are_read() {
    let mut bytes = FULL.build();
    let header = 0x98 + 96 + 16 * 8;
    bytes[header + 8..header + 12].fill(0);
    let view = PeView::parse(&bytes, Machine::I386).unwrap();
    assert_eq!(view.exports().unwrap().len(), 4);
}

#[test]
fn a_file_cut_at_any_length_is_an_error() {
    let bytes = FULL.build();
    for length in 0..bytes.len() {
        let view = PeView::parse(&bytes[..length], Machine::I386);
        assert!(matches!(view, Err(Fault::Truncated(_))), "{length} of {}", bytes.len());
    }
}

#[test]
fn tables_that_point_nowhere_are_damage() {
    let mut bytes = FULL.build();
    bytes[0x98 + 96..0x98 + 100].copy_from_slice(&0x7FFF_0000_u32.to_le_bytes());
    bytes[0x98 + 104..0x98 + 108].copy_from_slice(&0x7FFF_0000_u32.to_le_bytes());
    let view = PeView::parse(&bytes, Machine::I386).unwrap();
    assert!(matches!(view.exports(), Err(Fault::Damaged(_))));
    assert!(matches!(view.imported_libraries(), Err(Fault::Damaged(_))));
}

#[test]
fn damaged_files_never_panic() {
    for (machine, width) in [(0x014C, Machine::I386), (0x8664, Machine::X86_64)] {
        damage(&test_files::Pe { machine, ..FULL }.build(), 10_000, |bytes| {
            let _ = is_managed_only(bytes, 0x80);
            if let Ok(view) = PeView::parse(bytes, width) {
                let _ = view.exports();
                let _ = view.imported_libraries();
            }
        });
    }
}
