//! Structs, unions and complex numbers by value: their description for the worker.

use protocol::{Eightbyte, Record, limits};

use super::ctype::{Ctype, Form};
use super::fields::Fields;
use super::number::Number;
use crate::c::Abi;

/// The largest record that System V passes in registers on x86-64.
const REGISTER_BYTES: u64 = 16;

/// The description of a type for the worker, or the reason that values of it cannot be passed.
pub(super) fn record(ctype: &Ctype) -> Result<Record, String> {
    let layout = ctype.layout().map_err(|error| error.reason)?;
    let Form::Record(fields) = &ctype.form else {
        return Err("values of it cannot be passed".to_owned());
    };
    if layout.size == 0 {
        return Err("it has no bytes".to_owned());
    }
    if layout.size > limits::RECORD_BYTES.into() {
        return Err(format!("it has {} bytes; at most {} can be passed by value", layout.size, limits::RECORD_BYTES));
    }
    if fields.is_complex && matches!(&fields.list[0].ctype.form, Form::Number(Number::Extended)) {
        return Err("a complex long double cannot be passed by value; use a pointer".to_owned());
    }
    Ok(Record {
        bytes: layout.size as u32,
        align: layout.align as u32,
        registers: registers(ctype, fields, layout.size),
    })
}

/// The registers it is passed in, as far as its size does not determine them.
fn registers(ctype: &Ctype, fields: &Fields, bytes: u64) -> Vec<Eightbyte> {
    match ctype.abi {
        Abi::X8664SystemV => eightbytes(ctype, bytes),
        Abi::I386SystemV if fields.is_complex && bytes == 8 => vec![Eightbyte::Integer],
        Abi::I386SystemV | Abi::I386Windows if is_one_float(ctype) => vec![Eightbyte::Sse],
        _ => Vec::new(),
    }
}

/// Whether a struct consists of one `float` or `double`, possibly nested.
fn is_one_float(ctype: &Ctype) -> bool {
    match &ctype.form {
        Form::Number(Number::Float(_)) => true,
        Form::Array(array) => array.count == Some(1) && is_one_float(&array.element),
        Form::Record(fields) if !fields.is_union && !fields.is_complex => match fields.list.as_slice() {
            [only] => only.bits.is_none() && is_one_float(&only.ctype),
            _ => false,
        },
        _ => false,
    }
}

/// The classes of eightbytes (System V ABI AMD64, 3.2.3); empty if it is passed in memory.
fn eightbytes(ctype: &Ctype, bytes: u64) -> Vec<Eightbyte> {
    if bytes > REGISTER_BYTES {
        return Vec::new();
    }
    let mut classes = vec![None; bytes.div_ceil(8) as usize];
    if classify(ctype, 0, &mut classes).is_none() {
        return Vec::new();
    }
    match classes.as_slice() {
        [Some(Eightbyte::X87), Some(Eightbyte::X87)] => vec![Eightbyte::X87],
        classes if classes.contains(&Some(Eightbyte::X87)) => Vec::new(),
        // Trailing padding is not passed.
        classes => classes.iter().map_while(|class| *class).collect(),
    }
}

/// Merges the classes of a type at an offset into `classes`; `None` if it is passed in memory.
fn classify(ctype: &Ctype, offset: u64, classes: &mut [Option<Eightbyte>]) -> Option<()> {
    let layout = ctype.layout().ok()?;
    match &ctype.form {
        Form::Record(fields) => {
            for field in &fields.list {
                match field.bits {
                    Some(bits) if bits.width == 0 => {}
                    Some(bits) => {
                        // A bit-field belongs to the eightbytes that contain its bits.
                        let first = offset + field.offset;
                        let last = first + (u64::from(bits.first) + u64::from(bits.width) - 1) / 8;
                        merge(classes, first, Eightbyte::Integer);
                        merge(classes, last, Eightbyte::Integer);
                    }
                    None => classify(&field.ctype, offset + field.offset, classes)?,
                }
            }
        }
        Form::Array(array) => {
            let size = array.element.bytes().ok()?;
            // An array without elements is classified too, as in GCC.
            for index in 0..array.count.unwrap_or(0).max(1) {
                classify(&array.element, offset + index * size, classes)?;
            }
        }
        form => {
            if !offset.is_multiple_of(layout.align) {
                return None;
            }
            let class = match form {
                Form::Number(Number::Float(_)) => Eightbyte::Sse,
                Form::Number(Number::Extended) => Eightbyte::X87,
                _ => Eightbyte::Integer,
            };
            merge(classes, offset, class);
            if layout.size > 8 {
                merge(classes, offset + 8, class);
            }
        }
    }
    Some(())
}

fn merge(classes: &mut [Option<Eightbyte>], offset: u64, class: Eightbyte) {
    if let Some(known) = classes.get_mut((offset / 8) as usize) {
        *known = match (*known, class) {
            (None, class) => Some(class),
            (Some(Eightbyte::Integer), _) | (_, Eightbyte::Integer) => Some(Eightbyte::Integer),
            (Some(known), _) => Some(known),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Types;
    use super::*;
    use Eightbyte::{Integer, Sse, X87};

    fn described(text: &str, abi: Abi) -> Result<Record, String> {
        let types: Arc<Types> = Arc::default();
        record(&types.named(text.as_bytes(), abi).expect("the type is valid"))
    }

    #[test]
    fn system_v_passes_small_records_in_registers() {
        let cases: &[(&str, &[Eightbyte])] = &[
            ("struct { char c[3]; }", &[Integer]),
            ("struct { float x, y; }", &[Sse]),
            ("struct { float x, y, z; }", &[Sse, Sse]),
            ("struct { double d; int i; }", &[Sse, Integer]),
            ("struct { float f; int i; }", &[Integer]),
            ("union { double d; long long i; }", &[Integer]),
            ("struct { long long a[3]; }", &[]),
            ("struct { char c; int i; } __attribute__((packed))", &[]),
            ("struct { int i; float f; } __attribute__((packed))", &[Integer]),
            ("struct { int a : 3; int b : 20; double d; }", &[Integer, Sse]),
            ("struct { long double x; }", &[X87]),
            ("union { long double x; int i; }", &[]),
            ("struct { int i; } __attribute__((aligned(16)))", &[Integer]),
            ("struct { float f; int none[0]; }", &[Integer]),
            ("float _Complex", &[Sse]),
            ("double _Complex", &[Sse, Sse]),
        ];
        for (text, expected) in cases {
            assert_eq!(described(text, Abi::X8664SystemV).expect(text).registers, *expected, "{text}");
        }
    }

    #[test]
    fn i386_gets_the_registers_that_the_size_does_not_determine() {
        let cases: &[(&str, Abi, &[Eightbyte])] = &[
            ("struct { float f; }", Abi::I386Windows, &[Sse]),
            ("struct { struct { double d[1]; } inner; }", Abi::I386Windows, &[Sse]),
            ("union { float f; }", Abi::I386Windows, &[]),
            ("struct { float x, y; }", Abi::I386Windows, &[]),
            ("float _Complex", Abi::I386SystemV, &[Integer]),
            ("float _Complex", Abi::I386Windows, &[]),
            ("double _Complex", Abi::I386SystemV, &[]),
        ];
        for (text, abi, expected) in cases {
            assert_eq!(described(text, *abi).expect(text).registers, *expected, "{text}");
        }
    }

    #[test]
    fn types_that_cannot_be_passed_by_value_have_a_reason() {
        let abi = Abi::I386SystemV;
        let cases = [
            ("struct { }", "no bytes"),
            ("struct { char c[70000]; }", "70000 bytes"),
            ("long double _Complex", "long double"),
            ("int[3]", "cannot be passed"),
        ];
        for (text, reason) in cases {
            let refused = described(text, abi).expect_err(text);
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
