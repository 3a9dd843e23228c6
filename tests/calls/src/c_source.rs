//! The C text of a library: each function compares what it is given with what it expects, and counts what differs.

use std::fmt::Write;

use crate::sample::{IN_C, Sample, parameter};
use crate::types::{CHOICE, Number, Scalar, Value};

const PRELUDE: &str = r#"
#include "export.h"

#include <stdio.h>
#include <string.h>

static char found[2000], taken[2000];

static void mistake(const char *function, const char *expected) {
    size_t length = strlen(found);
    snprintf(found + length, sizeof found - length, "%s in %s is wrong; ", expected, function);
}
#define EXPECT(condition) do { if (!(condition)) mistake(__func__, #condition); } while (0)

EXPORT const char *take_mistakes(void) {
    memcpy(taken, found, sizeof found);
    found[0] = 0;
    return taken[0] == 0 ? NULL : taken;
}
"#;

/// One file for many samples.
pub(crate) fn file(samples: &[Sample]) -> String {
    let mut text = format!("{PRELUDE}{CHOICE}\n");
    for sample in samples {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}{} {{\n", sample.definitions(), sample.declaration(&IN_C, "EXPORT "));
        text.push_str(&if sample.is_callback { caller(sample) } else { function(sample) });
        text.push_str("}\n");
    }
    text
}

/// Of a function: its parameters are compared, its result is made.
fn function(sample: &Sample) -> String {
    let mut text = String::new();
    for (position, (_, value)) in (1..).zip(&sample.parameters) {
        compare(&mut text, &parameter(position), value);
    }
    if let Some((ty, value)) = &sample.result {
        make(&mut text, &ty.words(), "result", value);
        text.push_str("    return result;\n");
    }
    text
}

/// Of what calls a callback: the arguments are made, the result is compared and given on.
fn caller(sample: &Sample) -> String {
    let mut text = String::new();
    let mut arguments = Vec::new();
    for (position, (ty, value)) in (1..).zip(&sample.parameters) {
        let name = parameter(position);
        make(&mut text, &ty.words(), &name, value);
        arguments.push(name);
    }
    let call = format!("callback({});\n", arguments.join(", "));
    match &sample.result {
        Some((ty, value)) => {
            let _ = write!(text, "    {} result = {call}", ty.words());
            compare(&mut text, "result", value);
            text.push_str("    return result;\n");
        }
        None => text.push_str(&format!("    {call}")),
    }
    text
}

/// Declares a variable of this value. What no member covers is filled, too: it must not matter.
fn make(text: &mut String, ty: &str, name: &str, value: &Value) {
    let _ = write!(text, "    {ty} {name};\n    memset(&{name}, 0x5A, sizeof {name});\n");
    let mut leaves = Vec::new();
    value.leaves(name, &mut leaves);
    for (path, scalar, number) in leaves {
        let _ = writeln!(text, "    {path} = {};", literal(scalar, number));
    }
}

fn compare(text: &mut String, name: &str, value: &Value) {
    let mut leaves = Vec::new();
    value.leaves(name, &mut leaves);
    for (path, scalar, number) in leaves {
        let _ = writeln!(text, "    EXPECT({path} == {});", literal(scalar, number));
    }
}

/// A constant of C.
fn literal(scalar: Scalar, number: Number) -> String {
    match (scalar, number) {
        (Scalar::Float, Number::Floating(number)) => format!("{number:?}F"),
        (_, Number::Floating(number)) => format!("{number:?}"),
        (Scalar::Pointer, Number::Integer(address)) => format!("(void *){address:#x}"),
        (Scalar::Integer { signed: false, bits: 64, .. }, Number::Integer(number)) => format!("{number}ULL"),
        (Scalar::Integer { signed: false, bits: 32, .. }, Number::Integer(number)) => format!("{number}U"),
        // There is no negative constant, and what would be the positive of the least number does not fit.
        (Scalar::Integer { signed: true, bits: 64, .. }, Number::Integer(number)) if number == i128::from(i64::MIN) => {
            "(-9223372036854775807LL - 1)".to_owned()
        }
        (Scalar::Integer { signed: true, bits: 64, .. }, Number::Integer(number)) => format!("{number}LL"),
        (_, Number::Integer(number)) if number == i128::from(i32::MIN) => "(-2147483647 - 1)".to_owned(),
        (_, Number::Integer(number)) => number.to_string(),
    }
}
