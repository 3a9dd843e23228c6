use std::fmt::Write;
use std::sync::Arc;

use super::declared;
use crate::c::{Abi, Declarations, Layout, LayoutError, Record, Type, layout, record_layout};

#[test]
fn every_basic_type_has_its_size_and_alignment_on_every_abi() {
    // Sizes and alignments in the order of `Abi::ALL`.
    let cases: &[(&str, [(u64, u64); 4])] = &[
        ("char", [(1, 1); 4]),
        ("signed char", [(1, 1); 4]),
        ("unsigned char", [(1, 1); 4]),
        ("bool", [(1, 1); 4]),
        ("short", [(2, 2); 4]),
        ("unsigned short", [(2, 2); 4]),
        ("int", [(4, 4); 4]),
        ("unsigned", [(4, 4); 4]),
        ("enum { A }", [(4, 4); 4]),
        ("enum { A = -1, B = 0xFFFFFFFF }", [(8, 4), (8, 8), (8, 8), (8, 8)]),
        ("long", [(4, 4), (4, 4), (8, 8), (4, 4)]),
        ("unsigned long", [(4, 4), (4, 4), (8, 8), (4, 4)]),
        ("long long", [(8, 4), (8, 8), (8, 8), (8, 8)]),
        ("unsigned long long", [(8, 4), (8, 8), (8, 8), (8, 8)]),
        ("float", [(4, 4); 4]),
        ("double", [(8, 4), (8, 8), (8, 8), (8, 8)]),
        ("long double", [(12, 4), (8, 8), (16, 16), (8, 8)]),
        ("_Float128", [(16, 16); 4]),
        ("float _Complex", [(8, 4); 4]),
        ("double _Complex", [(16, 4), (16, 8), (16, 8), (16, 8)]),
        ("wchar_t", [(4, 4), (2, 2), (4, 4), (2, 2)]),
        ("size_t", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("ssize_t", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("ptrdiff_t", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("intptr_t", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("uintptr_t", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("int8_t", [(1, 1); 4]),
        ("uint16_t", [(2, 2); 4]),
        ("int32_t", [(4, 4); 4]),
        ("uint64_t", [(8, 4), (8, 8), (8, 8), (8, 8)]),
        ("va_list", [(4, 4), (4, 4), (24, 8), (8, 8)]),
        ("void *", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("int (*)(int)", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("DWORD", [(4, 4), (4, 4), (8, 8), (4, 4)]),
        ("HANDLE", [(4, 4), (4, 4), (8, 8), (8, 8)]),
        ("double [3]", [(24, 4), (24, 8), (24, 8), (24, 8)]),
        ("char [sizeof(long)]", [(4, 1), (4, 1), (8, 1), (4, 1)]),
    ];
    for (text, expected) in cases {
        let ty = Declarations::new().parse_type(text).unwrap_or_else(|error| panic!("{error}"));
        for (abi, expected) in Abi::ALL.into_iter().zip(expected) {
            let layout = layout(&ty, abi).unwrap();
            assert_eq!((layout.size, layout.align), *expected, "{text} on {abi:?}");
        }
    }
}

#[test]
fn what_has_no_size_says_why() {
    let cases = [
        ("void", "'void' has no size"),
        ("int (int)", "'int (int)' has no size"),
        ("struct unknown", "'struct unknown' is incomplete: its size is not known"),
        ("char []", "'char []' is incomplete: its size is not known"),
        ("char [?]", "'char [?]' has no fixed size: its length is set for each object"),
        ("__int128", "'__int128' does not exist on I386Windows"),
        ("char [0xFFFFFFFFFFFF]", "'char [281474976710655]' is too large"),
    ];
    for (text, expected) in cases {
        let ty = declared("struct unknown;").parse_type(text).unwrap();
        let error: LayoutError = layout(&ty, Abi::I386Windows).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

/// Structs and their layouts by compilers: size, alignment, and the byte of each named member, for bit-fields also the
/// bit within it. From `gcc -m32`, `gcc -m64`, and MinGW's GCC for i686 and x86-64 with `-mlong-double-64`.
#[rustfmt::skip]
const FIGURES: &[(&str, [&str; 4])] = &[
    ("struct s { char a; double b; };", ["12 4: 0 4", "16 8: 0 8", "16 8: 0 8", "16 8: 0 8"]),
    ("struct s { char a; long long b; char c; };", ["16 4: 0 4 12", "24 8: 0 8 16", "24 8: 0 8 16", "24 8: 0 8 16"]),
    ("struct s { short a; char b; void *c; long d; };", ["12 4: 0 2 4 8", "24 8: 0 2 8 16", "12 4: 0 2 4 8", "24 8: 0 2 8 16"]),
    ("struct s { float a; long double b; };", ["16 4: 0 4", "32 16: 0 16", "16 8: 0 8", "16 8: 0 8"]),
    ("struct s { char a[5]; short b[2]; struct { char c; int d; } e; };", ["20 4: 0 6 12", "20 4: 0 6 12", "20 4: 0 6 12", "20 4: 0 6 12"]),
    ("struct s { char a; union { int b; char c[6]; } d; char e; };", ["16 4: 0 4 12", "16 4: 0 4 12", "16 4: 0 4 12", "16 4: 0 4 12"]),
    ("struct s { int a; char tail[]; };", ["4 4: 0 4", "4 4: 0 4", "4 4: 0 4", "4 4: 0 4"]),
    ("struct s { char a; double tail[]; };", ["4 4: 0 4", "8 8: 0 8", "8 8: 0 8", "8 8: 0 8"]),
    ("struct s { };", ["0 1:", "0 1:", "0 1:", "0 1:"]),
    ("struct __attribute__((packed)) s { char a; double b; short c; };", ["11 1: 0 1 9", "11 1: 0 1 9", "11 1: 0 1 9", "11 1: 0 1 9"]),
    ("struct s { char a; int b __attribute__((packed)); };", ["5 1: 0 1", "5 1: 0 1", "5 1: 0 1", "5 1: 0 1"]),
    ("struct s { char a; short b __attribute__((aligned(8))); char c; };", ["16 8: 0 8 10", "16 8: 0 8 10", "16 8: 0 8 10", "16 8: 0 8 10"]),
    ("struct __attribute__((aligned(16))) s { char a; };", ["16 16: 0", "16 16: 0", "16 16: 0", "16 16: 0"]),
    ("struct __attribute__((packed, aligned(4))) s { char a; int b; };", ["8 4: 0 1", "8 4: 0 1", "8 4: 0 1", "8 4: 0 1"]),
    ("#pragma pack(2)\nstruct s { char a; int b; double c; };", ["14 2: 0 2 6", "14 2: 0 2 6", "14 2: 0 2 6", "14 2: 0 2 6"]),
    ("#pragma pack(1)\nstruct s { char a; int b __attribute__((aligned(8))); };", ["5 1: 0 1", "5 1: 0 1", "5 1: 0 1", "5 1: 0 1"]),
    ("struct s { int a : 3; int b : 5; int c : 8; };", ["4 4: 0.0 0.3 1.0", "4 4: 0.0 0.3 1.0", "4 4: 0.0 0.3 1.0", "4 4: 0.0 0.3 1.0"]),
    ("struct s { char a : 3; int b : 5; char c; };", ["4 4: 0.0 0.3 1", "4 4: 0.0 0.3 1", "12 4: 0.0 4.0 8", "12 4: 0.0 4.0 8"]),
    ("struct s { char c; unsigned a : 4, b : 4; };", ["4 4: 0 1.0 1.4", "4 4: 0 1.0 1.4", "8 4: 0 4.0 4.4", "8 4: 0 4.0 4.4"]),
    ("struct s { int a : 20; int b : 20; };", ["8 4: 0.0 4.0", "8 4: 0.0 4.0", "8 4: 0.0 4.0", "8 4: 0.0 4.0"]),
    ("struct s { int a : 3; int : 0; char b : 3, c : 2; };", ["8 4: 0.0 4.0 4.3", "8 4: 0.0 4.0 4.3", "8 4: 0.0 4.0 4.3", "8 4: 0.0 4.0 4.3"]),
    ("struct s { int : 0; char a : 3; int : 7; char b; };", ["3 1: 0.0 2", "3 1: 0.0 2", "12 4: 0.0 8", "12 4: 0.0 8"]),
    ("struct s { char c; long long a : 40; int b : 10; };", ["8 4: 0 1.0 6.0", "8 8: 0 1.0 6.0", "24 8: 0 8.0 16.0", "24 8: 0 8.0 16.0"]),
    ("struct s { _Bool a : 1; unsigned char b : 7; unsigned short d : 9; };", ["4 2: 0.0 0.1 2.0", "4 2: 0.0 0.1 2.0", "4 2: 0.0 0.1 2.0", "4 2: 0.0 0.1 2.0"]),
    ("struct s { short a : 9; unsigned b : 17; long long d : 33; };", ["8 4: 0.0 1.1 3.2", "8 8: 0.0 1.1 3.2", "16 8: 0.0 4.0 8.0", "16 8: 0.0 4.0 8.0"]),
    ("struct s { int c; int a : 31; char d; int b : 2; };", ["12 4: 0 4.0 8 9.0", "12 4: 0 4.0 8 9.0", "16 4: 0 4.0 8 12.0", "16 4: 0 4.0 8 12.0"]),
    ("#pragma pack(1)\nstruct s { int a : 20; int b : 20; char c; };", ["6 1: 0.0 2.4 5", "6 1: 0.0 2.4 5", "9 1: 0.0 4.0 8", "9 1: 0.0 4.0 8"]),
    ("struct __attribute__((packed)) s { char c; int a : 20; int b : 20; };", ["6 1: 0 1.0 3.4", "6 1: 0 1.0 3.4", "9 1: 0 1.0 5.0", "9 1: 0 1.0 5.0"]),
    ("struct s { char c; int a : 5 __attribute__((aligned(8))); int b : 6; };", ["16 8: 0 8.0 8.5", "16 8: 0 8.0 8.5", "16 8: 0 8.0 8.5", "16 8: 0 8.0 8.5"]),
    ("struct __attribute__((gcc_struct)) s { char a : 3; int b : 5; char c; };", ["4 4: 0.0 0.3 1", "4 4: 0.0 0.3 1", "4 4: 0.0 0.3 1", "4 4: 0.0 0.3 1"]),
    ("struct __attribute__((ms_struct)) s { char a : 3; int b : 5; char c; };", ["12 4: 0.0 4.0 8", "12 4: 0.0 4.0 8", "12 4: 0.0 4.0 8", "12 4: 0.0 4.0 8"]),
    ("struct __attribute__((ms_struct)) s { int a; double b; int c : 3; long long d : 9; };", ["32 8: 0 8 16.0 24.0", "32 8: 0 8 16.0 24.0", "32 8: 0 8 16.0 24.0", "32 8: 0 8 16.0 24.0"]),
    ("struct __attribute__((ms_struct)) s { int : 9; char a; };", ["8 4: 4", "8 4: 4", "8 4: 4", "8 4: 4"]),
    ("struct s { unsigned char a : 6; char : 0 __attribute__((aligned(4))); char b; };", ["5 1: 0.0 4", "5 1: 0.0 4", "8 4: 0.0 4", "8 4: 0.0 4"]),
    ("struct s { char a; char : 0 __attribute__((aligned(8))); char b; };", ["9 1: 0 8", "9 1: 0 8", "9 1: 0 8", "9 1: 0 8"]),
    ("struct s { char a; long long b : 8 __attribute__((packed)); char c : 8 __attribute__((aligned(2))); };", ["4 2: 0 1.0 2.0", "4 2: 0 1.0 2.0", "10 2: 0 1.0 9.0", "10 2: 0 1.0 9.0"]),
    ("struct __attribute__((packed)) s { char a : 2; int : 0 __attribute__((aligned(4))); short b : 16; };", ["6 1: 0.0 4.0", "6 1: 0.0 4.0", "8 4: 0.0 4.0", "8 4: 0.0 4.0"]),
    ("struct s { char a; long long b : 64 __attribute__((aligned(4))); };", ["12 4: 0 4.0", "16 8: 0 8.0", "16 8: 0 8.0", "16 8: 0 8.0"]),
    ("struct s { long long a : 64 __attribute__((aligned(4))); };", ["8 8: 0.0", "8 8: 0.0", "8 8: 0.0", "8 8: 0.0"]),
    ("typedef char wide __attribute__((aligned(8)));\nstruct s { int a; wide b : 8; wide c : 3; };", ["16 8: 0 4.0 8.0", "16 8: 0 4.0 8.0", "16 8: 0 8.0 9.0", "16 8: 0 8.0 9.0"]),
    ("typedef long long wide __attribute__((aligned(16)));\nstruct s { long long a; wide b : 64; };", ["16 16: 0 8.0", "16 16: 0 8.0", "32 16: 0 16.0", "32 16: 0 16.0"]),
    ("struct __attribute__((aligned(16))) s { int a; } __attribute__((aligned(8)));", ["8 8: 0", "8 8: 0", "8 8: 0", "8 8: 0"]),
    ("struct s { char a; char b __attribute__((aligned(16), aligned(8))); };", ["32 16: 0 16", "32 16: 0 16", "32 16: 0 16", "32 16: 0 16"]),
    ("typedef __attribute__((aligned(4))) char late __attribute__((aligned(16)));\nstruct s { char a; late b; };", ["8 4: 0 4", "8 4: 0 4", "8 4: 0 4", "8 4: 0 4"]),
    ("typedef const int low __attribute__((aligned(1)));\nstruct s { char a; low b; low c[2]; };", ["16 4: 0 1 8", "16 4: 0 1 8", "16 4: 0 1 8", "16 4: 0 1 8"]),
    ("struct s { char a; int b[0]; char c[]; };", ["4 4: 0 4 4", "4 4: 0 4 4", "4 4: 0 4 4", "4 4: 0 4 4"]),
    ("typedef char line[] __attribute__((aligned(8)));\nstruct s { char a; line b; };", ["1 1: 0 1", "1 1: 0 1", "1 1: 0 1", "1 1: 0 1"]),
    ("struct s { char a; const long long b[]; };", ["4 4: 0 4", "8 8: 0 8", "8 8: 0 8", "8 8: 0 8"]),
    ("struct s { char a; struct { int b; short c[]; } d; };", ["8 4: 0 4", "8 4: 0 4", "8 4: 0 4", "8 4: 0 4"]),
    ("struct s { char a; long long b[2][3]; };", ["52 4: 0 4", "56 8: 0 8", "56 8: 0 8", "56 8: 0 8"]),
    ("struct s { char a; _Alignas(16) char b; };", ["32 16: 0 16", "32 16: 0 16", "32 16: 0 16", "32 16: 0 16"]),
    ("struct s { char a; _Alignas(16) struct { char b; }; };", ["32 16: 0", "32 16: 0", "32 16: 0", "32 16: 0"]),
    ("struct s { char a; __attribute__((aligned(16))) struct { int b; }; };", ["8 4: 0", "8 4: 0", "8 4: 0", "8 4: 0"]),
    ("struct s { char a; int *__attribute__((packed)) b; };", ["8 4: 0 4", "16 8: 0 8", "8 4: 0 4", "16 8: 0 8"]),
    ("struct s { char a; char b __attribute__((aligned(__alignof__(double)))); };", ["16 8: 0 8", "16 8: 0 8", "16 8: 0 8", "16 8: 0 8"]),
    ("struct s { char a[__alignof__(long long[2])]; char b[_Alignof(long long[2])]; };", ["12 1: 0 8", "16 1: 0 8", "16 1: 0 8", "16 1: 0 8"]),
    ("struct s { char a; enum { X = -1, Y = 0xFFFFFFFF } b : 33; };", ["8 4: 0 1.0", "8 8: 0 1.0", "16 8: 0 8.0", "16 8: 0 8.0"]),
];

#[test]
fn members_lie_where_compilers_put_them() {
    let abis = [Abi::I386SystemV, Abi::X8664SystemV, Abi::I386Windows, Abi::X8664Windows];
    for (text, expected) in FIGURES {
        let record = declared_record(text);
        for (abi, expected) in abis.into_iter().zip(expected) {
            assert_eq!(figures(&record, abi), *expected, "{text} on {abi:?}");
        }
    }
}

/// The struct or union `s` of a text.
fn declared_record(text: &str) -> Arc<Record> {
    let declarations = declared(text);
    let types = ["struct s", "union s"].map(|name| declarations.parse_type(name).ok());
    let mut records = types.into_iter().flatten().filter_map(|ty| match ty {
        Type::Record(record) if record.body().is_some() => Some(record),
        _ => None,
    });
    records.next().unwrap_or_else(|| panic!("{text}"))
}

fn figures(record: &Arc<Record>, abi: Abi) -> String {
    let laid_out = record_layout(record, abi).unwrap();
    let mut text = format!("{} {}:", laid_out.layout.size, laid_out.layout.align);
    for (member, place) in record.body().unwrap().members.iter().zip(&laid_out.members) {
        match (&member.name, place.bits) {
            (Some(_), Some(bits)) => write!(text, " {}.{}", place.offset, bits.first).unwrap(),
            (Some(_), None) => write!(text, " {}", place.offset).unwrap(),
            (None, _) => {}
        }
    }
    text
}

#[test]
fn a_struct_takes_the_alignment_of_declspec() {
    for text in ["struct __declspec(align(16)) s { char a; };", "__declspec(align(16)) struct s { char a; };"] {
        let ty = declared(text).parse_type("struct s").unwrap();
        assert_eq!(layout(&ty, Abi::I386Windows).unwrap(), Layout { size: 16, align: 16 }, "{text}");
    }
}

/// Layouts in which MinGW's GCC differs from Microsoft's compiler, in the form of [`FIGURES`] for the Windows ABIs.
#[rustfmt::skip]
const MICROSOFT: &[(&str, &str)] = &[
    // "Unless overridden with __declspec(align(#)), the alignment of a scalar structure member is the minimum of its
    // size and the current packing" (Microsoft's documentation of `align`).
    ("#pragma pack(1)\nstruct s { char a; __declspec(align(8)) int b; };", "16 8: 0 8"),
    ("#pragma pack(4)\ntypedef __declspec(align(8)) int wide;\nstruct s { char a; wide b; double c; };", "24 8: 0 8 12"),
    ("struct __declspec(align(16)) m { char c[16]; };\n#pragma pack(8)\nstruct s { char a; struct m b; };", "32 16: 0 16"),
    ("struct m { __declspec(align(16)) int c; };\n#pragma pack(1)\nstruct s { char a; struct m b[2]; int c; };", "64 16: 0 16 48"),
    ("struct m { __declspec(align(16)) int c; };\nstruct __attribute__((packed)) s { char a; struct m b; };", "17 1: 0 1"),
    ("#pragma pack(1)\nstruct s { char a; __attribute__((aligned(8))) int b; };", "5 1: 0 1"),
    // A bit-field of a union occupies its whole type, and does not affect the union's alignment.
    ("union s { int a : 3; char b; };", "4 1: 0.0 0"),
    ("#pragma pack(1)\nunion s { long long a : 3; int b : 9; };", "8 1: 0.0 0.0"),
    ("union s { int a : 3; short b; };", "4 2: 0.0 0"),
    ("union s { int : 0; char a; };", "1 1: 0"),
    ("union __attribute__((gcc_struct)) s { int a : 3; char b; };", "4 4: 0.0 0"),
];

#[test]
fn members_lie_where_the_compiler_of_microsoft_puts_them() {
    for (text, expected) in MICROSOFT {
        let record = declared_record(text);
        for abi in [Abi::I386Windows, Abi::X8664Windows] {
            assert_eq!(figures(&record, abi), *expected, "{text} on {abi:?}");
        }
    }
}

#[test]
fn a_definition_says_all_that_the_layout_depends_on() {
    let texts = FIGURES.iter().map(|(text, _)| *text).chain(MICROSOFT.iter().map(|(text, _)| *text));
    for text in texts.filter(|text| !text.contains("typedef") && !text.contains("struct m")) {
        let first = declared_record(text);
        let again = declared_record(&format!("{};", Type::Record(first.clone()).definition()));
        for abi in Abi::ALL {
            assert_eq!(figures(&first, abi), figures(&again, abi), "{text} on {abi:?}");
        }
    }
}

#[test]
fn what_is_larger_than_the_address_space_is_refused_and_nothing_overflows() {
    let cases = [
        ("struct s { char a[1ULL << 47]; };", true),
        ("struct s { char a[(1ULL << 47) + 1]; };", false),
        ("struct s { char a[1ULL << 47]; char b; };", false),
        ("struct s { char a; char b[1ULL << 46]; long long c[1ULL << 42]; };", true),
        ("struct s { struct { } a[0xFFFFFFFFFFFFFFFF]; int b[0]; };", true),
        ("struct s { int a[0xFFFFFFFFFFFFFFFF]; };", false),
        ("union s { long a[1ULL << 60]; char b : 3; };", false),
        ("struct s { char a[3]; char b __attribute__((aligned(1 << 28))); };", true),
    ];
    for (text, fits) in cases {
        let laid_out = Declarations::new().declare(text);
        assert_eq!(laid_out.is_ok(), fits, "{text}");
    }
}

#[test]
fn attributes_of_a_typedef_change_its_type() {
    let declarations = declared(
        "typedef int register_t __attribute__((__mode__(__word__)));
         typedef unsigned int __attribute__((mode(QI))) octet;
         typedef char line __attribute__((aligned(64)));
         typedef struct { char a; line b; } lined;",
    );
    let sizes = |name: &str| {
        let ty = declarations.parse_type(name).unwrap();
        Abi::ALL.map(|abi| layout(&ty, abi).unwrap().size)
    };
    assert_eq!(sizes("register_t"), [4, 4, 8, 8]);
    assert_eq!(sizes("octet"), [1; 4]);
    assert_eq!(sizes("line"), [1; 4]);
    assert_eq!(sizes("lined"), [128; 4]);
}

#[test]
fn a_tagged_struct_without_name_is_a_member_on_windows_only() {
    let text = "struct inner { int a; }; struct s { char c; struct inner; struct other { int b; }; };";
    let ty = declared(text).parse_type("struct s").unwrap();
    assert_eq!(Abi::ALL.map(|abi| layout(&ty, abi).unwrap().size), [1, 12, 1, 12]);
}
