use super::declared;
use crate::c::{Convention, Declarations, Direction, ExtentUnit, SizeExpression, Type};

#[test]
fn type_names_print_as_c() {
    // The text of a type and how it prints; an empty second part means the same.
    let cases = [
        ("int", ""),
        ("unsigned", "unsigned int"),
        ("long unsigned int", "unsigned long"),
        ("long long signed", "long long"),
        ("char signed", "signed char"),
        ("long double", ""),
        ("double long", "long double"),
        ("_Bool", "bool"),
        ("float _Complex", ""),
        ("__int64", "long long"),
        ("unsigned __int8", "unsigned char"),
        ("__uint128_t", "unsigned __int128"),
        ("size_t", ""),
        ("wchar_t", ""),
        ("const char *", ""),
        ("char const *", "const char *"),
        ("char *const", ""),
        ("const volatile int *restrict", ""),
        ("char **", ""),
        ("int (*)(int)", ""),
        ("int (*)()", ""),
        ("int (*)(void)", ""),
        ("int (__stdcall *)(int, ...)", ""),
        ("int (WINAPI *)(int)", "int (__stdcall *)(int)"),
        ("int __stdcall(int)", "int __stdcall(int)"),
        ("int (__attribute__((fastcall)) *)(int)", "int (__fastcall *)(int)"),
        ("int [3][4]", ""),
        ("int (*)[3]", ""),
        ("int *[3]", ""),
        ("char [?]", ""),
        ("char []", ""),
        ("char [2 * 3 + 1]", "char [7]"),
        ("char [sizeof(void *)]", "char [sizeof ( void * )]"),
        ("void (*(*)(int))(long)", ""),
        ("void (*(*[4])(int (*)(char)))(long)", ""),
        ("void (__stdcall *(__cdecl *)(int))(long)", ""),
        ("struct point *", ""),
        ("union u", ""),
        ("enum e *", ""),
        ("struct { int a; unsigned b : 3; }", "struct { int a; unsigned int b : 3; }"),
        ("DWORD", ""),
        ("LPCWSTR *", ""),
        ("CONST CHAR FAR *", "const CHAR *"),
        ("int (const int a[10], int f(void))", "int (const int *a, int (*f)(void))"),
        ("void (int n, double v[n])", "void (int n, double *v)"),
        ("va_list", ""),
    ];
    for (text, printed) in cases {
        let declarations = declared("enum e { A }; struct point; union u;");
        let ty = declarations.parse_type(text).unwrap_or_else(|error| panic!("{error}"));
        let expected = if printed.is_empty() { text } else { printed };
        let got = ty.to_string();
        assert_eq!(got.replace("int __stdcall (", "int __stdcall("), expected, "{text}");
        let again = declarations.parse_type(&got).unwrap_or_else(|error| panic!("{error}"));
        if !matches!(ty, Type::Record(_)) && !text.contains("struct point") && !text.contains("union") {
            assert_eq!(again, ty, "{text}");
        }
    }
}

#[test]
fn functions_print_as_c() {
    // Each text declares one function `f`; an empty second part means that it prints the same.
    let cases = [
        ("int f(int a, int b)", ""),
        ("int f()", ""),
        ("void f(void)", ""),
        ("extern int f(const char *format, ...)", "int f(const char *format, ...)"),
        ("BOOL __stdcall f(HANDLE h)", ""),
        ("__declspec(dllimport) BOOL WINAPI f(HANDLE)", "BOOL __stdcall f(HANDLE)"),
        ("BOOL f(HANDLE) __attribute__((stdcall))", "BOOL __stdcall f(HANDLE)"),
        ("__attribute__((stdcall)) BOOL f(HANDLE)", "BOOL __stdcall f(HANDLE)"),
        ("char *__cdecl f(void)", "char *__cdecl f(void)"),
        ("__stdcall int *f(void)", "int *__stdcall f(void)"),
        ("int (__fastcall f)(int)", "int __fastcall f(int)"),
        ("void f(int (__stdcall *callback)(void *, int), void *data)", ""),
        ("int (*f(int a))(long)", "int (*f(int a))(long)"),
        ("int (__stdcall *__cdecl f(int a))(long)", "int (__stdcall *__cdecl f(int a))(long)"),
        ("struct pair __stdcall f(int a)", ""),
        ("union either *__cdecl f(void)", ""),
        ("struct { int a; } __fastcall f(void)", "struct { int a; } __fastcall f(void)"),
        ("enum { A } WINAPI f(void)", "enum { A = 0 } __stdcall f(void)"),
        ("int f(void) asm(\"real_f\")", ""),
        ("int f(void) __asm__(\"real\" \"_f\") __attribute__((nothrow))", "int f(void) asm(\"real_f\")"),
        ("int f(struct s { int a; } *p)", "int f(struct s *p)"),
        ("int f(char a[static 4], int (b)[], char (*c)[3])", "int f(char *a, int *b, char (*c)[3])"),
        ("int f(int (BOOL))", "int f(int (*)(BOOL))"),
        ("int f(int BOOL)", "int f(int BOOL)"),
        ("int f(unsigned DWORD, int in, int out)", "int f(unsigned int DWORD, int in, int out)"),
        ("int f(_In_ int a, _Out_opt_ int *b)", ""),
        (
            "int f(__in int a, IN int b, OUT int *c OPTIONAL, int IN, int __out)",
            "int f(__in int a, IN int b, OUT int *c, int IN, int __out)",
        ),
        ("_Check_return_ _Ret_z_ const char *f(_Reserved_ int a)", "_Ret_z_ const char *f(int a)"),
        (
            "int f(_Out_writes_to_(cap * sizeof(WCHAR), *len + 1) void *buffer, int cap, _Inout_ int *len)",
            "int f(_Out_writes_to_(cap * sizeof(WCHAR), *len + 1) void *buffer, int cap, _Inout_ int *len)",
        ),
        ("__extension__ static __inline int f(int)", "int f(int)"),
        ("EXTERN_C DECLSPEC_IMPORT void *STDMETHODCALLTYPE f(REFIID)", "void *__stdcall f(REFIID)"),
    ];
    for (text, printed) in cases {
        let declarations = declared(&format!("{text};"));
        let function = declarations.function("f").unwrap_or_else(|| panic!("{text}"));
        assert_eq!(function.to_string(), if printed.is_empty() { text } else { printed }, "{text}");
        // The printed text declares the same.
        let mut again = declarations;
        again.declare(&format!("{function};")).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn typedefs_keep_their_names_and_conventions() {
    let declarations = declared(
        "typedef unsigned char byte_t, *byte_pointer;
         typedef int (__stdcall *callback_t)(byte_pointer);
         typedef int (CALLBACK plain_t)(byte_t);
         typedef struct node { struct node *next; byte_t value; } node_t;
         void f(callback_t, plain_t *, node_t const *);",
    );
    let function = declarations.function("f").unwrap();
    assert_eq!(function.to_string(), "void f(callback_t, plain_t *, const node_t *)");
    for index in [0, 1] {
        let callback = function.ty.parameters[index].ty.function().unwrap();
        assert_eq!(callback.convention, Some(Convention::Stdcall));
    }
    let printed: Vec<_> = declarations.iter().map(ToString::to_string).collect();
    assert_eq!(
        printed[..5],
        [
            "typedef unsigned char byte_t",
            "typedef unsigned char *byte_pointer",
            "typedef int (__stdcall *callback_t)(byte_pointer)",
            "typedef int __stdcall plain_t(byte_t)",
            "typedef struct node node_t",
        ]
    );
}

#[test]
fn a_name_is_a_type_only_where_it_is_one() {
    let declarations =
        declared("typedef int T; typedef struct { T T; } S; void f(T T); int g(const T); unsigned T2(int T);");
    assert_eq!(declarations.function("f").unwrap().to_string(), "void f(T T)");
    assert_eq!(declarations.function("g").unwrap().to_string(), "int g(const T)");
    assert_eq!(declarations.function("T2").unwrap().to_string(), "unsigned int T2(int T)");
}

#[test]
fn old_annotations_are_names_where_nothing_follows_them() {
    let declarations = declared(
        "struct s { unsigned __in : 3, IN; int __reserved[4]; char __out, OUT; int *__callback; };
         int f(__reserved int __reserved, __in int __in, OUT int *OUT);",
    );
    assert_eq!(
        declarations.parse_type("struct s").unwrap().definition(),
        "struct s {\n    unsigned int __in : 3;\n    unsigned int IN;\n    int __reserved[4];\n    char __out;\n    char OUT;\n    int *__callback;\n}"
    );
    assert_eq!(declarations.function("f").unwrap().to_string(), "int f(int __reserved, __in int __in, OUT int *OUT)");
}

#[test]
fn annotations_are_kept_on_parameters() {
    let declarations = declared(
        "int Read(_Out_writes_bytes_to_opt_(cap, *len) void *buf, int cap, _Inout_ int *len, _In_opt_z_ LPCSTR name,
                  _Outptr_result_maybenull_ void **result, int n, _In_reads_(n) const double *v);",
    );
    let function = declarations.function("Read").unwrap();
    let annotation = |index: usize| function.ty.parameters[index].annotation.clone().unwrap();
    let buffer = annotation(0);
    assert_eq!((buffer.direction, buffer.optional), (Direction::Out, true));
    let extent = buffer.extent.unwrap();
    assert_eq!(extent.unit, ExtentUnit::Bytes);
    assert_eq!(extent.capacity, SizeExpression::Parameter("cap".to_owned()));
    assert_eq!(extent.valid, Some(SizeExpression::Dereference("len".to_owned())));
    assert!(function.ty.parameters[1].annotation.is_none());
    assert_eq!(annotation(2).direction, Direction::InOut);
    assert!(annotation(3).zero_terminated && annotation(3).optional);
    assert_eq!(annotation(4).direction, Direction::OutPointer);
    assert_eq!(annotation(6).extent.unwrap().unit, ExtentUnit::Elements);
}

#[test]
fn an_annotation_of_a_callbacks_result_is_not_the_parameters() {
    let declarations = declared("void f(_Ret_z_ const char *(*get)(int), _In_ int (*put)(_In_z_ const char *));");
    let function = declarations.function("f").unwrap();
    let [get, put] = &function.ty.parameters[..] else { panic!("{function}") };
    assert!(get.annotation.is_none() && get.ty.function().unwrap().result_annotation.is_some());
    assert!(put.annotation.is_some() && put.ty.function().unwrap().result_annotation.is_none());
    super::refused("void f(_Ret_z_ const char *name);");
}

#[test]
fn what_a_header_adds_around_declarations_is_skipped() {
    let declarations = declared(
        "extern \"C\" {
         static inline int helper(int x) { return \"}\"[x] + '}'; }
         __extension__ typedef long long big;
         __attribute__((visibility(\"default\"), noreturn)) void stop(int) __attribute__((cold));
         extern __inline __attribute__((gnu_inline)) int fast(void) { if (1) { } return 0; }
         }
         extern \"C\" int after(big);
         _Static_assert(sizeof(int) == 4, \"int\");
         extern int table[] __attribute__((aligned(16))); ;
         asm(\".globl x\");
         int plain(int a) { return a; }",
    );
    let names: Vec<_> = declarations.iter().map(|declaration| declaration.name().to_owned()).collect();
    assert_eq!(names, ["big", "stop", "after", "table", "plain"]);
    assert_eq!(declarations.variable("table").unwrap().to_string(), "extern int table[]");
}

#[test]
fn standard_names_give_way_to_the_program() {
    let declarations = declared(
        "typedef char BOOL; typedef unsigned char bool; struct tagRECT { int a; }; BOOL f(bool, struct tagRECT *, RECT *);",
    );
    let function = declarations.function("f").unwrap();
    assert_eq!(function.ty.result.resolve().to_string(), "char");
    assert_eq!(function.ty.parameters[0].ty.resolve().to_string(), "unsigned char");
    assert_ne!(function.ty.parameters[1].ty, function.ty.parameters[2].ty);
    assert_eq!(Declarations::new().parse_type("BOOL").unwrap().resolve().to_string(), "int");
}

#[test]
fn functions_know_where_they_stand() {
    let declarations =
        declared("int a;\n  int first(void);\n# 40 \"sdk.h\" 1\nint second(void);\n\nint third(void);\n");
    let position = |name| declarations.function(name).unwrap().position.to_string();
    assert_eq!(position("first"), "line 2, column 7");
    assert_eq!(position("second"), "sdk.h, line 40, column 5");
    assert_eq!(position("third"), "sdk.h, line 42, column 5");
}

#[test]
fn a_type_is_named_by_tags_that_were_declared() {
    let declarations = declared("struct point { int x; }; enum color { RED };");
    let cases = [
        ("struct pointe *", "line 1, column 8: unknown type 'struct pointe'; did you mean 'point'?"),
        ("union other", "line 1, column 7: unknown type 'union other'; declare it first"),
        ("enum colr", "line 1, column 6: unknown type 'enum colr'; did you mean 'color'?"),
    ];
    for (text, expected) in cases {
        let error = declarations.parse_type(text).unwrap_err().to_string();
        assert_eq!(error.lines().next(), Some(expected), "{text}");
    }
    assert_eq!(declarations.parse_type("struct tagRECT *").unwrap().to_string(), "struct tagRECT *");
}

#[test]
fn complex_is_a_word_of_types_unless_it_is_a_name() {
    let cases = [
        ("complex", "double _Complex"),
        ("complex double", "double _Complex"),
        ("complex float", "float _Complex"),
        ("float complex", "float _Complex"),
        ("long double complex *", "long double _Complex *"),
    ];
    for (text, expected) in cases {
        assert_eq!(Declarations::new().parse_type(text).unwrap().to_string(), expected, "{text}");
    }
    let declarations = declared("double complex; struct parts { float complex[2]; }; double complex z;");
    assert_eq!(declarations.variable("complex").unwrap().ty.to_string(), "double");
    assert_eq!(declarations.variable("z").unwrap().ty.to_string(), "double _Complex");
    let mut declarations = Declarations::new();
    declarations.declare("typedef struct { double re, im; } complex; complex sum(complex *z);").unwrap();
    assert_eq!(declarations.function("sum").unwrap().to_string(), "complex sum(complex *z)");
}

#[test]
fn the_last_declaration_needs_no_semicolon() {
    let declarations = declared("int first(void); int last(int a)");
    assert_eq!(declarations.function("last").unwrap().to_string(), "int last(int a)");
}
