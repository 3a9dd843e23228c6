use super::*;

/// The plan for a declaration of `f`.
fn plan(declaration: &str) -> Option<Box<Plan>> {
    let types = Arc::new(Types::default());
    types.declare(declaration, &[]).expect("the declaration is valid");
    let function = types.declarations().function("f").expect("f is declared");
    Plan::of(&types, &function.ty, Abi::I386SystemV, Encoding::Utf8)
}

#[test]
fn functions_without_effective_annotations_have_no_plan() {
    let texts = [
        "int f(void);",
        "int f(int *x, const char *y);",
        "int f(_In_ int x, _In_opt_ void *y);",
        "_Ret_z_ const char *f(int x);",
        "int f(_Inout_opt_ struct open *x);",
    ];
    for text in texts {
        assert!(plan(text).is_none(), "{text}");
    }
}

#[test]
fn the_number_of_arguments_decides_which_they_are() {
    use GivenArguments::{All, Inferred, Read};
    // A function, whether it is variadic, and the arguments for each number of them from 0.
    let cases: &[(&str, bool, &[Option<GivenArguments>])] = &[
        ("int f(_Out_ int *a, _Out_ int *b);", false, &[Some(Read), None, Some(All), None]),
        ("int f(_In_reads_(n) const int *a, int n);", false, &[None, Some(Inferred), Some(All), None]),
        ("int f(_Out_writes_(n) char *a, int n);", false, &[None, Some(Read), Some(All)]),
        (
            "int f(_In_reads_(n) const int *a, _Out_writes_(n) int *b, int n);",
            false,
            &[None, Some(Inferred), Some(Read), Some(All)],
        ),
        ("int f(_Inout_updates_(n) int *a, int n);", false, &[None, Some(Inferred), Some(All)]),
        // The text does not determine the size of its buffer.
        ("int f(_Inout_updates_(n) char *a, int n);", false, &[None, None, Some(All)]),
        ("int f(_In_reads_(n + 1) const int *a, int n);", false, &[None, None, Some(All)]),
        ("int f(_In_ int *a, _Out_ int *b, ...);", true, &[None, Some(Read), Some(All), Some(All)]),
    ];
    for (text, is_variadic, expected) in cases {
        let plan = plan(text).expect("f has annotations");
        for (given, expected) in expected.iter().enumerate() {
            assert_eq!(plan.arguments(given, *is_variadic), *expected, "{text} with {given}");
        }
    }
}

#[test]
fn outputs_are_converted_by_their_type() {
    let cases = [
        ("char", "Text(Utf8)"),
        ("wchar_t", "Text(Wide(Utf32))"),
        ("char16_t", "Text(Wide(Utf16))"),
        ("unsigned char", "Bytes"),
        ("BYTE", "Bytes"),
        ("void", "Bytes"),
        ("signed char", "Numbers"),
        ("unsigned short", "Numbers"),
        ("_Bool", "Numbers"),
        ("double", "Numbers"),
        ("void *", "Objects"),
        ("POINT", "Objects"),
    ];
    for (element, expected) in cases {
        let plan = plan(&format!("int f(_Out_writes_(n) {element} *a, int n);")).expect("f has annotations");
        let target = plan.roles[0].target.as_ref().expect("the parameter has a target");
        assert_eq!(format!("{:?}", target.shape), expected, "{element}");
    }
}

#[test]
fn incomplete_types_are_passed_as_pointers() {
    let plan = plan("int f(_Inout_ struct open *a, _Inout_ void *b, _Out_ struct open *c);")
        .expect("f has annotations that refuse NULL");
    for role in &plan.roles {
        assert_eq!((role.passing, role.accepts_nil), (Passing::Plain, false));
    }
    assert_eq!(plan.read_count, 3);
}

#[test]
fn sizes_are_computed_from_known_values() {
    let plan = plan("int f(_Out_writes_to_(2 * n + sizeof(int), *m - return) char *a, int n, _Inout_ int *m);");
    let extent = plan.expect("f has annotations").roles.swap_remove(0).extent.expect("the parameter has a size");
    let size = |size: &Size, n: Option<i64>, m: i64, result: i64| {
        let value = |size: &Size| -> Result<Option<i64>, ()> {
            Ok(match size {
                Size::Parameter(1) => n,
                Size::Pointed(2, _) => Some(m),
                Size::Result => Some(result),
                other => panic!("{other:?}"),
            })
        };
        size.evaluate(&mut { value })
    };
    assert_eq!(size(&extent.capacity, Some(5), 0, 0), Ok(Some(14)));
    assert_eq!(size(&extent.capacity, Some(-5), 0, 0), Ok(Some(-6)));
    assert_eq!(size(&extent.capacity, Some(i64::MAX), 0, 0), Ok(None), "it overflows");
    assert_eq!(size(&extent.capacity, None, 0, 0), Ok(None));
    let valid = extent.valid.expect("the annotation has a valid size");
    assert_eq!(size(&valid, None, 7, 9), Ok(Some(-2)));
}
