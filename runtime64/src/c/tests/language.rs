//! The features of C and of its dialects, each with its meaning here.

use super::{declared, refused};
use crate::c::{Abi, ConstantValue, Declarations, Type, layout};

/// The declarations of a text, one line per name.
#[track_caller]
fn printed(text: &str) -> Vec<String> {
    declared(text).iter().map(ToString::to_string).collect()
}

#[test]
fn declarators_are_read_from_the_name_outwards() {
    let cases = [
        "int *(*(*f(int (*a)[3]))(char))[4]",
        "void (*signal(int number, void (*handler)(int)))(int)",
        "int (*(*f(void))(int))(long)",
        "char (*(*f(int))[2])(void)",
        "int (**f(void))(int)",
        "const char *const *volatile *f(void)",
        "int (__stdcall *(__cdecl *f(int a))(char))(long)",
    ];
    for text in cases {
        assert_eq!(printed(&format!("{text};")), [text]);
    }
    assert_eq!(
        printed("int a, *b, c[2], (*d)[2], f(void), (*g)(void);"),
        [
            "extern int a",
            "extern int *b",
            "extern int c[2]",
            "extern int (*d)[2]",
            "int f(void)",
            "extern int (*g)(void)"
        ]
    );
    assert_eq!(printed("int ((x)); int (f)(int);"), ["extern int x", "int f(int)"]);
}

#[test]
fn lengths_of_arrays() {
    let cases = [
        ("extern int a[2 + 3 * 4];", "extern int a[14]"),
        ("enum { N = 3 }; extern int a[N][N - 1];", "extern int a[3][2]"),
        ("extern int a[(1 << 4) / sizeof(int)];", "extern int a[4]"),
        ("extern int a['A' - 'B' + 2 ? 7 : 8];", "extern int a[7]"),
        ("extern int a[];", "extern int a[]"),
        ("typedef int A[?];", "typedef int A[?]"),
        (
            "void f(int a[static 3], int b[const], int c[*], int d[restrict static 2]);",
            "void f(int *a, int *b, int *c, int *d)",
        ),
        ("void f(int n, int a[n][3]);", "void f(int n, int (*a)[3])"),
        ("extern int a[0];", "extern int a[0]"),
    ];
    for (text, expected) in cases {
        assert_eq!(printed(text).last().unwrap(), expected, "{text}");
    }
}

#[test]
fn qualifiers_stand_on_either_side() {
    let cases = [
        ("extern int const x;", "extern const int x"),
        ("extern const int volatile x;", "extern const volatile int x"),
        ("extern const const int x;", "extern const int x"),
        ("extern char *__restrict const x;", "extern char *const restrict x"),
        ("typedef int *P; extern const P x;", "extern const P x"),
        ("extern CONST char __volatile__ *x;", "extern const volatile char *x"),
        ("extern const int x[2];", "extern const int x[2]"),
    ];
    for (text, expected) in cases {
        assert_eq!(printed(text).last().unwrap(), expected, "{text}");
    }
}

#[test]
fn storage_classes() {
    let cases: [(&str, &[&str]); 9] = [
        ("extern int x;", &["extern int x"]),
        ("int x;", &["extern int x"]),
        ("static int x;", &[]),
        ("extern _Thread_local int x; extern __thread int y;", &["extern int x", "extern int y"]),
        ("register int x;", &["extern int x"]),
        ("int extern x; int typedef T;", &["extern int x", "typedef int T"]),
        ("static int f(int a) { return a; } static inline int g(void) { return 0; }", &[]),
        ("int f(int a) { return a; } static int g(int);", &["int f(int a)", "int g(int)"]),
        ("_Noreturn void f(void); __forceinline int g(void) { for (;;) ; }", &["void f(void)"]),
    ];
    for (text, expected) in cases {
        assert_eq!(printed(text), expected, "{text}");
    }
}

#[test]
fn conventions_stand_where_compilers_put_them() {
    let one = "int __stdcall f(int a)";
    for text in [
        "int __stdcall f(int a);",
        "int _stdcall f(int a);",
        "__stdcall int f(int a);",
        "int WINAPI f(int a);",
        "int (__stdcall f)(int a);",
        "int f(int a) __attribute__((stdcall));",
        "int f(int a) __attribute__((__stdcall__, nothrow));",
        "int __attribute__((stdcall)) f(int a);",
        "__attribute__((stdcall)) int f(int a);",
        "__declspec(dllimport) int __stdcall f(int a);",
        "int __declspec(dllimport) __stdcall f(int a);",
        "typedef int F(int a); F __stdcall f;",
        "typedef int __stdcall F(int a); F f;",
        "typedef int F(int a) __attribute__((stdcall)); F f;",
    ] {
        assert_eq!(printed(text).last().unwrap(), one, "{text}");
    }
    let pointer = "extern int (__fastcall *p)()";
    for text in [
        "int (__fastcall *p)();",
        "int (__attribute__((fastcall)) *p)();",
        "int (*__fastcall p)();",
        "int (* __attribute__((fastcall)) p)();",
        "int (*p)() __attribute__((fastcall));",
    ] {
        assert_eq!(printed(text).last().unwrap(), pointer, "{text}");
    }
    let cases = [
        ("void *__cdecl f(void (__stdcall *)(int), ...);", "void *__cdecl f(void (__stdcall *)(int), ...)"),
        ("typedef void (CALLBACK *H)(); int f(H h, void (WINAPI *)());", "int f(H h, void (__stdcall *)())"),
        ("struct pair { int a, b; }; struct pair __stdcall f(void);", "struct pair __stdcall f(void)"),
        ("extern int (__thiscall *table[2])(void *);", "extern int (__thiscall *table[2])(void *)"),
    ];
    for (text, expected) in cases {
        assert_eq!(printed(text).last().unwrap(), expected, "{text}");
    }
}

#[test]
fn integers_of_a_width() {
    let cases = [
        ("__int8", "char"),
        ("signed __int8", "signed char"),
        ("unsigned __int8", "unsigned char"),
        ("_int16", "short"),
        ("__int16 unsigned", "unsigned short"),
        ("__int32", "int"),
        ("unsigned _int32", "unsigned int"),
        ("__int64", "long long"),
        ("unsigned __int64", "unsigned long long"),
        ("__int128", "__int128"),
        ("int __attribute__((mode(DI)))", "long long"),
        ("unsigned int __attribute__((__mode__(__QI__)))", "unsigned char"),
    ];
    for (text, expected) in cases {
        assert_eq!(Declarations::new().parse_type(text).unwrap().to_string(), expected, "{text}");
    }
}

#[test]
fn strings_and_characters_take_prefixes_and_escapes() {
    let text = |text: &str| ConstantValue::String(text.as_bytes().to_vec());
    let wide = |text: &str| ConstantValue::WideString(text.to_owned());
    let cases = [
        (r#""a" "b" /**/ "c""#, text("abc")),
        (r#"u8"ä\u00e4""#, text("ää")),
        (r#""\a\b\f\n\r\t\v\\\'\"\?""#, text("\x07\x08\x0c\n\r\t\x0b\\'\"?")),
        (r#""\101\x42\0""#, text("AB\0")),
        (r#""\xff""#, ConstantValue::String(vec![0xFF])),
        (r#"L"ab" "c""#, wide("abc")),
        (r#""a" L"b""#, wide("ab")),
        (r#"u"\U0001F600""#, wide("😀")),
        (r"U'\U0001F600'", ConstantValue::Integer(0x1F600)),
        (r"L'\xffff'", ConstantValue::Integer(0xFFFF)),
        (r"u'ä'", ConstantValue::Integer(0xE4)),
        (r"'\377'", ConstantValue::Integer(-1)),
        (r"'MZ'", ConstantValue::Integer(0x4D5A)),
    ];
    for (expression, expected) in cases {
        let declarations = declared(&format!("#define X {expression}\n"));
        let value = declarations.constant("X").and_then(|constant| constant.value(Abi::I386Windows));
        assert_eq!(value, Some(expected), "{expression}");
    }
    for text in [r"'\q'", r"''", r"'\u12'", r"'\x'"] {
        assert!(Declarations::new().declare(&format!("enum {{ A = {text} }};")).is_err(), "{text}");
    }
}

#[test]
fn structs_and_unions_nest() {
    let declarations = declared(
        "struct outer { int tag; union { int i; struct { char low, high; }; float f; }; struct inner { int a; } one, *two;
                        enum kind { FIRST, SECOND } kind; struct outer *next; };
         typedef union { struct outer o; struct { int : 4; unsigned b : 3; } bits; } T;",
    );
    assert_eq!(
        declarations.parse_type("struct outer").unwrap().definition(),
        "struct outer {\n    int tag;\n    union { int i; struct { char low; char high; }; float f; };\n    struct inner one;\n    \
         struct inner *two;\n    enum kind kind;\n    struct outer *next;\n}"
    );
    assert_eq!(layout(&declarations.parse_type("T").unwrap(), Abi::I386SystemV).unwrap().size, 24);
    assert!(declarations.constant("SECOND").is_some());
    let offset = declared(
        "struct s { int a; union { char b; struct { short c; int d; }; }; };\nenum { D = offsetof(struct s, d) };",
    );
    assert_eq!(offset.constant("D").unwrap().value(Abi::I386SystemV), Some(ConstantValue::Integer(8)));
}

#[test]
fn alignments_and_packing() {
    let cases = [
        ("struct s { char a; _Alignas(8) char b; }", 16),
        ("struct s { char a; _Alignas(double) char b; }", 16),
        ("struct s { char a; __declspec(align(4)) char b; }", 8),
        ("struct s { char a; int b __attribute__((packed)); }", 5),
        ("struct s { char a; int b; } __attribute__((packed))", 5),
        ("struct __attribute__((packed, aligned(2))) s { char a; int b; }", 6),
        ("__declspec(align(32)) struct s { char a; }", 32),
        ("struct __declspec(align(32)) s { char a; }", 32),
        ("struct s { char a; } __attribute__((aligned))", 16),
    ];
    for (text, size) in cases {
        let declarations = declared(&format!("{text};"));
        let ty = declarations.parse_type("struct s").unwrap();
        assert_eq!(layout(&ty, Abi::I386Windows).unwrap().size, size, "{text}");
    }
    for text in ["struct s { _Alignas(3) int a; };", "struct s { int a __attribute__((aligned(1 << 29))); };"] {
        refused(text);
    }
}

#[test]
fn attributes_without_meaning_for_calls_are_passed_over() {
    for text in [
        "int f(int a) __attribute__((nonnull(1), deprecated(\"no\"), format(printf, 1, 2), pure, __const__));",
        "__attribute__((visibility(\"default\"))) int __attribute__((warn_unused_result)) f(int a);",
        "__declspec(dllexport) __declspec(noinline) __declspec(deprecated(\"x\")) int f(int a);",
        "__declspec(dllimport noreturn) int f(int a);",
        "int f(__attribute__((unused)) int a);",
        "__extension__ extern int f(register int a);",
        "#pragma comment(lib, \"x\")\n#pragma GCC visibility push(default)\nint f(int a);",
    ] {
        assert_eq!(printed(text), ["int f(int a)"], "{text}");
    }
}

#[test]
fn c_plus_plus_stands_aside() {
    let text = "#ifdef __cplusplus\nextern \"C\" {\nclass X;\n#endif\nint f(int a);\n#ifdef __cplusplus\n}\n#endif\n";
    assert_eq!(printed(text), ["int f(int a)"]);
    assert_eq!(
        printed("extern \"C\" int f(int a); extern \"C\" { extern \"C\" { int g(void); } }"),
        ["int f(int a)", "int g(void)"]
    );
    let message = refused("extern \"C++\" { int f(int); }").to_string();
    assert!(
        message.contains("the language \"C++\" is not supported; declare the C functions that the library exports"),
        "{message}"
    );
}

#[test]
fn enumerations_compute() {
    let declarations = declared(
        "enum level { LOW = 1 << 2, MIDDLE = LOW * 2 + 1, HIGH, LAST = HIGH, NEGATIVE = -LOW, };
         enum small : unsigned char { ONE = 1 }; enum __attribute__((packed)) tiny { T = 200 }; enum big { B = 1LL << 40 };",
    );
    let value = |name| declarations.constant(name).unwrap().value(Abi::I386SystemV).unwrap();
    let expected = [("MIDDLE", 9), ("HIGH", 10), ("LAST", 10), ("NEGATIVE", -4)];
    for (name, number) in expected {
        assert_eq!(value(name), ConstantValue::Integer(number), "{name}");
    }
    let size = |name: &str| layout(&declarations.parse_type(name).unwrap(), Abi::I386SystemV).unwrap().size;
    assert_eq!(["enum level", "enum small", "enum tiny", "enum big"].map(size), [4, 1, 1, 8]);
}

#[test]
fn assertions_hold_or_say_what_they_assert() {
    declared(
        "_Static_assert(sizeof(long) == 4, \"32 bits\"); static_assert(1); struct s { int a; _Static_assert(1, \"\"); };",
    );
    let message =
        refused("struct s { char a; };\n_Static_assert(sizeof(struct s) == 2, \"two \" \"bytes\");").to_string();
    assert!(
        message.starts_with(
            "line 2, column 16: static assertion failed on every platform: two bytes\n    _Static_assert("
        ),
        "{message}"
    );
}

#[test]
fn a_function_without_a_prototype_takes_any_arguments() {
    let declarations = declared("int f(); typedef int (*F)(); int g(void);");
    assert!(!declarations.function("f").unwrap().ty.prototype && declarations.function("g").unwrap().ty.prototype);
    let Type::Pointer(pointee) = declarations.parse_type("F").unwrap().resolve().clone() else { panic!() };
    assert_eq!(pointee.to_string(), "int ()");
}
