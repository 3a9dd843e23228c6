use super::{declared, refused};

#[test]
fn the_same_twice_is_fine() {
    let cases = [
        "int f(int a);",
        "int f(char a[4]); int f(char *b);",
        "int f(const int a); int f(int);",
        "typedef int T; T f(T); int f(int);",
        "extern int x;",
        "typedef struct { int a; union { int b; float c; }; } S;",
        "struct s { int a; struct s *next; struct { int b; } inner; };",
        "enum e { A, B = 5 };",
        "typedef enum { C } E;",
        "static const int N = 5;",
        "#define LIMIT 5\n",
        "#define LIMIT ( 5 )\n#define LIMIT (5)\n",
        "typedef unsigned long DWORD; DWORD g(DWORD);",
    ];
    for text in cases {
        let mut declarations = declared(text);
        declarations.declare(text).unwrap_or_else(|error| panic!("{error}"));
        let count = declarations.iter().count();
        declarations.declare(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(declarations.iter().count(), count);
    }
}

#[test]
fn something_else_shows_both() {
    // Two declarations, and their form in the message.
    let cases = [
        ("int f(int a);", "long f(int a);", "int f(int a)", "long f(int a)"),
        ("int f(int);", "int f(int, int);", "int f(int)", "int f(int, int)"),
        ("int f(int);", "int __stdcall f(int);", "int f(int)", "int __stdcall f(int)"),
        ("int f(int) asm(\"h\");", "int f(int) asm(\"g\");", "int f(int) asm(\"h\")", "int f(int) asm(\"g\")"),
        ("int f(int *a);", "int f(_Out_ int *a);", "int f(int *a)", "int f(_Out_ int *a)"),
        ("int f(char *);", "int f(const char *);", "int f(char *)", "int f(const char *)"),
        ("int f(int);", "int f;", "int f(int)", "extern int f"),
        ("typedef int T;", "typedef long T;", "typedef int T", "typedef long T"),
        ("enum { A };", "enum { B, A };", "A = 0", "A = 1"),
        ("extern int x;", "extern short x;", "extern int x", "extern short x"),
        ("struct s { int a; };", "struct s { int b; };", "struct s {\n    int a;\n  }", "struct s {\n    int b;\n  }"),
        ("struct s;", "union s;", "struct s", "union s"),
        ("enum e { A };", "enum e { A, B };", "enum e {\n    A = 0\n  }", "enum e {\n    A = 0,\n    B = 1\n  }"),
        ("#define N 1\n", "#define N 2\n", "#define N 1", "#define N 2"),
        (
            "struct s { int a; };",
            "#pragma pack(1)\nstruct s { int a; };",
            "struct s {",
            "__pragma(pack(push, 1)) struct s {",
        ),
    ];
    for (first, second, before, now) in cases {
        let shown = |message: &str| {
            assert!(message.contains("conflicting declarations of"), "{message}");
            let spaced = message.replace("      ", "    ");
            assert!(spaced.contains(&format!("before: {before}")), "{message}");
            assert!(spaced.contains(&format!("now:    {now}")), "{message}");
        };
        shown(&refused(&format!("{first}\n{second}")).to_string());
        shown(&declared(first).declare(second).unwrap_err().to_string());
    }
}

#[test]
fn of_a_long_declaration_what_differs_is_shown() {
    let members: String = (0..1000).map(|index| format!("int m{index}; ")).collect();
    let error = refused(&format!("struct s {{ {members} int a; }};\nstruct s {{ {members} long a; }};")).to_string();
    for shown in ["before: struct s {\n      …\n      int a;", "now:    struct s {\n      …\n      long a;"] {
        assert!(error.contains(shown), "{error}");
    }
    assert!(error.lines().count() <= 20, "{error}");
}

#[test]
fn a_fuller_declaration_completes_an_open_one() {
    for text in ["int f(); int f(int a); int f();", "int f(int a); int f();"] {
        assert_eq!(declared(text).function("f").unwrap().to_string(), "int f(int a)", "{text}");
    }
    for text in ["int f(int a); int f(int) asm(\"g\"); int f(int);", "int f(int a) asm(\"g\"); int f(int);"] {
        assert_eq!(declared(text).function("f").unwrap().symbol, "g", "{text}");
    }
    for text in ["int f(int a); int __cdecl f(int a);", "int __cdecl f(int a); int f(int a); int f();"] {
        assert_eq!(declared(text).function("f").unwrap().to_string(), "int __cdecl f(int a)", "{text}");
    }
    for text in ["extern int a[]; extern int a[3];", "extern int a[3]; extern int a[];"] {
        assert_eq!(declared(text).variable("a").unwrap().to_string(), "extern int a[3]", "{text}");
    }
}

#[test]
fn a_struct_is_completed_by_a_later_text() {
    let mut declarations = declared("typedef struct s s_t; s_t *make(void);");
    let before = declarations.parse_type("s_t").unwrap();
    assert!(crate::c::layout(&before, crate::c::Abi::I386SystemV).is_err());
    declarations.declare("struct s { int a, b; };").unwrap();
    assert_eq!(crate::c::layout(&before, crate::c::Abi::I386SystemV).unwrap().size, 8);
}
