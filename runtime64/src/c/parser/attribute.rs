//! `__attribute__((…))`, `__declspec(…)`, `_Alignas(…)`, `__pragma(…)`, and calling convention keywords.

use super::Parser;
use super::directive::pack_arguments;
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::{ParseFailure, Parsed};
use crate::c::layout::layout;
use crate::c::lexer::TokenKind;
use crate::c::types::{BitFieldRule, ConstantValue, Convention, Count};
use crate::c::windows::{self, Word};

use super::expression::Operand;

/// The attributes of one declaration, type or member.
#[derive(Clone, Default)]
pub(super) struct Attributes<'s> {
    /// The calling convention and its keyword.
    pub(super) convention: Option<(Convention, Token<'s>)>,
    /// The minimum alignment: the greatest of all that are specified. Members use this one.
    pub(super) aligned: Option<Count>,
    /// The last alignment that is specified. Types use this one.
    pub(super) last_aligned: Option<Count>,
    /// The alignment specified by `__declspec(align(…))`, which also applies to a struct defined right after
    /// it.
    pub(super) declspec_aligned: Option<Count>,
    /// The alignment specified by `_Alignas`.
    pub(super) alignas: Option<Count>,
    pub(super) packed: bool,
    /// `gcc_struct`, `ms_struct`
    pub(super) bit_fields: Option<BitFieldRule>,
    /// An unsupported keyword for passing arguments.
    pub(super) uncallable: Option<Token<'s>>,
    /// `vector_size(…)`: a vector type, which C lacks.
    pub(super) vector: Option<Token<'s>>,
    /// `mode(…)`: the width of an integer or floating type.
    pub(super) mode: Option<Token<'s>>,
}

/// `aligned` without a number: the greatest alignment of any type, on all x86 ABIs.
const GREATEST_ALIGNMENT: u64 = 16;

impl<'s> Attributes<'s> {
    /// Sets the calling convention; a second one must be the same.
    pub(super) fn call_by(&mut self, convention: Convention, word: Token<'s>) -> Parsed<()> {
        match self.convention {
            Some((before, _)) if before != convention => {
                Err(word.invalid(format!("'{}' contradicts '{before}' before it", word.text)))
            }
            _ => {
                self.convention = Some((convention, word));
                Ok(())
            }
        }
    }

    fn align_to(&mut self, aligned: Count) {
        self.last_aligned = Some(aligned.clone());
        let greater = |before: &Count| Abi::ALL.iter().any(|abi| before.on(*abi) > aligned.on(*abi));
        if !self.aligned.as_ref().is_some_and(greater) {
            self.aligned = Some(aligned);
        }
    }

    /// Adopts attributes after a struct, union or enumeration that apply to the function declared with it:
    /// `struct pair __stdcall f(void)`.
    pub(super) fn call_as(&mut self, inner: Attributes<'s>) -> Parsed<()> {
        let Attributes { convention, uncallable, vector, .. } = inner;
        self.merge(Attributes { convention, uncallable, vector, ..Attributes::default() })
    }

    /// The keyword that makes a declaration unsupported.
    pub(super) fn unsupported_word(&self) -> Option<Token<'s>> {
        self.uncallable.or(self.vector)
    }

    /// Adds other attributes.
    pub(super) fn merge(&mut self, other: Attributes<'s>) -> Parsed<()> {
        if let Some((convention, word)) = other.convention {
            self.call_by(convention, word)?;
        }
        if let Some(aligned) = other.aligned {
            self.align_to(aligned);
        }
        self.last_aligned = other.last_aligned.or(self.last_aligned.take());
        self.packed |= other.packed;
        self.declspec_aligned = other.declspec_aligned.or(self.declspec_aligned.take());
        self.alignas = other.alignas.or(self.alignas.take());
        self.bit_fields = other.bit_fields.or(self.bit_fields);
        self.uncallable = other.uncallable.or(self.uncallable);
        self.vector = other.vector.or(self.vector);
        self.mode = other.mode.or(self.mode);
        Ok(())
    }
}

impl<'s> Parser<'s> {
    /// Takes all attributes that come next. Returns whether there were any.
    pub(super) fn attributes(&mut self, attributes: &mut Attributes<'s>) -> Parsed<bool> {
        let mut any = false;
        while self.attribute(attributes)? {
            any = true;
        }
        Ok(any)
    }

    /// Takes one attribute or calling convention keyword, if one is next.
    fn attribute(&mut self, attributes: &mut Attributes<'s>) -> Parsed<bool> {
        let token = self.peek()?;
        let convention = match token.kind {
            TokenKind::Attribute => return self.gnu_attributes(attributes).map(|()| true),
            TokenKind::Declspec => return self.declspec(attributes).map(|()| true),
            TokenKind::Alignas => return self.alignas(attributes).map(|()| true),
            TokenKind::Pragma => return self.pragma_word().map(|()| true),
            TokenKind::Extension | TokenKind::PointerWord | TokenKind::Noreturn => None,
            TokenKind::Cdecl => Some(Convention::Cdecl),
            TokenKind::Stdcall => Some(Convention::Stdcall),
            TokenKind::Fastcall => Some(Convention::Fastcall),
            TokenKind::Thiscall => Some(Convention::Thiscall),
            TokenKind::OtherConvention => {
                attributes.uncallable = Some(token);
                None
            }
            TokenKind::Identifier => match self.word(token)? {
                Some(Word::Convention(convention)) => Some(convention),
                Some(Word::Ignored) => None,
                Some(Word::Const) | None => return Ok(false),
            },
            _ => return Ok(false),
        };
        self.take()?;
        match convention {
            Some(convention) => attributes.call_by(convention, token).map(|()| true),
            None => Ok(true),
        }
    }

    /// The meaning of the next token as a word of the Windows headers. `None` if a text has declared the name,
    /// or if only a name can stand there.
    pub(super) fn word(&mut self, token: Token<'s>) -> Parsed<Option<Word>> {
        let Some(word) = windows::word(token.text) else { return Ok(None) };
        if self.scope.declared(token.text).is_some() {
            return Ok(None);
        }
        let next = self.peek_second()?.kind;
        let ends = matches!(
            next,
            TokenKind::Semicolon | TokenKind::Equal | TokenKind::LeftBracket | TokenKind::Colon | TokenKind::Comma
        ) || next == TokenKind::RightParenthesis && word == Word::Ignored;
        Ok((!ends).then_some(word))
    }

    /// `__attribute__((name, name(arguments), …))`
    fn gnu_attributes(&mut self, attributes: &mut Attributes<'s>) -> Parsed<()> {
        self.take()?;
        self.expect(TokenKind::LeftParenthesis, "'(('")?;
        self.expect(TokenKind::LeftParenthesis, "'(('")?;
        while self.kind()? != TokenKind::RightParenthesis {
            if self.accept(TokenKind::Comma)?.is_none() {
                self.gnu_attribute(attributes)?;
            }
        }
        self.take()?;
        self.expect(TokenKind::RightParenthesis, "'))'")?;
        Ok(())
    }

    fn gnu_attribute(&mut self, attributes: &mut Attributes<'s>) -> Parsed<()> {
        let name = self.take()?;
        if !name.text.starts_with(|character: char| character.is_ascii_alphabetic() || character == '_') {
            let found = name.describe();
            return Err(name.invalid(format!("expected the name of an attribute, found {found}")));
        }
        let plain = name.text.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")).unwrap_or(name.text);
        match plain {
            "cdecl" => attributes.call_by(Convention::Cdecl, name)?,
            "stdcall" => attributes.call_by(Convention::Stdcall, name)?,
            "fastcall" => attributes.call_by(Convention::Fastcall, name)?,
            "thiscall" => attributes.call_by(Convention::Thiscall, name)?,
            "packed" => attributes.packed = true,
            "gcc_struct" => attributes.bit_fields = Some(BitFieldRule::Gcc),
            "ms_struct" => attributes.bit_fields = Some(BitFieldRule::Microsoft),
            "aligned" if self.kind()? == TokenKind::LeftParenthesis => return self.alignment(attributes),
            "aligned" => attributes.align_to(Count::same(GREATEST_ALIGNMENT)),
            "mode" => {
                self.expect(TokenKind::LeftParenthesis, "'('")?;
                attributes.mode = Some(self.take()?);
                self.expect(TokenKind::RightParenthesis, "')'")?;
                return Ok(());
            }
            "regparm" | "sseregparm" | "ms_abi" | "sysv_abi" | "vectorcall" | "regcall" | "preserve_all"
            | "preserve_most" => attributes.uncallable = Some(name),
            "vector_size" | "ext_vector_type" => attributes.vector = Some(name),
            "scalar_storage_order" => return Err(unsupported(name)),
            _ => {}
        }
        if self.kind()? == TokenKind::LeftParenthesis { self.skip_group() } else { Ok(()) }
    }

    /// Parses `(16)` or `(type)` after `aligned`, `align` or `_Alignas`.
    fn alignment(&mut self, attributes: &mut Attributes<'s>) -> Parsed<()> {
        let open = self.expect(TokenKind::LeftParenthesis, "'('")?;
        let aligned = if self.at_type()? {
            let ty = self.type_name()?;
            let mut values = [0; 4];
            for (value, abi) in values.iter_mut().zip(Abi::ALL) {
                *value = layout(&ty, abi).map_err(|error| open.failure(error))?.align;
            }
            Count::new(values, &format!("_Alignof({ty})"))
        } else {
            self.count()?
        };
        self.expect(TokenKind::RightParenthesis, "')'")?;
        if Abi::ALL.iter().any(|abi| !is_alignment(aligned.on(*abi))) {
            return Err(open.invalid(format!("an alignment must be a power of two up to 2^28, not {aligned}")));
        }
        if aligned != Count::same(0) {
            attributes.align_to(aligned);
        }
        Ok(())
    }

    fn alignas(&mut self, attributes: &mut Attributes<'s>) -> Parsed<()> {
        self.take()?;
        let mut declared = Attributes::default();
        self.alignment(&mut declared)?;
        declared.alignas.clone_from(&declared.aligned);
        attributes.merge(declared)
    }

    /// `__declspec(name name(arguments) …)`
    fn declspec(&mut self, attributes: &mut Attributes<'s>) -> Parsed<()> {
        self.take()?;
        self.expect(TokenKind::LeftParenthesis, "'('")?;
        while self.accept(TokenKind::RightParenthesis)?.is_none() {
            let name = self.take()?;
            match (name.kind, name.text) {
                (TokenKind::Comma, _) => {}
                (TokenKind::End, _) => return Err(name.invalid("'__declspec(' is not closed")),
                (_, "align") => {
                    let mut declared = Attributes::default();
                    self.alignment(&mut declared)?;
                    declared.declspec_aligned.clone_from(&declared.aligned);
                    attributes.merge(declared)?;
                }
                _ if self.kind()? == TokenKind::LeftParenthesis => self.skip_group()?,
                _ => {}
            }
        }
        Ok(())
    }

    /// `__pragma(…)` and `_Pragma("…")`
    fn pragma_word(&mut self) -> Parsed<()> {
        let keyword = self.take()?;
        let outer = self.recording.replace(String::new());
        let skipped = self.pragma_text();
        self.recording = outer;
        let text = skipped?;
        let Some(rest) = pack_arguments(text.trim()) else { return Ok(()) };
        let arguments = rest.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        match arguments {
            Some(arguments) => self.pragma_pack(arguments, keyword.offset, keyword.length),
            None => Err(keyword.invalid("'pack' needs parentheses")),
        }
    }

    fn pragma_text(&mut self) -> Parsed<String> {
        let open = self.peek()?;
        if open.kind != TokenKind::LeftParenthesis {
            return Err(self.expected("'('"));
        }
        if self.peek_second()?.kind == TokenKind::String {
            self.take()?;
            let first = self.take()?;
            let text = self.string(first)?;
            self.expect(TokenKind::RightParenthesis, "')'")?;
            return match text {
                Operand::Text(ConstantValue::String(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                _ => Err(first.invalid("'_Pragma' needs a plain string")),
            };
        }
        self.skip_group()?;
        let recorded = self.recording.take().unwrap_or_default();
        let inner = recorded.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        Ok(inner.unwrap_or_default().to_owned())
    }
}

/// The error for a keyword that changes how values are passed or stored, and is not supported.
pub(super) fn unsupported(word: Token<'_>) -> ParseFailure {
    let what = format!("'{}' is", word.text);
    word.unsupported(what, "it changes how the library passes or stores values")
}

fn is_alignment(value: u64) -> bool {
    value == 0 || value.is_power_of_two() && value <= 1 << 28
}
