//! The keywords that name a basic type, in any order: `unsigned long int`, `int long unsigned`.

use crate::c::lexer::TokenKind;
use crate::c::types::Basic;

/// The keywords that together name a basic type.
#[derive(Default)]
pub(super) struct BasicTypeSpecifiers {
    base: Option<TokenKind>,
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
    pub(super) fn add(&mut self, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Long if self.long < 2 => self.long += 1,
            TokenKind::Short => return !std::mem::replace(&mut self.short, true),
            // MSVC rejects a repeated 'signed' or 'unsigned' as other compilers do.
            TokenKind::Signed => return !std::mem::replace(&mut self.signed, true),
            TokenKind::Unsigned => return !std::mem::replace(&mut self.unsigned, true),
            TokenKind::Complex => return !std::mem::replace(&mut self.complex, true),
            TokenKind::Long => return false,
            base => return self.base.replace(base).is_none(),
        }
        true
    }

    /// Whether this is a 16-bit floating type, real or complex, which is not a basic type here.
    pub(super) fn is_half_float(&self) -> bool {
        self.base == Some(TokenKind::HalfFloat)
    }

    /// The type, if the keywords form one.
    pub(super) fn basic(&self) -> Option<Basic> {
        if self.complex {
            return match (self.base, self.long, self.short || self.signed || self.unsigned) {
                (Some(TokenKind::Float), 0, false) => Some(Basic::FloatComplex),
                (Some(TokenKind::Double) | None, 0, false) => Some(Basic::DoubleComplex),
                (Some(TokenKind::Double), 1, false) | (Some(TokenKind::LongDouble), 0, false) => {
                    Some(Basic::LongDoubleComplex)
                }
                _ => None,
            };
        }
        if self.signed && self.unsigned {
            return None;
        }
        let sign = |signed, unsigned| Some(if self.unsigned { unsigned } else { signed });
        match (self.base, self.long, self.short) {
            (Some(TokenKind::Int) | None, 0, true) => sign(Basic::Short, Basic::UnsignedShort),
            (Some(TokenKind::Int | TokenKind::Int32) | None, 0, false) => sign(Basic::Int, Basic::UnsignedInt),
            (Some(TokenKind::Int) | None, 1, false) => sign(Basic::Long, Basic::UnsignedLong),
            (Some(TokenKind::Int) | None, 2, false) => sign(Basic::LongLong, Basic::UnsignedLongLong),
            (Some(TokenKind::Char | TokenKind::Int8), 0, false) => {
                sign(if self.signed { Basic::SignedChar } else { Basic::Char }, Basic::UnsignedChar)
            }
            (Some(TokenKind::Int16), 0, false) => sign(Basic::Short, Basic::UnsignedShort),
            (Some(TokenKind::Int64), 0, false) => sign(Basic::LongLong, Basic::UnsignedLongLong),
            (Some(TokenKind::Int128), 0, false) => sign(Basic::Int128, Basic::UnsignedInt128),
            (Some(base), long, false) if !self.signed && !self.unsigned => match (base, long) {
                (TokenKind::Void, 0) => Some(Basic::Void),
                (TokenKind::Bool, 0) => Some(Basic::Bool),
                (TokenKind::Float, 0) => Some(Basic::Float),
                (TokenKind::Double, 0) => Some(Basic::Double),
                (TokenKind::Double, 1) | (TokenKind::LongDouble, 0) => Some(Basic::LongDouble),
                (TokenKind::Float128, 0) => Some(Basic::Float128),
                (TokenKind::UnsignedInt128, 0) => Some(Basic::UnsignedInt128),
                (TokenKind::VaList, 0) => Some(Basic::VaList),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether this is a keyword of a basic type's name.
pub(super) fn is_basic_type_specifier(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Void
            | TokenKind::Bool
            | TokenKind::Char
            | TokenKind::Short
            | TokenKind::Int
            | TokenKind::Long
            | TokenKind::Float
            | TokenKind::Double
            | TokenKind::LongDouble
            | TokenKind::Float128
            | TokenKind::HalfFloat
            | TokenKind::Signed
            | TokenKind::Unsigned
            | TokenKind::Complex
            | TokenKind::Int8
            | TokenKind::Int16
            | TokenKind::Int32
            | TokenKind::Int64
            | TokenKind::Int128
            | TokenKind::UnsignedInt128
            | TokenKind::VaList
    )
}
