//! The C text that makes a compiler answer, and where in it each answer will be.

use std::fmt::Write;

use crate::declaration::Sample;
use crate::probe::{Probe, Question, designator};

/// The name of the array that holds the numbers.
pub(crate) const NUMBERS: &str = "numbers";

/// What the declarations take for granted, which `runtime64::c` knows by itself.
const PRELUDE: &str = "\
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t;
typedef __WCHAR_TYPE__ wchar_t;
typedef __INT8_TYPE__ int8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __builtin_va_list va_list;
#define bool _Bool
#ifndef __int64
#define __int64 long long
#endif
#undef __declspec
#define __declspec(attribute) __attribute__((attribute))
#define align(bytes) aligned(bytes)
";

/// The name of the object that has all bits of a bit-field set, and no others.
pub(crate) fn bits_name(number: usize) -> String {
    format!("bits_{number}")
}

/// One file for many samples: their declarations, an array of numbers, and an object for each bit-field.
///
/// A number or object is counted in the order of the probes.
pub(crate) fn file(samples: &[(&Sample, &[Probe])]) -> String {
    let mut text = PRELUDE.to_owned();
    let mut numbers = String::new();
    let mut objects = String::new();
    let mut bit_fields = 0;
    for (sample, probes) in samples {
        let _ = write!(text, "{sample}");
        for Probe { ty, question } in *probes {
            // Writing to a string cannot fail.
            let _ = match question {
                Question::Size => writeln!(numbers, "sizeof({ty}),"),
                Question::Alignment => writeln!(numbers, "_Alignof({ty}),"),
                Question::Signed => writeln!(numbers, "({ty})-1 < 0,"),
                Question::Offset(steps) => writeln!(numbers, "__builtin_offsetof({ty}, {}),", designator(steps)),
                Question::Bits(steps) => {
                    bit_fields += 1;
                    let name = bits_name(bit_fields - 1);
                    writeln!(objects, "{ty} {name} = {{ .{} = -1 }};", designator(steps))
                }
            };
        }
    }
    format!("{text}unsigned long long {NUMBERS}[] = {{\n{numbers}0 }};\n{objects}")
}
