use super::*;

/// The plan of a function that is declared so.
fn plan(declaration: &str) -> Option<Box<Plan>> {
    let types = Arc::new(Types::default());
    types.declare(declaration, &[]).expect("the declaration is right");
    let function = types.declarations().function("f").expect("it declares f");
    Plan::of(&types, &function.ty, Abi::I386SystemV, Encoding::Utf8)
}

#[test]
fn functions_that_annotations_say_nothing_of_have_no_plan() {
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
    use Arguments::{All, Inferred, Read};
    // A function, whether it has a variable number of arguments, and what each number of them is, from 0.
    let cases: &[(&str, bool, &[Option<Arguments>])] = &[
        ("int f(_Out_ int *a, _Out_ int *b);", false, &[Some(Read), None, Some(All), None]),
        ("int f(_In_reads_(n) const int *a, int n);", false, &[None, Some(Inferred), Some(All), None]),
        ("int f(_Out_writes_(n) char *a, int n);", false, &[None, Some(Read), Some(All)]),
        (
            "int f(_In_reads_(n) const int *a, _Out_writes_(n) int *b, int n);",
            false,
            &[None, Some(Inferred), Some(Read), Some(All)],
        ),
        ("int f(_Inout_updates_(n) int *a, int n);", false, &[None, Some(Inferred), Some(All)]),
        // How large a buffer for text is to be, the text does not tell.
        ("int f(_Inout_updates_(n) char *a, int n);", false, &[None, None, Some(All)]),
        ("int f(_In_reads_(n + 1) const int *a, int n);", false, &[None, None, Some(All)]),
        ("int f(_In_ int *a, _Out_ int *b, ...);", true, &[None, Some(Read), Some(All), Some(All)]),
    ];
    for (text, is_variadic, expected) in cases {
        let plan = plan(text).expect("it has annotations");
        for (given, expected) in expected.iter().enumerate() {
            assert_eq!(plan.arguments(given, *is_variadic), *expected, "{text} with {given}");
        }
    }
}

#[test]
fn what_is_written_becomes_what_its_type_suggests() {
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
        let plan = plan(&format!("int f(_Out_writes_(n) {element} *a, int n);")).expect("it has annotations");
        let target = plan.roles[0].target.as_ref().expect("values can stand for it");
        assert_eq!(format!("{:?}", target.shape), expected, "{element}");
    }
}

#[test]
fn what_is_incomplete_is_passed_as_a_pointer() {
    let plan = plan("int f(_Inout_ struct open *a, _Inout_ void *b, _Out_ struct open *c);").expect("NULL is refused");
    for role in &plan.roles {
        assert_eq!((role.passing, role.takes_nil), (Passing::Plain, false));
    }
    assert_eq!(plan.short, 3);
}

#[test]
fn sizes_are_computed_from_what_is_known() {
    let plan = plan("int f(_Out_writes_to_(2 * n + sizeof(int), *m - return) char *a, int n, _Inout_ int *m);");
    let extent = plan.expect("it has annotations").roles.swap_remove(0).extent.expect("it has a size");
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
    let valid = extent.valid.expect("it tells what is valid");
    assert_eq!(size(&valid, None, 7, 9), Ok(Some(-2)));
}
