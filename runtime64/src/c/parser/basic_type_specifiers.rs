//! The keywords that name a basic type, in any order: `unsigned long int`, `int long unsigned`.

use crate::c::lexer::Kind;
use crate::c::types::Basic;

/// The keywords that together name a basic type.
#[derive(Default)]
pub(super) struct BasicTypeSpecifiers {
    base: Option<Kind>,
    long: u32,
    short: bool,
    signed: bool,
    unsigned: bool,
    complex: bool,
}

impl BasicTypeSpecifiers {
    /// Whether there are any keywords.
    pub(super) fn any(&self) -> bool {
        self.base.is_some() || self.long > 0 || self.short || self.signed || self.unsigned || self.complex
    }

    /// Adds a keyword; returns false if it conflicts with the earlier ones.
    pub(super) fn add(&mut self, kind: Kind) -> bool {
        match kind {
            Kind::Long if self.long < 2 => self.long += 1,
            Kind::Short => return !std::mem::replace(&mut self.short, true),
            // MSVC rejects a repeated 'signed' or 'unsigned' as other compilers do.
            Kind::Signed => return !std::mem::replace(&mut self.signed, true),
            Kind::Unsigned => return !std::mem::replace(&mut self.unsigned, true),
            Kind::Complex => return !std::mem::replace(&mut self.complex, true),
            Kind::Long => return false,
            base => return self.base.replace(base).is_none(),
        }
        true
    }

    /// Whether this is a 16-bit floating type, real or complex, which is not a basic type here.
    pub(super) fn is_half_float(&self) -> bool {
        self.base == Some(Kind::HalfFloat)
    }

    /// The type, if the keywords form one.
    pub(super) fn basic(&self) -> Option<Basic> {
        if self.complex {
            return match (self.base, self.long, self.short || self.signed || self.unsigned) {
                (Some(Kind::Float), 0, false) => Some(Basic::FloatComplex),
                (Some(Kind::Double) | None, 0, false) => Some(Basic::DoubleComplex),
                (Some(Kind::Double), 1, false) | (Some(Kind::LongDouble), 0, false) => Some(Basic::LongDoubleComplex),
                _ => None,
            };
        }
        if self.signed && self.unsigned {
            return None;
        }
        let sign = |signed, unsigned| Some(if self.unsigned { unsigned } else { signed });
        match (self.base, self.long, self.short) {
            (Some(Kind::Int) | None, 0, true) => sign(Basic::Short, Basic::UnsignedShort),
            (Some(Kind::Int | Kind::Int32) | None, 0, false) => sign(Basic::Int, Basic::UnsignedInt),
            (Some(Kind::Int) | None, 1, false) => sign(Basic::Long, Basic::UnsignedLong),
            (Some(Kind::Int) | None, 2, false) => sign(Basic::LongLong, Basic::UnsignedLongLong),
            (Some(Kind::Char | Kind::Int8), 0, false) => {
                sign(if self.signed { Basic::SignedChar } else { Basic::Char }, Basic::UnsignedChar)
            }
            (Some(Kind::Int16), 0, false) => sign(Basic::Short, Basic::UnsignedShort),
            (Some(Kind::Int64), 0, false) => sign(Basic::LongLong, Basic::UnsignedLongLong),
            (Some(Kind::Int128), 0, false) => sign(Basic::Int128, Basic::UnsignedInt128),
            (Some(base), long, false) if !self.signed && !self.unsigned => match (base, long) {
                (Kind::Void, 0) => Some(Basic::Void),
                (Kind::Bool, 0) => Some(Basic::Bool),
                (Kind::Float, 0) => Some(Basic::Float),
                (Kind::Double, 0) => Some(Basic::Double),
                (Kind::Double, 1) | (Kind::LongDouble, 0) => Some(Basic::LongDouble),
                (Kind::Float128, 0) => Some(Basic::Float128),
                (Kind::UnsignedInt128, 0) => Some(Basic::UnsignedInt128),
                (Kind::VaList, 0) => Some(Basic::VaList),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether this is a keyword of a basic type's name.
pub(super) fn is_basic_type_specifier(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Void
            | Kind::Bool
            | Kind::Char
            | Kind::Short
            | Kind::Int
            | Kind::Long
            | Kind::Float
            | Kind::Double
            | Kind::LongDouble
            | Kind::Float128
            | Kind::HalfFloat
            | Kind::Signed
            | Kind::Unsigned
            | Kind::Complex
            | Kind::Int8
            | Kind::Int16
            | Kind::Int32
            | Kind::Int64
            | Kind::Int128
            | Kind::UnsignedInt128
            | Kind::VaList
    )
}
