use super::{declared, refused};
use crate::c::{Abi, ConstantValue, Declarations, Type, layout};

/// The value of an expression on an ABI.
#[track_caller]
fn value(expression: &str, abi: Abi) -> Option<ConstantValue> {
    let declarations =
        declared(&format!("enum {{ TWO = 2 }}; struct s {{ char a; double b; int c[3]; }};\n#define X {expression}\n"));
    declarations.constant("X").and_then(|constant| constant.value(abi))
}

#[test]
fn expressions_have_the_values_c_gives_them() {
    let cases: &[(&str, i128)] = &[
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2 - 7 % 3", 2),
        ("-7 / 2", -3),
        ("1 << 4 | 1", 17),
        ("~0", -1),
        ("~0u", 0xFFFF_FFFF),
        ("!3 + !0", 1),
        ("-1 < 0u", 0),
        ("-1 < 0", 1),
        ("1 ? 2 : 1 / 0", 2),
        ("0 ? 1 : 0 ? 2 : 3", 3),
        ("1 || 1 / 0", 1),
        ("0 && 1 / 0", 0),
        ("1 ? -1 : 0u", 0xFFFF_FFFF),
        ("TWO << TWO", 8),
        ("'A' + 1", 66),
        ("0x7fffffff", 0x7FFF_FFFF),
        ("0xffffffff", 0xFFFF_FFFF),
        ("1 << 31", -0x8000_0000),
        ("(char)300", 44),
        ("(unsigned char)-1", 255),
        ("(DWORD)-1 >> 28", 15),
        ("(int)3.9", 3),
        ("sizeof(int[3])", 12),
        ("sizeof \"abc\"", 4),
        ("sizeof(char) + sizeof 1LL", 9),
        ("__builtin_offsetof(struct s, a)", 0),
        ("(HRESULT)0x80004005L", -2_147_467_259),
        ("INT_MAX", 2_147_483_647),
        ("true + false", 1),
        ("0xFFFFFFFFFFFFFFFFULL", 0xFFFF_FFFF_FFFF_FFFF),
        ("18446744073709551615ULL + 2", 1),
    ];
    for (expression, expected) in cases {
        for abi in [Abi::I386SystemV, Abi::I386Windows, Abi::X8664Windows] {
            assert_eq!(value(expression, abi), Some(ConstantValue::Integer(*expected)), "{expression} on {abi:?}");
        }
    }
}

#[test]
fn some_values_depend_on_the_abi() {
    let cases: &[(&str, [i128; 4])] = &[
        ("sizeof(void *)", [4, 4, 8, 8]),
        ("sizeof(long)", [4, 4, 8, 4]),
        ("~0UL", [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF]),
        ("offsetof(struct s, b)", [4, 8, 8, 8]),
        ("sizeof(struct s)", [24, 32, 32, 32]),
        ("_Alignof(double)", [4, 8, 8, 8]),
        ("sizeof(wchar_t)", [4, 2, 4, 2]),
        ("LONG_MAX", [0x7FFF_FFFF, 0x7FFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF]),
    ];
    for (expression, expected) in cases {
        for (abi, expected) in Abi::ALL.into_iter().zip(expected) {
            assert_eq!(value(expression, abi), Some(ConstantValue::Integer(*expected)), "{expression} on {abi:?}");
        }
    }
}

#[test]
fn constants_may_be_floats_pointers_and_strings() {
    let abi = Abi::I386Windows;
    assert_eq!(value("1.5 * 2", abi), Some(ConstantValue::Float(3.0)));
    assert_eq!(value("(float)0.1", abi), Some(ConstantValue::Float(f64::from(0.1f32))));
    assert_eq!(value("INVALID_HANDLE_VALUE", abi), Some(ConstantValue::Pointer(0xFFFF_FFFF)));
    assert_eq!(value("NULL", abi), Some(ConstantValue::Pointer(0)));
    assert_eq!(value("\"a\\x41\" \"\\n\"", abi), Some(ConstantValue::String(b"aA\n".to_vec())));
    assert_eq!(value("L\"ä\"", abi), Some(ConstantValue::WideString("ä".to_owned())));
    assert_eq!(value("1 / 0", abi), None);
    assert_eq!(value("int", abi), None);
}

#[test]
fn enumerators_count_on() {
    let declarations = declared("enum { A, B = 10, C, D = -3, E, F = sizeof(long), G };");
    let values =
        |abi| ["A", "B", "C", "D", "E", "F", "G"].map(|name| declarations.constant(name).unwrap().value(abi).unwrap());
    let integers = |list: [i128; 7]| list.map(ConstantValue::Integer);
    assert_eq!(values(Abi::I386SystemV), integers([0, 10, 11, -3, -2, 4, 5]));
    assert_eq!(values(Abi::X8664SystemV), integers([0, 10, 11, -3, -2, 8, 9]));
}

#[test]
fn static_const_variables_are_constants() {
    let declarations = declared(
        "static const int N = 3, M = N + 1; const double PI = 3.25; static const unsigned char B = 300;
         static const char *const NAME = \"x\"; extern const int EXTERNAL; static int table[] = { 1, 2 };
         int counter = 5; int after[M];",
    );
    let value = |name| declarations.constant(name).map(|constant| constant.value(Abi::I386SystemV).unwrap());
    assert_eq!(value("M"), Some(ConstantValue::Integer(4)));
    assert_eq!(value("PI"), Some(ConstantValue::Float(3.25)));
    assert_eq!(value("B"), Some(ConstantValue::Integer(44)));
    assert_eq!(value("NAME"), Some(ConstantValue::String(b"x".to_vec())));
    assert_eq!(value("EXTERNAL"), None);
    assert!(declarations.variable("EXTERNAL").is_some());
    assert!(declarations.variable("counter").is_some());
    assert!(declarations.variable("table").is_none());
}

#[test]
fn a_struct_may_have_constants() {
    let mut declarations = declared(
        "struct s { int a; static const int LIMIT = 2 * sizeof(long), MORE = LIMIT + 1; char text[LIMIT]; };
         struct t { static const double HALF = 0.5; struct { static const char LIMIT = 'x'; int b[LIMIT]; } inner; };",
    );
    let ty = declarations.parse_type("struct s").unwrap();
    let Type::Record(record) = ty.resolve() else { panic!("{ty}") };
    let values = |abi| {
        let constants = record.body().unwrap().constants.clone();
        constants.iter().map(|constant| constant.constant.value(abi).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(values(Abi::I386SystemV), [8, 9].map(ConstantValue::Integer));
    assert_eq!(values(Abi::X8664SystemV), [16, 17].map(ConstantValue::Integer));
    assert_eq!(layout(&ty, Abi::I386SystemV).unwrap().size, 12);
    // They belong to the struct, and the printed definition declares the same.
    assert!(declarations.constant("LIMIT").is_none());
    assert!(declarations.declare("int x[LIMIT];").is_err());
    for tag in ["struct s", "struct t"] {
        let definition = declarations.parse_type(tag).unwrap().definition();
        declarations.declare(&format!("{definition};")).unwrap();
    }
    for (text, message) in [
        ("struct u { static int a = 1; };", "a static member must be const"),
        ("struct u { static const int a; };", "expected '=' and the value of the constant"),
        ("struct u { static const int a = 1; int a; };", "duplicate member 'a'"),
        ("struct s { static const int LIMIT = 1; };", "conflicting declarations of"),
    ] {
        let error = declarations.declare(text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn constants_without_value_are_refused_where_they_are_needed() {
    for text in [
        "int a[INT_MAX + 1];",
        "int a[(int)1e20];",
        "int a[1.5];",
        "int a[\"x\"];",
        "int a[1 << 40];",
        "enum { A = 1.0 };",
    ] {
        refused(text);
    }
    assert!(Declarations::new().constant("NO_SUCH").is_none());
}
