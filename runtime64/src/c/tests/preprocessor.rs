use super::{declared, refused};
use crate::c::{Abi, ConstantValue, Declarations};

fn integer(declarations: &Declarations, name: &str) -> Option<i128> {
    match declarations.constant(name)?.value(Abi::I386SystemV)? {
        ConstantValue::Integer(value) => Some(value),
        _ => None,
    }
}

#[test]
fn macros_are_constants() {
    let mut declarations = declared("#define A 5\n#define B (A * 2)\n#define C B + \\\n 1\n#define FLAG\nint x[C];");
    assert_eq!(integer(&declarations, "B"), Some(10));
    assert_eq!(integer(&declarations, "C"), Some(11));
    assert_eq!(integer(&declarations, "FLAG"), None);
    assert_eq!(declarations.variable("x").unwrap().to_string(), "extern int x[11]");
    // A later text may use them, and may use their names for parameters.
    declarations.declare("int y[A]; int f(int A, int C);").unwrap();
    assert_eq!(declarations.variable("y").unwrap().to_string(), "extern int y[5]");
    assert_eq!(declarations.function("f").unwrap().to_string(), "int f(int A, int C)");
    assert_eq!(declarations.macro_names(), ["A", "B", "C", "FLAG"]);
}

#[test]
fn a_macro_is_its_words() {
    let declarations = declared("#define N 2 + 3\nint x[N * 2]; enum { M = N };");
    assert_eq!(declarations.variable("x").unwrap().to_string(), "extern int x[8]");
    assert_eq!(integer(&declarations, "M"), Some(5));
}

#[test]
fn macros_that_are_no_constants_stand_for_their_words() {
    let declarations = declared(
        "#define API __declspec(dllimport)\n#define CALL __stdcall\n#define NOTHING\n#define handle struct h *\n#define same same
         API handle CALL f(NOTHING int same);",
    );
    assert_eq!(declarations.function("f").unwrap().to_string(), "struct h *__stdcall f(int same)");
}

#[test]
fn conditions_count_as_the_preprocessor_does() {
    // C11 6.10.1: every integer has the width of intmax_t, and a remaining word is zero.
    let cases = [
        ("#define PB PB\n#if PB", false),
        ("#define F(x) x\n#if F", false),
        ("#if UNKNOWN", false),
        ("#if true", true),
        ("#if 0xFFFFFFFFu + 1 == 0", false),
        ("#if 0xFFFFFFFF + 1 == 0x100000000", true),
        ("#if ~0 == 0xFFFFFFFF", false),
        ("#if ~0 == -1", true),
        ("#if (1 << 31) < 0", false),
        ("#if 2147483647 + 1 > 0", true),
        ("#if -1 > 0u", true),
    ];
    for (condition, expected) in cases {
        let declarations = declared(&format!("{condition}\nint taken;\n#endif\n"));
        assert_eq!(declarations.variable("taken").is_some(), expected, "{condition}");
    }
}

#[test]
fn a_comment_may_end_the_text_with_a_backslash_and_pragmas_may_begin_like_another() {
    let declarations = declared("#pragma packed_data on\nint f(void); // in c:\\temp\\");
    assert!(declarations.function("f").is_some());
}

#[test]
fn conditions_choose_lines() {
    let declarations = declared(
        "#ifdef __cplusplus
         extern \"C\" {
         #endif
         #ifndef HEADER_H
         #define HEADER_H
         #if 0
         don't look; #if nonsense /* here */
         #endif
         #elif 1
         int two(void);
         #else
         #error no
         #endif
         #define VERSION 3
         #define OLD_STYLE 0
         #if defined(VERSION) && VERSION >= 3 && !OLD_STYLE && !defined UNKNOWN && UNKNOWN == 0
         int one(void);
         #elif anything goes here
         int other(void);
         #endif
         #undef VERSION
         #ifdef VERSION
         int other(void);
         #endif
         #undef _WIN32
         #ifdef _WIN32
         int other(void);
         #endif
         #ifdef __cplusplus
         }
         #endif",
    );
    let names: Vec<_> = declarations.iter().map(|declaration| declaration.name().to_owned()).collect();
    assert_eq!(names, ["one"]);
}

#[test]
fn the_first_condition_that_holds_chooses() {
    for (conditions, expected) in [
        ("#if 0\nint a;\n#elif 1\nint b;\n#elif 1\nint c;\n#else\nint d;\n#endif", "b"),
        ("#ifdef NO\nint a;\n#elif defined(NO) || !defined(NO)\nint b;\n#else\nint c;\n#endif", "b"),
        ("#if 0\nint a;\n#elif 0\nint b;\n#else\nint c;\n#endif", "c"),
        ("#if 0\n#if 1\nint a;\n#elif 1\nint b;\n#else\nint c;\n#endif\n#else\nint d;\n#endif", "d"),
        ("#if 1\nint a;\n#elif 1 +\nint b;\n#elif nonsense(\n#endif", "a"),
    ] {
        let declarations = declared(conditions);
        let names: Vec<_> = declarations.iter().map(|declaration| declaration.name().to_owned()).collect();
        assert_eq!(names, [expected], "{conditions}");
    }
    assert!(refused("#if 0\n#elif 1 +\n#endif").to_string().contains("expected a constant expression"));
}

#[test]
fn headers_whose_types_are_known_may_be_included() {
    let declarations = declared("#include <stdint.h>\n# include \"windows.h\" // types\nDWORD f(uint8_t);");
    assert!(declarations.function("f").is_some());
}

#[test]
fn packing_follows_the_pragmas() {
    let declarations = declared(
        "#pragma pack(push, 1)
         struct one { char a; int b; };
         #pragma pack(push)
         #pragma pack(2)
         struct two { char a; int b; };
         #pragma pack(pop)
         __pragma(pack(push, name, 4)) _Pragma(\"pack(8)\")
         struct eight { char a; double b; };
         #pragma pack(pop, name)
         struct one_again { char a; int b; };
         #pragma pack(pop)
         struct natural { char a; int b; };
         #pragma once
         #pragma warning(disable: 4200)\n",
    );
    let size = |name: &str| {
        crate::c::layout(&declarations.parse_type(&format!("struct {name}")).unwrap(), Abi::I386Windows).unwrap().size
    };
    assert_eq!(["one", "two", "eight", "one_again", "natural"].map(size), [5, 6, 16, 5, 8]);
}

#[test]
fn macros_of_a_preprocessed_text_are_constants_and_expanded_no_more() {
    // Output of 'gcc -E -dD'.
    let declarations = declared(
        "# 1 \"m.h\"\n#define LIMIT 3\n#define get(x) get_it(x)\n#define later long\nint get(int later);\nint a[3];\n",
    );
    assert_eq!(integer(&declarations, "LIMIT"), Some(3));
    assert_eq!(declarations.function("get").unwrap().to_string(), "int get(int later)");
}

#[test]
fn line_markers_set_the_positions_of_errors() {
    let message = refused("# 1 \"main.c\"\n# 7 \"sdk.h\" 1 3\nint f(void);\nFOO x;\n# 3 \"main.c\" 2\n").to_string();
    assert!(message.starts_with("sdk.h, line 8, column 1: unknown type name 'FOO'"), "{message}");
    let message = refused("#line 100 \"other.h\"\nFOO x;").to_string();
    assert!(message.starts_with("other.h, line 100, column 1:"), "{message}");
}

#[test]
fn what_cannot_be_passed_is_taken_from_a_header_and_refused_where_it_is_used() {
    let text = "typedef int four __attribute__((vector_size(16)));\nextern __inline int low(_Float16 h, four v) { return 0; }\n\
                four sum(four, _Float16 _Complex *);\n";
    let mut declarations = declared(&format!("# 1 \"simd.h\"\n{text}"));
    declarations.declare(&format!("# 1 \"simd.h\"\n{text}")).unwrap();
    let sum = declarations.function("sum").unwrap();
    assert_eq!(sum.to_string(), "four sum(four, struct _Float16 *)");
    let unknown = crate::c::layout(&sum.ty.result, Abi::X8664SystemV).unwrap_err();
    assert_eq!(unknown.to_string(), "'struct four' is incomplete: its size is not known");
    // In a hand-written text, each is an error.
    assert!(refused(text).to_string().contains("'vector_size' is not supported"));
    assert!(refused("_Float16 half;").to_string().contains("use 'uint16_t' where the value is only stored"));
}

#[test]
fn finding_constants_among_many_names_is_quick() {
    let mut text = String::new();
    for i in 0..5_000 {
        text += &format!("#define A{i} unknown_word_{i}\n#define B{i} {i}\n");
    }
    let declarations = declared(&text);
    let start = std::time::Instant::now();
    let count = declarations.macro_names().iter().filter(|name| declarations.constant(name).is_some()).count();
    assert_eq!(count, 5_000);
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}
