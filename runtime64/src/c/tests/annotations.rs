//! Annotations that do not fit, and those in preprocessor output.

use super::{declared, refused};
use crate::c::Direction;

#[test]
fn what_cannot_hold_is_refused_where_it_stands() {
    // A text and the first line of its message.
    let cases = [
        (
            "int f(_Out_ int x);",
            "line 1, column 7: '_Out_' says that the function writes through a pointer, but 'int x' is not a pointer",
        ),
        (
            "int f(int n, _Inout_ const int *x);",
            "line 1, column 14: '_Inout_' says that the function writes to the target of 'const int *x', which is const",
        ),
        (
            "int f(_Out_ void (*done)(int));",
            "line 1, column 7: '_Out_' says that the function writes to the target of 'void (*done)(int)', which is a function",
        ),
        (
            "int f(_Outptr_ int *x);",
            "line 1, column 7: '_Outptr_' says that the function stores a pointer, but the target of 'int *x' is not a pointer; \
             use '_Out_' for other targets",
        ),
        (
            "int f(_Out_ void *x);",
            "line 1, column 7: the size that '_Out_' writes to 'void *x' is unknown; '_Out_writes_bytes_(size)' specifies it",
        ),
        (
            "int f(_Out_z_ char *x);",
            "line 1, column 7: the size of the buffer 'char *x' of '_Out_z_' is unknown; '_Out_writes_z_(size)' specifies it",
        ),
        (
            "int f(_Out_ int x[3]);",
            "line 1, column 7: the length of an array is not part of a parameter's type; '_Out_writes_(count)' specifies it",
        ),
        (
            "int f(_Inout_ int x[]);",
            "line 1, column 7: the length of an array is not part of a parameter's type; '_Inout_updates_(count)' specifies it",
        ),
        (
            "int f(_In_reads_(n) int x, int n);",
            "line 1, column 7: '_In_reads_' describes the memory behind a pointer, but 'int x' is not a pointer",
        ),
        (
            "int f(_Out_writes_(cuont) int *x,\n      int count);",
            "line 1, column 20: the size 'cuont' is neither a parameter of this function nor a constant; did you mean 'count'?",
        ),
        (
            "int f(_Out_writes_(8 * N) int *x);",
            "line 1, column 24: the size 'N' is neither a parameter of this function nor a constant",
        ),
        (
            "int f(_In_reads_(n) const int *x, double n);",
            "line 1, column 18: the size 'n' is not an integer but 'double n'",
        ),
        (
            "int f(_In_reads_(n) const int *x, int *n);",
            "line 1, column 18: the size 'n' is not an integer but 'int *n'; '*n' is the integer it points to",
        ),
        (
            "int f(_In_reads_(*n) const int *x, int n);",
            "line 1, column 19: the size '*n' is not an integer: 'int n' does not point to one",
        ),
        (
            "int f(_Out_writes_to_(n, *m) int *x, int n, float *m);",
            "line 1, column 27: the size '*m' is not an integer: 'float *m' does not point to one",
        ),
        (
            "int f(_Out_writes_(*n) int *x, _Out_ int *n);",
            "line 1, column 21: the capacity must be known before the call, but '*n' is not, because of '_Out_'; \
             '_Inout_' gives it a value",
        ),
        (
            "int f(_Out_writes_(return) int *x);",
            "line 1, column 7: the capacity must be known before the call, but the result is not",
        ),
        (
            "struct s { void (*f)(_Out_ int); };",
            "line 1, column 22: '_Out_' says that the function writes through a pointer, but 'int' is not a pointer",
        ),
    ];
    for (text, expected) in cases {
        let message = refused(text).to_string();
        assert_eq!(message.lines().next(), Some(expected), "{text}");
    }
}

#[test]
fn what_holds_is_taken() {
    declared(
        "#define LIMIT 8
         enum unit { ONE };
         int a(_Out_writes_(LIMIT) int *x, _Out_writes_bytes_(MAX_PATH) void *y, _Out_writes_(n) int z[], int n);
         int b(_In_reads_(*n) const int *x, _In_ const size_t *n, _Out_writes_bytes_(unit) void *y, enum unit unit);
         int c(_Out_writes_to_(_Old_(*n), return + 1) char *x, _Inout_ unsigned long *n);
         int d(_Inout_ void *state, _In_ void *other, _Inout_z_ char *text, _Outptr_ void **x, _Out_ struct open *y);
         int e(_Outptr_result_buffer_(*n) int **x, _Out_ int *n, _In_ int z);",
    );
}

#[test]
fn in_and_out_are_one() {
    let declarations = declared("int f(IN OUT int *x, OUT IN int *y, IN int z);");
    let function = declarations.function("f").unwrap();
    assert_eq!(function.to_string(), "int f(IN OUT int *x, IN OUT int *y, IN int z)");
    let direction = |index: usize| function.ty.parameters[index].annotation.as_ref().map(|found| found.direction);
    assert_eq!([direction(0), direction(1)], [Some(Direction::InOut); 2]);
}

#[test]
fn what_a_preprocessor_put_out_is_taken_without() {
    let declarations = declared("# 1 \"sdk.h\"\nint f(_Out_ void *x, _Out_ int *y, _In_reads_(m) const int *z);");
    assert_eq!(declarations.function("f").unwrap().to_string(), "int f(void *x, _Out_ int *y, const int *z)");
}

#[test]
fn long_lists_take_no_long_time() {
    let one = |index: usize| format!("_Out_writes_(p{}) int *p{index}", index + 1);
    let parameters: Vec<String> = (0..20_000).map(one).collect();
    declared(&format!("int f({});", parameters.join(", ")));
    // Each of these is invalid, and none is compared with all others.
    let function = |index: usize| format!("int f{index}({});\n", parameters[..500].join(", "));
    let functions: String = (0..20).map(function).collect();
    declared(&format!("# 1 \"sdk.h\"\n{functions}"));
}
