use crate::c::{Abi, Argument, ConstantValue, Declarations, Problem, Type, layout};

fn name(text: &str) -> Argument {
    Argument::Name(text.to_owned())
}

fn ty(text: &str) -> Argument {
    Argument::Type(Declarations::new().parse_type(text).unwrap())
}

use Argument::Number;

/// Declarations with arguments, and the resulting declarations.
#[test]
fn each_dollar_stands_for_the_next_argument() {
    let cases: &[(&str, &[Argument], &[&str])] = &[
        ("int f($ a);", &[ty("char *")], &["int f(char *a)"]),
        ("const $ *f(volatile $);", &[ty("int"), ty("long")], &["const int *f(volatile long)"]),
        ("$ f(void);", &[ty("int (*)(int)")], &["int (*f(void))(int)"]),
        ("$ f;", &[ty("int __stdcall(char)")], &["int __stdcall f(char)"]),
        ("extern $ x[2];", &[ty("int [3]")], &["extern int x[2][3]"]),
        ("void f($ *);", &[ty("struct { int a; }")], &["void f(struct { int a; } *)"]),
        ("extern int x[$];", &[Number(4)], &["extern int x[4]"]),
        ("extern int x[2 * $ + 1];", &[Number(-2 + 5)], &["extern int x[7]"]),
        ("extern char x[$ * sizeof($)];", &[Number(2), ty("char *")], &["extern char x[2 * sizeof ( char * )]"]),
        ("int $(int $);", &[name("Add"), name("a")], &["int Add(int a)"]),
        ("typedef $ $;", &[ty("int"), name("number")], &["typedef int number"]),
        ("typedef int T; $ x($);", &[name("T"), name("T")], &["typedef int T", "T x(T)"]),
        ("enum { $ = $, B };", &[name("A"), Number(-7)], &["A = -7", "B = -6"]),
        ("enum { A = 3 }; extern int x[$];", &[name("A")], &["A = 3", "extern int x[3]"]),
        ("static const int N = $;", &[Number(5)], &["N = 5"]),
        ("#define N 6\nextern int x[$];", &[name("N")], &["extern int x[6]"]),
        ("#if $ > 3\nextern int $;\n#endif", &[Number(4), name("big")], &["extern int big"]),
        ("#if 0\n$ $ $\n#endif\nextern int /* $ */ $; // $", &[name("x")], &["extern int x"]),
        (
            "void f(_Out_writes_($) char *p, int $);",
            &[name("n"), name("n")],
            &["void f(_Out_writes_(n) char *p, int n)"],
        ),
        ("void f(_Out_writes_($) char *p);", &[Number(9)], &["void f(_Out_writes_(9) char *p)"]),
    ];
    for (text, arguments, expected) in cases {
        let mut declarations = Declarations::new();
        declarations.declare_with(text, arguments).unwrap_or_else(|error| panic!("{text}: {error}"));
        let printed: Vec<_> = declarations.iter().map(ToString::to_string).collect();
        assert_eq!(printed, *expected, "{text}");
    }
}

#[test]
fn members_widths_alignments_and_tags_may_be_arguments() {
    let mut declarations = Declarations::new();
    let arguments = [name("tag"), ty("short"), name("first"), Number(3), Number(16), ty("struct { char c; long l; }")];
    declarations
        .declare_with("struct $ { $ $ : $; int x __attribute__((aligned($))); $; };", &arguments)
        .unwrap_or_else(|error| panic!("{error}"));
    let tagged = declarations.parse_type_with("struct $", &[name("tag")]).unwrap();
    assert_eq!(
        tagged.definition(),
        "struct tag {\n    short first : 3;\n    int x __attribute__((aligned(16)));\n    struct { char c; long l; };\n}"
    );
    assert_eq!(layout(&tagged, Abi::I386SystemV).unwrap().size, 32);
}

#[test]
fn an_anonymous_struct_that_is_given_has_its_members_on_every_platform() {
    let declarations = Declarations::new();
    let inner = declarations.parse_type("struct { int a, b; }").unwrap();
    let outer = declarations.parse_type_with("struct { $; int c; }", &[Argument::Type(inner)]).unwrap();
    let Type::Record(record) = &outer else { panic!("{outer}") };
    assert!(Abi::ALL.iter().all(|abi| record.body().unwrap().members[0].exists_on(*abi)));
}

#[test]
fn numbers_have_the_type_that_c_gives_them() {
    for (number, size) in [(1, 4), (i64::from(i32::MIN), 4), (1 << 31, 8), (i64::MIN, 8)] {
        let mut declarations = Declarations::new();
        declarations.declare_with("enum { SIZE = sizeof($) };", &[Number(number)]).unwrap();
        let value = declarations.constant("SIZE").unwrap().value(Abi::I386SystemV);
        assert_eq!(value, Some(ConstantValue::Integer(size)), "{number}");
    }
}

/// Texts that are invalid with their arguments, and the first line of each message.
#[test]
fn arguments_that_do_not_fit_are_named() {
    let cases: &[(&str, &[Argument], &str)] = &[
        ("int a[$];", &[], "line 1, column 7: '$' number 1 has no argument: no argument was given"),
        ("int a[$];\n $ b;", &[Number(1)], "line 2, column 2: '$' number 2 has no argument: one argument was given"),
        ("int a;", &[Number(1)], "line 1, column 1: one argument was given, but the text contains 0 '$'"),
        (
            "int a[$];",
            &[Number(1), ty("int"), name("x")],
            "line 1, column 7: 3 arguments were given, but the text contains 1 '$'",
        ),
        (
            "int a[$];",
            &[ty("char *")],
            "line 1, column 7: expected a constant expression, found '$' number 1, the type 'char *'",
        ),
        ("int a[$];", &[name("n")], "line 1, column 7: expected a constant, found '$' number 1, the name 'n'"),
        ("$ a;", &[Number(5)], "line 1, column 1: expected a type, found '$' number 1, the number 5"),
        ("$ a;", &[name("DWROD")], "line 1, column 1: expected a type, found '$' number 1, the name 'DWROD'"),
        ("int $;", &[ty("int")], "line 1, column 5: expected a name, found '$' number 1, the type 'int'"),
        ("int f(int $);", &[Number(2)], "line 1, column 11: expected a name, found '$' number 1, the number 2"),
        (
            "struct $ { int a; };",
            &[ty("int")],
            "line 1, column 8: expected a tag or '{', found '$' number 1, the type 'int'",
        ),
        ("struct { int $; } x;", &[Number(2)], "line 1, column 14: expected a name, found '$' number 1, the number 2"),
        (
            "struct { int a : $; } x;",
            &[name("n")],
            "line 1, column 18: expected a constant, found '$' number 1, the name 'n'",
        ),
        (
            "enum { $ };",
            &[Number(2)],
            "line 1, column 8: expected the name of an enumerator, found '$' number 1, the number 2",
        ),
        (
            "int $;",
            &[name("two words")],
            "line 1, column 5: '$' number 1 stands for the name 'two words', which is not a valid C identifier",
        ),
        (
            "int $;",
            &[name("int")],
            "line 1, column 5: '$' number 1 stands for the name 'int', which is not a valid C identifier",
        ),
        (
            "int $;",
            &[name("")],
            "line 1, column 5: '$' number 1 stands for the name '', which is not a valid C identifier",
        ),
        (
            "int $x;",
            &[name("y")],
            "line 1, column 5: '$x' is not supported; put a space after a '$' that stands for an argument",
        ),
        (
            "#define N $\nint a[N];",
            &[],
            "line 2, column 7: '$' in a macro is not supported; write it where the macro is used",
        ),
        ("int a[$];", &[Number(-1)], "line 1, column 7: a size cannot be -1"),
        (
            "void f(_Out_writes_($) char *p);",
            &[ty("int")],
            "line 1, column 21: expected a number or a parameter as a size, found '$' number 1, the type 'int'",
        ),
    ];
    for (text, arguments, expected) in cases {
        let error = match Declarations::new().declare_with(text, arguments) {
            Ok(()) => panic!("this was taken: {text}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(error.lines().next().unwrap(), *expected, "{text}");
    }
}

/// A type argument may be nested as deeply as any, and types derived from it count from there.
#[test]
fn types_within_types_end() {
    for text in ["$ *", "$ (*)(int)", "void (*)($)", "$ [1]", "struct { $ m; }"] {
        let declarations = Declarations::new();
        let mut ty = declarations.parse_type("int").unwrap();
        let error = (0..1_000).find_map(|_| match declarations.parse_type_with(text, &[Argument::Type(ty.clone())]) {
            Ok(deeper) => {
                ty = deeper;
                None
            }
            Err(error) => Some(error),
        });
        assert!(error.is_some_and(|error| matches!(*error.problem, Problem::TooDeep(_))), "{text}");
        assert!(layout(&ty, Abi::I386SystemV).is_ok());
    }
}

#[test]
fn types_take_arguments_too() {
    let declarations = Declarations::new();
    let ty = declarations.parse_type_with("$ (*)[$]", &[ty("int"), Number(3)]).unwrap();
    assert_eq!(ty.to_string(), "int (*)[3]");
    let error = declarations.parse_type_with("int *", &[Number(3)]).unwrap_err().to_string();
    assert!(error.starts_with("line 1, column 1: one argument was given, but the text contains 0 '$'"), "{error}");
}
