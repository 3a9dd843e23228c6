//! Each kind of file that is not a library, and its description.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::image::test_files::{self, Directory, damage};
use crate::image::{ErrorKind, Image, SixteenBit};

fn refused(bytes: &[u8]) -> Error {
    classify(bytes, bytes.len() as u64, Path::new("file.bin")).unwrap_err()
}

/// A built library with bytes replaced at an offset.
fn altered(mut bytes: Vec<u8>, offset: usize, new: &[u8]) -> Vec<u8> {
    bytes[offset..offset + new.len()].copy_from_slice(new);
    bytes
}

fn elf() -> Vec<u8> {
    test_files::Elf::default().build()
}

fn pe() -> Vec<u8> {
    test_files::Pe::default().build()
}

#[test]
fn libraries_of_four_kinds_are_accepted() {
    let cases = [
        (elf(), (Format::Elf, Machine::I386)),
        (test_files::Elf { is_64: true, ..Default::default() }.build(), (Format::Elf, Machine::X86_64)),
        (pe(), (Format::Pe, Machine::I386)),
        (test_files::Pe { machine: 0x8664, ..Default::default() }.build(), (Format::Pe, Machine::X86_64)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(classify(&bytes, bytes.len() as u64, Path::new("library")).unwrap(), expected);
    }
}

#[test]
fn other_machines_are_named() {
    let big_endian_ppc = altered(altered(altered(elf(), 5, &[2]), 16, &[0, 3]), 18, &[0, 20]);
    let cases = [
        (altered(elf(), 18, &[40, 0]), "32-bit ARM"),
        (altered(elf(), 18, &[183, 0]), "ARM64"),
        (altered(elf(), 18, &[8, 0]), "MIPS"),
        (altered(elf(), 18, &[50, 0]), "IA-64"),
        (altered(elf(), 18, &[243, 0]), "32-bit RISC-V"),
        (altered(elf(), 18, &[62, 0]), "x32"),
        (altered(elf(), 18, &[0xFE, 0xFE]), "ELF machine 65278"),
        (altered(elf(), 7, &[9]), "i386 on FreeBSD"),
        (big_endian_ppc, "PowerPC"),
        (test_files::Pe { machine: 0x01C4, ..Default::default() }.build(), "32-bit ARM"),
        (test_files::Pe { machine: 0xAA64, ..Default::default() }.build(), "ARM64"),
        (test_files::Pe { machine: 0x0200, ..Default::default() }.build(), "IA-64"),
        (test_files::Pe { machine: 0x1234, ..Default::default() }.build(), "0x1234"),
    ];
    for (bytes, name) in cases {
        let error = refused(&bytes);
        assert!(matches!(&error, Error::WrongMachine { machine, .. } if machine.contains(name)), "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::WrongArchitecture);
    }
}

#[test]
fn sixteen_bit_formats_are_told_apart() {
    let with_signature = |signature: &[u8]| altered(pe(), 0x80, signature);
    let cases = [
        (with_signature(b"NE\x05\x01"), SixteenBit::NewExecutable),
        (with_signature(b"LE\0\0"), SixteenBit::LinearExecutable),
        (with_signature(b"LX\0\0"), SixteenBit::LinearExecutable),
        (with_signature(b"\0\0\0\0"), SixteenBit::Dos),
        (altered(pe(), 0x3C, &0xFFFF_FFFF_u32.to_le_bytes()), SixteenBit::Dos),
    ];
    for (bytes, expected) in cases {
        assert!(matches!(refused(&bytes), Error::SixteenBit { kind, .. } if kind == expected), "{expected}");
    }
}

#[test]
fn managed_assemblies_are_refused_unless_they_export_functions() {
    let managed = test_files::Pe { managed: true, ..Default::default() };
    assert!(matches!(refused(&managed.build()), Error::DotNet { .. }));
    let arm = test_files::Pe { machine: 0xAA64, ..managed.clone() };
    assert!(matches!(refused(&arm.build()), Error::DotNet { .. }));
    let mixed = test_files::Pe { exports: &["Add"], ..managed }.build();
    assert!(classify(&mixed, mixed.len() as u64, Path::new("mixed.dll")).is_ok());
}

#[test]
fn programs_objects_and_archives_are_no_libraries() {
    let program = refused(&altered(elf(), 16, &[2, 0]));
    assert!(matches!(program, Error::Executable { .. }), "{program}");
    let program = refused(&test_files::Pe { characteristics: 0x0102, ..Default::default() }.build());
    assert!(matches!(program, Error::Executable { what: "a Windows program", .. }), "{program}");
    let object = refused(&altered(elf(), 16, &[1, 0]));
    assert!(matches!(object, Error::ObjectFile { kind: "an ELF", .. }), "{object}");
    let mut coff = vec![0x4C, 0x01, 1, 0];
    coff.resize(100, 0);
    assert!(matches!(refused(&coff), Error::ObjectFile { kind: "a COFF", .. }));
    assert!(matches!(refused(b"!<arch>\n/  "), Error::StaticArchive { dll: None, .. }));
    let import: &[u8] = b"!<arch>\nacme.dll/       0           0     0     644     40        `\n\0\0\xFF\xFF\0\0\x4C\x01....\0_Add@8\0acme.dll\0";
    let error = refused(import);
    assert!(matches!(&error, Error::StaticArchive { dll: Some(dll), .. } if dll == "acme.dll"), "{error}");
    assert!(matches!(refused(b"\xCF\xFA\xED\xFE\x07\0\0\x01"), Error::MachO { .. }));
    assert!(matches!(refused(b"\xCA\xFE\xBA\xBE\0\0\0\x02"), Error::MachO { .. }));
    assert!(matches!(refused(b"\xCA\xFE\xBA\xBE\0\0\0\x34"), Error::NotALibrary { .. }));
    assert!(matches!(refused(b"/* GNU ld script */ GROUP ( libc.so.6 )"), Error::LinkerScript { .. }));
    assert!(matches!(refused(b"int main() { return 0; }"), Error::NotALibrary { .. }));
}

#[test]
fn headers_cut_at_any_length_are_errors() {
    for bytes in [elf(), pe()] {
        for length in 0..0x98 {
            let head = &bytes[..length];
            let result = classify(head, length as u64, Path::new("cut.dll"));
            assert!(result.is_err() || length >= 20, "{length}");
        }
    }
    assert!(matches!(refused(&elf()[..12]), Error::Truncated { .. }));
    assert!(matches!(refused(&pe()[..0x82]), Error::Truncated { .. }));
    assert!(matches!(refused(&pe()[..0x90]), Error::Truncated { .. }));
    assert!(matches!(refused(&pe()[..0xA0]), Error::Truncated { .. }));
}

#[test]
fn damaged_headers_never_panic() {
    for bytes in [elf(), pe()] {
        damage(&bytes, 10_000, |bytes| {
            let _ = classify(bytes, bytes.len() as u64, Path::new("damaged"));
        });
    }
}

#[test]
fn what_is_no_file_is_an_error_too() {
    let directory = Directory::new("classify");
    let error = Image::open(directory.path()).unwrap_err();
    assert!(matches!(&error, Error::NotALibrary { content, .. } if content.what == "a directory"), "{error}");
    let absent = directory.path().join("absent.dll");
    let error = Image::open(&absent).unwrap_err();
    assert!(matches!(&error, Error::NotFound { tried, .. } if tried == &[absent]), "{error}");
    #[cfg(unix)]
    assert!(matches!(Image::open(Path::new("/dev/zero")), Err(Error::NotALibrary { .. })));
}

#[test]
fn a_header_far_behind_is_found() {
    let directory = Directory::new("far_header");
    let mut bytes = pe();
    let far = 0x2_0000_usize;
    let header = bytes[0x80..0x400].to_vec();
    bytes.resize(far, 0);
    bytes.extend(header);
    bytes[0x3C..0x40].copy_from_slice(&u32::try_from(far).unwrap().to_le_bytes());
    let path = directory.write("far.dll", &bytes);
    assert_eq!(Image::open(&path).unwrap().machine(), Machine::I386);
}

#[test]
fn every_message_names_file_finding_and_remedy() {
    let cases: [(Vec<u8>, &[&str]); 4] = [
        (b"hello\n".to_vec(), &["file.bin", "a text file", "load the shared library"]),
        (altered(elf(), 18, &[40, 0]), &["file.bin", "32-bit ARM", "x86 build"]),
        (altered(pe(), 0x80, b"NE"), &["file.bin", "16-bit", "32-bit (Win32) build"]),
        (b"!<arch>\n".to_vec(), &["file.bin", "static archive", "load the shared library"]),
    ];
    for (bytes, parts) in cases {
        let message = refused(&bytes).to_string();
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
}
