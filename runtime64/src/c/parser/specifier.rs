//! Declaration specifiers: storage class, qualifiers and the type itself.

use super::Parser;
use super::annotation::FoundAnnotation;
use super::attribute::Attributes;
use super::basic_type_specifiers::{BasicTypeSpecifiers, is_basic_type_specifier};
use super::declaration::unknown_macro;
use super::tokens::Token;
use crate::c::error::{Parsed, Problem};
use crate::c::lexer::TokenKind;
use crate::c::types::{Annotation, Basic, Qualifiers, Type};
use crate::c::windows::Word;

/// The part of a declaration before the declarators.
pub(super) struct Specifiers<'s> {
    pub(super) ty: Type,
    pub(super) storage: Storage,
    pub(super) attributes: Attributes<'s>,
    pub(super) annotation: Option<(Annotation, Token<'s>)>,
    /// Whether a struct, union or enumeration was named or defined; that alone is a valid declaration.
    pub(super) names_tag: bool,
    /// Whether a struct, union or enumeration was defined here.
    pub(super) defines_tag: bool,
    /// The first token.
    pub(super) start: Token<'s>,
}

/// The storage class and related specifiers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) is_typedef: bool,
    pub(super) is_extern: bool,
    pub(super) is_static: bool,
    pub(super) is_inline: bool,
}

/// Specifiers while they are parsed.
#[derive(Default)]
struct Reading<'s> {
    words: BasicTypeSpecifiers,
    /// A type that does not consist of basic type keywords.
    other: Option<Type>,
    qualifiers: Qualifiers,
    storage: Storage,
    attributes: Attributes<'s>,
    annotation: Option<(Annotation, Token<'s>)>,
    names_tag: bool,
    defines_tag: bool,
}

impl Reading<'_> {
    fn has_type(&self) -> bool {
        self.other.is_some() || self.words.any()
    }
}

impl<'s> Parser<'s> {
    /// Whether the next token can start a type name.
    pub(super) fn at_type(&mut self) -> Parsed<bool> {
        let token = self.peek()?;
        self.begins_type(token)
    }

    /// Whether a token can start a type name or a parameter.
    pub(super) fn begins_type(&mut self, token: Token<'s>) -> Parsed<bool> {
        Ok(match token.kind {
            TokenKind::Identifier => self.scope.find_type(token.text).is_some() || self.is_complex_word(token),
            TokenKind::Dollar => token.given_type().is_some(),
            TokenKind::Const
            | TokenKind::Volatile
            | TokenKind::Restrict
            | TokenKind::Atomic
            | TokenKind::Struct
            | TokenKind::Union
            | TokenKind::Enum
            | TokenKind::Typeof
            | TokenKind::Register
            | TokenKind::Imaginary => true,
            kind => is_basic_type_specifier(kind),
        })
    }

    /// Parses declaration specifiers.
    pub(super) fn specifiers(&mut self) -> Parsed<Specifiers<'s>> {
        let start = self.peek()?;
        let mut reading = Reading::default();
        while self.specifier(&mut reading)? {}
        let ty = self.specified_type(&mut reading, start)?;
        Ok(Specifiers {
            ty: ty.qualified(reading.qualifiers),
            storage: reading.storage,
            attributes: reading.attributes,
            annotation: reading.annotation,
            names_tag: reading.names_tag,
            defines_tag: reading.defines_tag,
            start,
        })
    }

    /// Parses one specifier; returns false if none is next.
    fn specifier(&mut self, reading: &mut Reading<'s>) -> Parsed<bool> {
        if self.attributes(&mut reading.attributes)? {
            return Ok(true);
        }
        let token = self.peek()?;
        match token.kind {
            TokenKind::Typedef => reading.storage.is_typedef = true,
            TokenKind::Extern => reading.storage.is_extern = true,
            TokenKind::Static => reading.storage.is_static = true,
            TokenKind::Inline => reading.storage.is_inline = true,
            TokenKind::Register | TokenKind::ThreadLocal => {}
            TokenKind::Const => reading.qualifiers.is_const = true,
            TokenKind::Volatile => reading.qualifiers.is_volatile = true,
            TokenKind::Restrict => reading.qualifiers.is_restrict = true,
            TokenKind::Atomic | TokenKind::Imaginary | TokenKind::Typeof | TokenKind::Pointer64 => {
                return Err(unsupported(&token));
            }
            TokenKind::HalfFloat if !self.is_preprocessed(token) => return Err(unsupported(&token)),
            TokenKind::Struct | TokenKind::Union | TokenKind::Enum => {
                return self.tagged(reading, token).map(|()| true);
            }
            TokenKind::Identifier => return self.identifier_specifier(reading, token),
            TokenKind::Dollar => match token.given_type() {
                Some(ty) if !reading.has_type() => reading.other = Some(ty.clone()),
                _ => return Ok(false),
            },
            kind if is_basic_type_specifier(kind) => {
                if reading.other.is_some() || !reading.words.add(kind) {
                    return Err(token.invalid(format!("'{}' cannot be combined with the type before it", token.text)));
                }
            }
            _ => return Ok(false),
        }
        self.take()?;
        Ok(true)
    }

    fn tagged(&mut self, reading: &mut Reading<'s>, keyword: Token<'s>) -> Parsed<()> {
        if reading.has_type() {
            return Err(keyword.invalid(format!("'{}' cannot be combined with the type before it", keyword.text)));
        }
        let (ty, defined) = self.nested_by(2, |parser| match keyword.kind {
            TokenKind::Enum => parser.enumeration(&mut reading.attributes),
            _ => parser.record(&mut reading.attributes),
        })?;
        reading.other = Some(ty);
        reading.names_tag = true;
        reading.defines_tag = defined;
        Ok(())
    }

    fn identifier_specifier(&mut self, reading: &mut Reading<'s>, token: Token<'s>) -> Parsed<bool> {
        if self.word(token)? == Some(Word::Const) {
            reading.qualifiers.is_const = true;
            self.take()?;
            return Ok(true);
        }
        if let Some(found) = self.annotation()? {
            match found {
                FoundAnnotation::Annotation(annotation) if reading.annotation.is_none() => {
                    reading.annotation = Some((annotation, token));
                }
                FoundAnnotation::Annotation(second) => {
                    if let Some((first, _)) = &mut reading.annotation
                        && first.takes_plain(&second)
                    {
                        return Ok(true);
                    }
                    return Err(token
                        .invalid(format!("'{}' is a second annotation of the same parameter or result", token.text)));
                }
                FoundAnnotation::Ignored => {}
            }
            return Ok(true);
        }
        if self.is_complex_word(token) && self.means_complex(reading)? && reading.words.add(TokenKind::Complex) {
            self.take()?;
            return Ok(true);
        }
        if reading.has_type() {
            return Ok(false);
        }
        match self.scope.find_type(token.text) {
            Some(ty) => {
                reading.other = Some(ty);
                self.take()?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Whether a word is `complex`, which `<complex.h>` and LuaJIT define as `_Complex`, unless a text gave it
    /// another meaning.
    fn is_complex_word(&self, token: Token<'s>) -> bool {
        token.text == "complex" && self.scope.find_type(token.text).is_none()
    }

    /// Whether the next token, `complex`, belongs to the type: after a type it may also be a name.
    fn means_complex(&mut self, reading: &Reading<'s>) -> Parsed<bool> {
        if reading.other.is_some() {
            return Ok(false);
        }
        let after = self.peek_second()?.kind;
        let ends =
            matches!(after, TokenKind::End | TokenKind::RightParenthesis | TokenKind::Star | TokenKind::Identifier);
        Ok(!reading.words.any() || ends || is_basic_type_specifier(after))
    }

    fn specified_type(&mut self, reading: &mut Reading<'s>, start: Token<'s>) -> Parsed<Type> {
        let ty = match reading.other.take() {
            Some(ty) => ty,
            None if reading.words.any() => match reading.words.basic() {
                Some(basic) => Type::Basic(basic),
                None if reading.words.is_half_float() => self.opaque_type("_Float16"),
                None => return Err(start.invalid("these words do not form a type")),
            },
            None => return Err(self.no_type()?),
        };
        match reading.attributes.mode.take() {
            Some(mode) => with_mode(&ty, mode),
            None => Ok(ty),
        }
    }

    /// The error for a next token that is not a type.
    fn no_type(&mut self) -> Parsed<crate::c::error::ParseFailure> {
        let token = self.peek()?;
        if token.kind != TokenKind::Identifier || token.argument.is_some() {
            return Ok(self.expected("a type"));
        }
        if matches!(
            token.text,
            "class" | "template" | "namespace" | "using" | "public" | "private" | "protected" | "friend"
        ) {
            return Ok(token.unsupported("C++ is", "declare the C functions that the library exports"));
        }
        let second = self.peek_second()?;
        if self.begins_type(second)?
            || matches!(second.kind, TokenKind::Typedef | TokenKind::Extern | TokenKind::Static)
        {
            return Ok(unknown_macro(token));
        }
        let hint = if second.kind == TokenKind::LeftParenthesis {
            "; a function needs a result type before its name".to_owned()
        } else {
            format!("; declare it first, or write '#define {}' if it is a macro that has no meaning here", token.text)
        };
        Ok(token.failure(Problem::UnknownType { name: token.text.to_owned(), hint }))
    }
}

fn unsupported(token: &Token<'_>) -> crate::c::error::ParseFailure {
    let advice = match token.kind {
        TokenKind::Atomic => "write the plain type if it has the same size",
        TokenKind::Typeof => "write out the type",
        TokenKind::HalfFloat => "use 'uint16_t' where the value is only stored",
        TokenKind::Pointer64 => "use 'uint64_t' instead",
        _ => "no x86 compiler supports it",
    };
    token.unsupported(format!("'{}' is", token.text), advice)
}

/// The type with the width specified by `__attribute__((mode(…)))`.
pub(super) fn with_mode(ty: &Type, mode: Token<'_>) -> Parsed<Type> {
    let unsigned = matches!(
        ty.resolve(),
        Type::Basic(
            Basic::UnsignedChar
                | Basic::UnsignedShort
                | Basic::UnsignedInt
                | Basic::UnsignedLong
                | Basic::UnsignedLongLong
        )
    );
    let plain = mode.text.trim_matches('_');
    let sign = |signed, if_unsigned| if unsigned { if_unsigned } else { signed };
    Ok(Type::Basic(match plain {
        "QI" | "byte" => sign(Basic::SignedChar, Basic::UnsignedChar),
        "HI" => sign(Basic::Short, Basic::UnsignedShort),
        "SI" => sign(Basic::Int, Basic::UnsignedInt),
        "DI" => sign(Basic::LongLong, Basic::UnsignedLongLong),
        "TI" => sign(Basic::Int128, Basic::UnsignedInt128),
        "word" | "pointer" => sign(Basic::IntPtr, Basic::UintPtr),
        "SF" => Basic::Float,
        "DF" => Basic::Double,
        "XF" => Basic::LongDouble,
        "TF" => Basic::Float128,
        "SC" => Basic::FloatComplex,
        "DC" => Basic::DoubleComplex,
        "XC" => Basic::LongDoubleComplex,
        _ => return Err(mode.unsupported(format!("the mode '{plain}' is"), "write out the type")),
    }))
}
