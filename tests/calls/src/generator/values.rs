//! Values of every type, such that a byte in the wrong place changes them.

use std::sync::Arc;

use super::Generator;
use crate::types::{CHOICES, Member, Number, Scalar, Type, Value};

impl Generator {
    pub(super) fn value(&mut self, ty: &Type) -> Value {
        match ty {
            Type::Scalar(scalar) => Value::Scalar(*scalar, self.number(*scalar, None)),
            Type::Record(record) if record.is_union => {
                let chosen = usize::try_from(self.random.below(record.members.len() as u64)).unwrap_or_default();
                let value = self.member_value(&record.members[chosen]);
                Value::Union(Arc::clone(record), chosen, Box::new(value))
            }
            Type::Record(record) => {
                let values = record.members.iter().map(|member| self.member_value(member)).collect();
                Value::Struct(Arc::clone(record), values)
            }
        }
    }

    fn member_value(&mut self, member: &Member) -> Value {
        if let Some(length) = member.length {
            return Value::Array((0..length).map(|_| self.value(&member.ty)).collect());
        }
        match member.ty {
            Type::Scalar(scalar) => Value::Scalar(scalar, self.number(scalar, member.bits)),
            Type::Record(_) => self.value(&member.ty),
        }
    }

    /// A number of a type, or of a bit-field of this width.
    fn number(&mut self, scalar: Scalar, width: Option<u32>) -> Number {
        match scalar {
            Scalar::Integer { bits, signed, .. } => Number::Integer(self.within(width.unwrap_or(bits), signed)),
            Scalar::Bool => Number::Integer(i128::from(self.random.percent(50))),
            Scalar::Enumeration => Number::Integer(*self.random.one_of(&CHOICES)),
            Scalar::Pointer if self.random.percent(10) => Number::Integer(0),
            // Nothing lies there, and nobody looks.
            Scalar::Pointer => {
                let most = if self.abi.is_i386 { 0x7FFF_FFFF } else { 0x7FFF_FFFF_FFFF };
                Number::Integer(i128::from(1 + self.random.below(most)))
            }
            // Eighths of 20-bit numbers are exact in either type, and few of their bytes are zero.
            Scalar::Float | Scalar::Double => {
                let eighths = i32::try_from(self.random.below(1 << 20)).unwrap_or_default() - (1 << 19);
                Number::Floating(f64::from(eighths) / 8.0)
            }
        }
    }

    /// An integer of so many bits: any, or one at the ends of the range.
    fn within(&mut self, bits: u32, signed: bool) -> i128 {
        let least = if signed { -(1i128 << (bits - 1)) } else { 0 };
        let most = least + (1i128 << bits) - 1;
        match self.random.below(8) {
            0 => least,
            1 => most,
            2 if signed => -1,
            _ => least + i128::from(self.random.number()) % (1i128 << bits),
        }
    }
}
