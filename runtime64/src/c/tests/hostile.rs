use std::fmt::Write;
use std::time::{Duration, Instant};

use super::refused;
use crate::c::{Declarations, Problem};

/// Texts with endless nesting are rejected before the stack overflows.
#[test]
fn deep_nesting_is_refused() {
    let many = 100_000;
    let repeated =
        |open: &str, middle: &str, close: &str| format!("{}{middle}{}", open.repeat(many), close.repeat(many));
    let cases = [
        format!("int {};", repeated("(", "x", ")")),
        format!("int {}x;", "*".repeat(many)),
        format!("int x{};", "[1]".repeat(many)),
        format!("int x{};", "()".repeat(many)),
        format!("int f{};", repeated("(int ", "", ")")),
        format!("int {}x{};", "(*".repeat(many), ")(int)".repeat(many)),
        repeated("struct { ", "int x;", "};"),
        repeated("union { struct { ", "int x;", "} a; } b;"),
        format!("int x[{}];", repeated("(", "1", ")")),
        format!("int x[{}1];", "- ".repeat(many)),
        format!("int x[{}1];", "!~".repeat(many)),
        format!("int x[{}1];", "1?1:".repeat(many)),
        format!("int x[{}1{}];", "1?".repeat(many), ":1".repeat(many)),
        format!("int x[{}1];", "(int)".repeat(many)),
        format!("int x[{}1];", "sizeof ".repeat(many)),
        format!("int x[{}", "sizeof(int[".repeat(many)),
        format!("int x[{}", "sizeof(struct{int a[".repeat(many)),
        format!("int f(_In_reads_({}) int *x);", repeated("(", "n", ")")),
        format!("int f(_In_reads_(n{}) int *x);", "+n".repeat(many)),
        format!("int f(_In_reads_(n{}) int *x);", "*(n".repeat(many)),
        format!("{} int x;", "__attribute__((aligned(sizeof(int ".repeat(many)),
        format!("#if {}\n#endif", repeated("(", "1", ")")),
        format!("#if {}1\n#endif", "#if ".repeat(many)),
        format!("enum e {{ {}", "A = sizeof(enum {".repeat(many)),
    ];
    for text in cases {
        let start: String = text.chars().take(60).collect();
        let error = refused(&text);
        assert!(
            matches!(&*error.problem, Problem::TooDeep(_) | Problem::Character(_) | Problem::Invalid(_)),
            "{start}: {error}"
        );
    }
}

#[test]
fn long_lists_and_chains_are_no_nesting() {
    let many = 20_000;
    let mut chain = String::new();
    for i in 0..many {
        write!(chain, "struct s{i} {{ struct s{} *next; }}; typedef struct {{ struct s{i} *p; }} t{i};", i + 1)
            .unwrap();
    }
    let mut constants = "typedef int c0;".to_owned();
    for i in 1..many {
        write!(constants, "typedef struct {{ static const c{} *const P = 0; }} c{i};", i - 1).unwrap();
    }
    let cases = [
        chain,
        constants,
        format!("int x[1{}];", "+1".repeat(many)),
        format!("int x{};", ", *y".to_owned() + &(0..many).map(|i| format!(", z{i}")).collect::<String>()),
        format!("{}int f(void);{}", "extern \"C\" {".repeat(many), "}".repeat(many)),
        format!("int f(void) {}{}", "{".repeat(many), "}".repeat(many)),
        "int f(int);".repeat(many),
    ];
    for text in cases {
        let start: String = text.chars().take(60).collect();
        Declarations::new().declare(&text).unwrap_or_else(|error| panic!("{start}: {error}"));
    }
}

/// Types that refer to each other twice double at each step; no code may visit all of them.
#[test]
fn doubling_stays_cheap() {
    let start = Instant::now();
    let mut functions = String::from("typedef int a0(int); typedef int b0(int); struct s0 { char c; };\n");
    let mut macros = String::from("#define M0 1 +\n");
    for i in 1..80 {
        let j = i - 1;
        writeln!(functions, "typedef int a{i}(a{j} *, a{j} *); typedef int b{i}(b{j} *, b{j} *);").unwrap();
        writeln!(functions, "typedef struct {{ struct s{j} *p; }} u{i}; struct s{i} {{ struct s{j} *x; u{i} y, z; }};")
            .unwrap();
        writeln!(macros, "#define M{i} M{j} M{j}").unwrap();
    }
    let mut declarations = Declarations::new();
    declarations.declare(&functions).unwrap();
    assert!(declarations.declare("a79 f; b79 f;").is_err());
    let error = declarations.declare(&format!("{macros}int x[M60 1];")).unwrap_err();
    assert!(matches!(&*error.problem, Problem::Expansion(_)), "{error}");
    let mut records = String::from("struct r0 { char c; };");
    for i in 1..40 {
        write!(records, "struct r{i} {{ struct r{0} a, b; }};", i - 1).unwrap();
    }
    declarations.declare(&records).unwrap();
    // No name repeats here, as there are no names.
    let mut nameless = String::from("typedef struct { int : 1; } n0;");
    for i in 1..40 {
        write!(nameless, "typedef struct {{ n{0}; n{0}; }} n{i};", i - 1).unwrap();
    }
    assert!(declarations.declare(&nameless).unwrap_err().to_string().contains("anonymous"));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn typedef_chains_end() {
    let mut text = String::from("typedef int t0;");
    for i in 1..10_000 {
        write!(text, "typedef t{} *t{i};", i - 1).unwrap();
    }
    assert!(matches!(&*refused(&text).problem, Problem::TooDeep(_)));
    let mut text = String::from("struct s0 { int a; };");
    for i in 1..10_000 {
        write!(text, "struct s{i} {{ struct s{} a; }};", i - 1).unwrap();
    }
    assert!(matches!(&*refused(&text).problem, Problem::TooDeep(_)));
}

#[test]
fn huge_objects_are_refused() {
    for text in [
        "struct s { char a[1ULL << 62]; };",
        "struct s { char a[1ULL << 46]; char b[1ULL << 47]; };",
        "struct s { int a[1ULL << 40][1ULL << 40]; };",
    ] {
        assert!(refused(text).to_string().contains("too large"), "{text}");
    }
}

/// Damaged texts result in an error or in declarations, never in a panic or a hang.
#[test]
fn damaged_texts_do_no_harm() {
    const TEXT: &str = "#define N (1 << 2)\n#pragma pack(push, 1)\ntypedef struct tag { unsigned a : 3, : 0; union { int b[N]; \
        struct tag *next; }; char tail[]; } T;\n#pragma pack(pop)\n#if defined(N) && N > 3\nenum e { A = 'x', B = sizeof(T *) };\n\
        #endif\nextern \"C\" { BOOL (WINAPI *table[3])(_Out_writes_to_(n, *n) char *p, int n OPTIONAL, ...); }\n\
        static inline int f(void) { return \"}\"[0]; } int g(int) asm(\"h\") __attribute__((stdcall));\nstatic const double d = 1.5e3;\n";
    let pieces = [
        "(", ")", "{", "}", "[", "]", "*", ",", ";", "\"", "'", "/*", "#", "\\", "\n", "int ", "struct ", "\u{e9}",
        "\0", "0x",
    ];
    // A linear congruential generator: the same texts each time.
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for cut in 0..TEXT.len() {
        let _ = Declarations::new().declare(&TEXT[..cut]);
        let _ = Declarations::new().declare(&TEXT[cut..]);
    }
    for _ in 0..3_000 {
        let mut text = TEXT.to_owned();
        for _ in 0..=random(4) {
            let place = random(text.len());
            match random(3) {
                _ if !text.is_char_boundary(place) => {}
                0 => text.truncate(place),
                1 => text.insert_str(place, pieces[random(pieces.len())]),
                _ => {
                    text.remove(place);
                }
            }
            if text.is_empty() {
                break;
            }
        }
        let _ = Declarations::new().declare(&text);
        let _ = Declarations::new().parse_type(&text);
    }
}
