//! Structs and unions of the shapes that conventions treat in ways of their own.

use std::sync::Arc;

use super::Generator;
use crate::types::{Member, Record, Scalar, Type};

const INTEGERS: &[(&str, u32, bool)] = &[
    ("char", 8, true),
    ("signed char", 8, true),
    ("unsigned char", 8, false),
    ("short", 16, true),
    ("unsigned short", 16, false),
    ("int", 32, true),
    ("int", 32, true),
    ("unsigned int", 32, false),
    ("long long", 64, true),
    ("unsigned long long", 64, false),
];

impl Generator {
    pub(super) fn scalar(&mut self) -> Scalar {
        match self.random.below(20) {
            0 | 1 => Scalar::Bool,
            2..=4 => Scalar::Float,
            5..=7 => Scalar::Double,
            8 | 9 => Scalar::Pointer,
            10 => Scalar::Enumeration,
            11 => {
                let bits = if self.abi.is_i386 || self.abi.is_windows { 32 } else { 64 };
                if self.random.percent(50) {
                    Scalar::Integer { words: "long", bits, signed: true }
                } else {
                    Scalar::Integer { words: "unsigned long", bits, signed: false }
                }
            }
            _ => self.integer(),
        }
    }

    fn integer(&mut self) -> Scalar {
        let (words, bits, signed) = *self.random.one_of(INTEGERS);
        Scalar::Integer { words, bits, signed }
    }

    pub(super) fn scalar_for_a_register(&mut self) -> Scalar {
        loop {
            let scalar = self.scalar();
            if scalar.fits_a_register() {
                return scalar;
            }
        }
    }

    pub(super) fn record_or_one_before(&mut self) -> Arc<Record> {
        if !self.records.is_empty() && self.random.percent(30) {
            return Arc::clone(self.random.one_of(&self.records));
        }
        self.record(0)
    }

    /// A record that lies so many levels within another.
    ///
    /// Nothing has more alignment than its members ask for: Microsoft's compiler takes no such parameter. Nothing is
    /// empty, as no two compilers pass nothing in the same way; `long double` and complex numbers are not Microsoft's.
    fn record(&mut self, depth: u32) -> Arc<Record> {
        let is_union = self.random.percent(15);
        let types = if is_union { self.alternatives(depth) } else { self.members(depth) };
        let members = types.into_iter().zip(1..).map(|((ty, length, bits), position): (_, u32)| Member {
            name: format!("m{position}"),
            ty,
            length,
            bits,
        });
        let members = members.collect();
        let pack = self.random.percent(15).then(|| *self.random.one_of(&[1, 1, 2, 4]));
        let tag = format!("{}_{}", self.prefix, self.records.len() + 1);
        let record = Arc::new(Record { is_union, tag, pack, members });
        self.records.push(Arc::clone(&record));
        record
    }

    fn members(&mut self, depth: u32) -> Vec<(Type, Option<usize>, Option<u32>)> {
        match self.random.below(10) {
            // Bytes: every size, and none that fits a register but those of one.
            0 | 1 => vec![(self.byte(), Some(self.size()), None)],
            // Floating-point numbers, alone and in company.
            2 | 3 => {
                let count = 1 + self.random.below(4);
                let first = *self.random.one_of(&[Scalar::Float, Scalar::Float, Scalar::Double]);
                let mixed = self.random.percent(20);
                let mut next = || if mixed { self.scalar() } else { first };
                (0..count).map(|_| (Type::Scalar(next()), None, None)).collect()
            }
            4 => (0..=self.random.below(4)).map(|_| self.bit_field()).collect(),
            _ => (0..=self.random.below(5)).map(|_| self.member(depth)).collect(),
        }
    }

    /// The members of a union. None is a bit-field: in unions, GCC and Microsoft's compiler lay them out differently.
    fn alternatives(&mut self, depth: u32) -> Vec<(Type, Option<usize>, Option<u32>)> {
        (0..2 + self.random.below(2)).map(|_| self.member(depth)).collect()
    }

    fn member(&mut self, depth: u32) -> (Type, Option<usize>, Option<u32>) {
        let ty = if depth < 2 && self.random.percent(15) {
            Type::Record(self.record(depth + 1))
        } else {
            Type::Scalar(self.scalar())
        };
        let length = self.random.percent(20).then(|| *self.random.one_of(&[1, 2, 2, 3, 3, 5]));
        (ty, length, None)
    }

    fn bit_field(&mut self) -> (Type, Option<usize>, Option<u32>) {
        // Whether plain `char` and `int` have a sign there is up to the compiler.
        const TYPES: &[(&str, u32, bool)] = &[
            ("signed int", 32, true),
            ("unsigned int", 32, false),
            ("unsigned int", 32, false),
            ("unsigned char", 8, false),
            ("signed short", 16, true),
            ("signed long long", 64, true),
            ("unsigned long long", 64, false),
        ];
        let (words, most, signed) = *self.random.one_of(TYPES);
        let bits = 1 + u32::try_from(self.random.below(u64::from(most))).unwrap_or_default();
        (Type::Scalar(Scalar::Integer { words, bits: most, signed }), None, Some(bits))
    }

    fn byte(&mut self) -> Type {
        Type::Scalar(Scalar::Integer { words: "unsigned char", bits: 8, signed: false })
    }

    /// A number of bytes: small ones more often.
    fn size(&mut self) -> usize {
        let most = *self.random.one_of(&[4, 9, 17, 40]);
        1 + usize::try_from(self.random.below(most)).unwrap_or_default()
    }
}
