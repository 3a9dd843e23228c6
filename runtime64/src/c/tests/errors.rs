use super::{declared, refused};
use crate::c::Declarations;

#[test]
fn messages_state_the_problem_and_its_position() {
    // A text and the first line of its message.
    let cases = [
        (
            "FOO bar(int);",
            "line 1, column 1: unknown type name 'FOO'; declare it first, or write '#define FOO' if it is a macro that has no meaning here",
        ),
        ("int f(int a,\n      DWROD b);", "line 2, column 7: unknown type name 'DWROD'; did you mean 'DWORD'?"),
        ("frob(int);", "line 1, column 1: unknown type name 'frob'; a function needs a result type before its name"),
        (
            "int API f(int);",
            "line 1, column 5: 'API' is not known; if it is a macro that has no meaning here, write '#define API' before this",
        ),
        (
            "API int f(int);",
            "line 1, column 1: 'API' is not known; if it is a macro that has no meaning here, write '#define API' before this",
        ),
        (
            "int f(int) NOTHROW;",
            "line 1, column 12: 'NOTHROW' is not known; if it is a macro that has no meaning here, write '#define NOTHROW' before this",
        ),
        (
            "int f(char HUGE *p);",
            "line 1, column 12: 'HUGE' is not known; if it is a macro that has no meaning here, write '#define HUGE' before this",
        ),
        (
            "int f(PARAM int p);",
            "line 1, column 7: 'PARAM' is not known; if it is a macro that has no meaning here, write '#define PARAM' before this",
        ),
        (
            "struct PACKED s { int a; };",
            "line 1, column 8: 'PACKED' is not known; if it is a macro that has no meaning here, write '#define PACKED' before this",
        ),
        (
            "struct s { int a OLD; };",
            "line 1, column 18: 'OLD' is not known; if it is a macro that has no meaning here, write '#define OLD' before this",
        ),
        (
            "int x API;",
            "line 1, column 7: 'API' is not known; if it is a macro that has no meaning here, write '#define API' before this",
        ),
        (
            "int f(int) OLD(\"2.0\");",
            "line 1, column 12: 'OLD(…)', which can only be a macro, is not supported; leave it out if it has no meaning here",
        ),
        (
            "int f OF((int a));",
            "line 1, column 7: 'OF((…))' is not supported; write the parameters without the macro, in one pair of parentheses",
        ),
        ("int f(int) int", "line 1, column 12: expected ';' after the declaration, found 'int'"),
        ("int f(int;", "line 1, column 10: expected ',' or ')', found ';'"),
        ("int int;", "line 1, column 5: 'int' cannot be combined with the type before it"),
        ("long char x;", "line 1, column 1: these words do not form a type"),
        ("int;", "line 1, column 4: this declares nothing: a name is missing"),
        ("int *;", "line 1, column 6: expected a name, found ';'"),
        ("int f(void, int);", "line 1, column 7: a parameter cannot be void"),
        ("int f()[3];", "line 1, column 5: a function cannot return an array; return a pointer to one"),
        ("int f()(int);", "line 1, column 5: a function cannot return a function; return a pointer to one"),
        ("int f[3](int);", "line 1, column 5: an array cannot hold functions; use pointers to functions"),
        ("int a[2][];", "line 1, column 5: only the first dimension of an array can be left open"),
        ("int a[-1];", "line 1, column 7: a size cannot be -1"),
        ("int a[1/0];", "line 1, column 7: this constant expression has no value: it divides by zero"),
        ("int a[N];", "line 1, column 7: unknown constant 'N'"),
        ("enum { LIMIT = 1 }; int a[LIMTI];", "line 1, column 27: unknown constant 'LIMTI'; did you mean 'LIMIT'?"),
        ("void x;", "line 1, column 6: a variable cannot be void"),
        ("struct s { int a; int a; };", "line 1, column 8: duplicate member 'a'"),
        ("struct s { struct s inner; };", "line 1, column 21: 'struct s' is incomplete: its size is not known"),
        ("struct s { int a[]; int b; };", "line 1, column 12: an array without length must be the last member"),
        ("struct s { int f(void); };", "line 1, column 16: a member cannot be a function; use a pointer to one"),
        ("struct s { int a : 33; };", "line 1, column 16: a bit-field of 33 bits does not fit in 'int'"),
        ("struct s { float a : 3; };", "line 1, column 18: a bit-field must be an integer, not 'float'"),
        ("struct s { int a };", "line 1, column 18: expected ';' after a member, found '}'"),
        ("enum e { };", "line 1, column 10: expected the name of an enumerator, found '}'"),
        ("int @x;", "line 1, column 5: unexpected character '@'"),
        ("int f(void); /* no end", "line 1, column 14: this comment is not closed"),
        ("const char *s = \"no end;", "line 1, column 17: this string is not closed"),
        ("int f(int x) { {", "line 1, column 14: this parenthesis or brace is not closed"),
        ("extern \"C\" { int f(void);", "line 1, column 12: this 'extern' block is not closed"),
        (
            "int f(int &x);",
            "line 1, column 11: a C++ reference is not supported; write a pointer, which is passed the same way",
        ),
        ("class A;", "line 1, column 1: C++ is not supported; declare the C functions that the library exports"),
        (
            "_Atomic int x;",
            "line 1, column 1: '_Atomic' is not supported; write the plain type if it has the same size",
        ),
        (
            "int __vectorcall f(int);",
            "line 1, column 5: '__vectorcall' is not supported; it changes how the library passes or stores values",
        ),
        ("int __stdcall x;", "line 1, column 5: '__stdcall' is a calling convention, but this declares no function"),
        ("int __stdcall __cdecl f(int);", "line 1, column 15: '__cdecl' contradicts '__stdcall' before it"),
        (
            "int f(int) __attribute__((__regparm__(3)));",
            "line 1, column 27: '__regparm__' is not supported; it changes how the library passes or stores values",
        ),
        (
            "struct s { int : 3; struct t { int a; } b; short; };",
            "line 1, column 44: this declares no member: a name is missing",
        ),
        (
            "typedef int v4 __attribute__((vector_size(16)));",
            "line 1, column 31: 'vector_size' is not supported; it changes how the library passes or stores values",
        ),
        (
            "int f(_Out_ _In_ int *x);",
            "line 1, column 13: '_In_' is a second annotation of the same parameter or result",
        ),
        (
            "_Out_ int f(void);",
            "line 1, column 1: '_Out_' describes a parameter; for a result use '_Ret_', '_Ret_z_' or another '_Ret_…'",
        ),
        ("int f(_Out_writes_ char *x);", "line 1, column 20: expected '(' and a size, found 'char'"),
        ("int a[$];", "line 1, column 7: '$' number 1 has no argument: no argument was given"),
        ("_Static_assert(1 == 2, \"never\");", "line 1, column 16: static assertion failed on every platform: never"),
        (
            "#include <stdio.h>",
            "line 1, column 1: '#include' of 'stdio.h' is not supported; write out the declarations that are needed, or paste the output of the preprocessor ('gcc -E')",
        ),
        ("#error stop here\n", "line 1, column 1: '#error': stop here"),
        ("#if 1\nint x;", "line 1, column 1: this '#if' is not closed"),
        ("#endif", "line 1, column 1: there is no '#if' for this"),
        ("#pragma pack(3)", "line 1, column 1: '#pragma pack' needs 1, 2, 4, 8 or 16"),
        (
            "#define MAX(a, b) a\nint x[MAX(1, 2)];",
            "line 2, column 7: 'MAX' is a macro with parameters, which is not supported; write its expansion instead",
        ),
        (
            "#ifdef _WIN32\n#endif",
            "line 1, column 8: '_WIN32' tests for a platform, which is not supported; declarations apply to every platform: choose with '#define' or '#undef' before this",
        ),
    ];
    for (text, expected) in cases {
        let message = refused(text).to_string();
        assert_eq!(message.lines().next().unwrap(), expected, "{text}");
    }
}

#[test]
fn messages_show_the_line() {
    let message = refused("typedef int number;\n\tnumber f(number a, numbr b);\n").to_string();
    assert_eq!(
        message,
        "line 2, column 21: unknown type name 'numbr'; did you mean 'number'?\n    \tnumber f(number a, numbr b);\n    \t                   ^~~~~"
    );
}

#[test]
fn messages_about_long_lines_show_the_part_that_matters() {
    let text = format!("{}FOO x;{}", "int a; ".repeat(1000), " int b;".repeat(1000));
    let message = refused(&text).to_string();
    let lines: Vec<_> = message.lines().collect();
    assert!(lines[1].chars().count() <= 104, "{message}");
    let caret = lines[2].find('^').unwrap();
    assert_eq!(&lines[1][caret..caret + 3], "FOO");
}

#[test]
fn nothing_of_a_wrong_text_is_kept() {
    let mut declarations = declared("struct s; typedef int T;");
    let wrong = "#define N 3\nstruct s { int a; }; enum e { A }; int f(void); T g(struct s); WRONG x;";
    assert!(declarations.declare(wrong).is_err());
    assert!(declarations.function("f").is_none());
    assert!(declarations.constant("A").is_none());
    assert!(declarations.constant("N").is_none());
    assert!(declarations.declare("struct s { long b; }; enum e { B, A }; long f(int);").is_ok());
}

#[test]
fn a_type_must_be_the_whole_text() {
    for text in ["int x", "int;", "", "int *)", "3", "int (*f)(int)"] {
        assert!(Declarations::new().parse_type(text).is_err(), "{text}");
    }
}
