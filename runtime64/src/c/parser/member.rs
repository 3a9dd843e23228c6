//! The members of structs and unions.

use super::Parser;
use super::attribute::Attributes;
use super::declarator::Naming;
use super::specifier::Specifiers;
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::{Parsed, Problem};
use crate::c::layout::layout;
use crate::c::lexer::TokenKind;
use crate::c::types::{Count, Length, Member, RecordConstant, RecordKind, Type};

impl<'s> Parser<'s> {
    /// Parses the contents of the braces of a struct or union: its members, and its constants.
    pub(super) fn members(&mut self, kind: RecordKind, constants: &mut Vec<RecordConstant>) -> Parsed<Vec<Member>> {
        let mut members: Vec<Member> = Vec::new();
        let mut flexible: Option<Token<'s>> = None;
        loop {
            match self.kind()? {
                TokenKind::RightBrace => return Ok(members),
                TokenKind::Semicolon => {
                    self.take()?;
                }
                TokenKind::StaticAssert => self.static_assert()?,
                TokenKind::Pragma => {
                    self.attributes(&mut Attributes::default())?;
                }
                _ => {
                    if let Some(flexible) = flexible {
                        return Err(flexible.invalid("an array without length must be the last member"));
                    }
                    let start = self.peek()?;
                    self.member_declaration(&mut members, constants)?;
                    let open = members.last().is_some_and(|member| open_ended(&member.ty));
                    if open && kind == RecordKind::Union {
                        return Err(start.invalid("an array without length can only be in a struct"));
                    }
                    flexible = open.then_some(start);
                }
            }
        }
    }

    /// Parses one declaration of members, up to its semicolon.
    fn member_declaration(&mut self, members: &mut Vec<Member>, constants: &mut Vec<RecordConstant>) -> Parsed<()> {
        let specifiers = self.specifiers()?;
        let storage = specifiers.storage;
        if storage.is_typedef || storage.is_extern || storage.is_inline {
            return Err(specifiers.start.invalid("a member cannot be extern, inline or a typedef"));
        }
        if storage.is_static {
            constants.extend(self.member_constants(&specifiers)?);
            return Ok(());
        }
        if self.accept(TokenKind::Semicolon)?.is_some() {
            return self.anonymous_member(specifiers, members);
        }
        loop {
            let member = self.member(&specifiers)?;
            if let Some(open) = members.last().filter(|before| open_ended(&before.ty)) {
                let name = open.name.as_deref().unwrap_or("");
                return Err(specifiers.start.invalid(format!("'{name}', without length, must be the last member")));
            }
            members.push(member);
            if self.accept(TokenKind::Comma)?.is_none() {
                break;
            }
        }
        self.expect(TokenKind::Semicolon, "';' after a member").map(|_| ())
    }

    /// Adds a declaration without a declarator: an anonymous struct or union, whose members are also the outer
    /// one's.
    ///
    /// One with a tag or typedef name is a member only by Microsoft's extension, which GCC supports on Windows.
    fn anonymous_member(&mut self, specifiers: Specifiers<'s>, members: &mut Vec<Member>) -> Parsed<()> {
        let on_windows_only = match specifiers.ty.resolve() {
            Type::Record(record) if specifiers.defines_tag => record.tag.is_some(),
            // 'struct tag;' with an unknown tag is a forward declaration.
            Type::Record(record) if record.body().is_none() && specifiers.names_tag => return Ok(()),
            // An untagged struct passed as the argument of a '$' counts as defined here.
            Type::Record(record) if record.body().is_some() => !is_untagged(&specifiers.ty),
            Type::Enumeration(_) if specifiers.names_tag => return Ok(()),
            _ => return Err(specifiers.start.invalid("this declares no member: a name is missing")),
        };
        // Attributes before it apply to nothing: GCC applies them to declarators, and there is no declarator.
        members.push(Member {
            name: None,
            ty: specifiers.ty,
            bits: None,
            packed: false,
            aligned: specifiers.attributes.alignas,
            declspec_aligned: None,
            on_windows_only,
        });
        Ok(())
    }

    fn member(&mut self, specifiers: &Specifiers<'s>) -> Parsed<Member> {
        let start = self.peek()?;
        let mut declarator = self.declarator(Naming::Optional)?;
        self.no_stray_word(&declarator)?;
        let place = declarator.name.unwrap_or(start);
        let has_bits = self.accept(TokenKind::Colon)?.is_some();
        let bits = if has_bits { Some(self.bit_count()?) } else { None };
        self.attributes(&mut declarator.attributes)?;
        if declarator.name.is_none() && !has_bits {
            return Err(start
                .failure(Problem::Expected { expected: "the name of a member".to_owned(), found: start.describe() }));
        }
        let name = declarator.name.map(|name| name.text.to_owned());
        let mut attributes = specifiers.attributes.clone();
        attributes.merge(declarator.attributes.clone())?;
        let ty = declarator.build(specifiers)?;
        check_member(&ty, place)?;
        if let Some(bits) = bits {
            check_bits(&ty, bits, name.is_some(), place)?;
        }
        Ok(Member {
            name,
            ty,
            bits,
            packed: attributes.packed,
            aligned: attributes.aligned,
            declspec_aligned: attributes.declspec_aligned,
            on_windows_only: false,
        })
    }

    fn bit_count(&mut self) -> Parsed<u32> {
        let start = self.peek()?;
        let count = self.count()?;
        let bits = count.on(Abi::ALL[0]);
        if count != Count::same(bits) {
            return Err(start.invalid("the width of a bit-field must be the same on every platform"));
        }
        u32::try_from(bits).map_err(|_| start.invalid("this bit-field is too wide"))
    }
}

/// Whether this is a struct or union without a tag, and not a typedef name of one.
fn is_untagged(ty: &Type) -> bool {
    match ty {
        Type::Record(record) => record.tag.is_none(),
        Type::Qualified(_, inner) => is_untagged(inner),
        _ => false,
    }
}

/// Whether this is an array without a length.
fn open_ended(ty: &Type) -> bool {
    matches!(ty.resolve(), Type::Array(array) if matches!(array.length, Length::Incomplete | Length::Variable))
}

/// Whether this is a struct that ends with `[?]`.
fn is_given_its_size(ty: &Type) -> bool {
    let Type::Record(record) = ty.resolve() else { return false };
    let is_variable = |ty: &Type| matches!(ty.resolve(), Type::Array(array) if array.length == Length::Variable);
    record.body().and_then(|body| body.members.last().map(|last| is_variable(&last.ty))).unwrap_or(false)
}

fn check_member(ty: &Type, place: Token<'_>) -> Parsed<()> {
    if is_given_its_size(ty) {
        return Err(place.invalid(format!("'{ty}' has no fixed size, so it cannot be a member")));
    }
    let sized = match ty.resolve() {
        Type::Function(_) => return Err(place.invalid("a member cannot be a function; use a pointer to one")),
        Type::Array(array) if open_ended(ty) => &array.element,
        _ => ty,
    };
    let errors = Abi::ALL.map(|abi| layout(sized, abi).err());
    match errors {
        [Some(_), Some(_), Some(error), Some(_)] => Err(place.failure(error)),
        _ => Ok(()),
    }
}

fn check_bits(ty: &Type, bits: u32, named: bool, place: Token<'_>) -> Parsed<()> {
    let width = |abi: Abi| match ty.resolve() {
        Type::Basic(crate::c::Basic::Bool) => Some(1),
        Type::Basic(basic) => abi.integer(*basic).map(|integer| 8 * integer.bytes),
        Type::Enumeration(enumeration) => enumeration.body().map(|body| 8 * body.integer(abi).bytes),
        _ => None,
    };
    let Some(widest) = Abi::ALL.into_iter().filter_map(width).max() else {
        return Err(place.invalid(format!("a bit-field must be an integer, not '{ty}'")));
    };
    if bits > widest {
        return Err(place.invalid(format!("a bit-field of {bits} bits does not fit in '{ty}'")));
    }
    if bits == 0 && named {
        return Err(place.invalid("a bit-field of width 0 cannot have a name"));
    }
    Ok(())
}
