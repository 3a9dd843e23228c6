//! Enumerations.

use std::sync::Arc;

use super::Parser;
use super::attribute::Attributes;
use super::record::other_kind;
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::{Parsed, Problem};
use crate::c::lexer::TokenKind;
use crate::c::names::{Declaration, Tag};
use crate::c::types::{Constant, ConstantValue, Enumeration, EnumerationBody, Enumerator, PerAbi, Type};

impl<'s> Parser<'s> {
    /// Parses an enumeration: its tag, its enumerators or both. Returns whether it was defined here.
    pub(super) fn enumeration(&mut self, outer: &mut Attributes<'s>) -> Parsed<(Type, bool)> {
        self.take()?;
        let mut attributes = Attributes::default();
        self.attributes(&mut attributes)?;
        let tag = self.accept(TokenKind::Identifier)?;
        let underlying = self.underlying_type()?;
        if self.kind()? != TokenKind::LeftBrace {
            let Some(tag) = tag else { return Err(self.expected("a tag or '{'")) };
            return match self.scope.find_tag(tag.text) {
                Some(Tag::Enumeration(enumeration)) => Ok((Type::Enumeration(enumeration), false)),
                Some(other) => Err(other_kind(tag, &other, "enum")),
                None => {
                    self.may_introduce(tag, "enum")?;
                    Ok((Type::Enumeration(self.new_enumeration(Some(tag))), false))
                }
            };
        }
        let known = tag.and_then(|tag| self.scope.declared_tag(tag.text));
        let enumeration = match (known, tag) {
            (Some(Tag::Enumeration(enumeration)), _) => enumeration,
            (Some(other), Some(tag)) => return Err(other_kind(tag, &other, "enum")),
            _ => self.new_enumeration(tag),
        };
        let open = self.take()?;
        let enumerators = self.enumerators()?;
        self.attributes(&mut attributes)?;
        let body = EnumerationBody { enumerators, underlying, packed: attributes.packed };
        outer.call_as(attributes)?;
        self.complete_enumeration(enumeration, body, tag.unwrap_or(open))
    }

    fn new_enumeration(&mut self, tag: Option<Token<'s>>) -> Arc<Enumeration> {
        let enumeration = Arc::new(Enumeration::new(tag.map(|tag| tag.text.to_owned())));
        if let Some(tag) = tag {
            self.scope.set_tag(tag.text, Tag::Enumeration(enumeration.clone()));
        }
        enumeration
    }

    fn complete_enumeration(
        &mut self,
        enumeration: Arc<Enumeration>,
        body: EnumerationBody,
        place: Token<'s>,
    ) -> Parsed<(Type, bool)> {
        match enumeration.body() {
            None => {
                enumeration.set_body(Some(Arc::new(body)));
                self.scope.completed(Tag::Enumeration(enumeration.clone()));
            }
            Some(before) if *before == body => {}
            Some(_) => {
                let now = Enumeration::new(enumeration.tag.clone());
                now.set_body(Some(Arc::new(body)));
                return Err(place.failure(Problem::Redeclared {
                    name: format!("enum {}", enumeration.tag.as_deref().unwrap_or_default()),
                    before: Type::Enumeration(enumeration).definition().replace('\n', "\n  "),
                    now: Type::Enumeration(Arc::new(now)).definition().replace('\n', "\n  "),
                }));
            }
        }
        Ok((Type::Enumeration(enumeration), true))
    }

    /// Parses `: type` before the enumerators, which is not a bit-field's width.
    fn underlying_type(&mut self) -> Parsed<Option<Type>> {
        if self.kind()? != TokenKind::Colon {
            return Ok(None);
        }
        let next = self.peek_second()?;
        if !self.begins_type(next)? {
            return Ok(None);
        }
        self.take()?;
        let ty = self.specifiers()?.ty;
        match ty.resolve() {
            Type::Basic(basic) if Abi::ALL.iter().any(|abi| abi.integer(*basic).is_some()) => Ok(Some(ty)),
            _ => Err(next.invalid(format!("'{ty}' cannot be the underlying type of an enumeration"))),
        }
    }

    fn enumerators(&mut self) -> Parsed<Vec<Enumerator>> {
        let mut enumerators = Vec::new();
        let mut next = [0; 4];
        loop {
            let name = self.expect(TokenKind::Identifier, "the name of an enumerator")?;
            self.attributes(&mut Attributes::default())?;
            let mut text = String::new();
            if self.accept(TokenKind::Equal)?.is_some() {
                (next, text) = self.integers()?;
            } else if next.iter().any(|value| *value != next[0]) {
                // The value is the previous one plus 1; its text refers to the previous enumerator by name.
                text = follow_up(&enumerators);
            }
            if next.iter().any(|value| !(i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(value)) {
                return Err(name.invalid("an enumerator must fit in 64 bits"));
            }
            let values = next.map(|value| Some(ConstantValue::Integer(value)));
            let position = self.source.position(name.offset);
            let constant = Constant { name: name.text.to_owned(), values, position };
            self.declare(Declaration::Constant(Arc::new(constant)), name)?;
            enumerators.push(Enumerator { name: name.text.to_owned(), value: PerAbi::new(next, &text) });
            next = next.map(|value| value + 1);
            if self.accept(TokenKind::Comma)?.is_none() || self.kind()? == TokenKind::RightBrace {
                self.expect(TokenKind::RightBrace, "',' or '}'")?;
                return Ok(enumerators);
            }
        }
    }
}

/// The expression for the value after the last enumerator.
fn follow_up(enumerators: &[Enumerator]) -> String {
    enumerators.last().map_or_else(String::new, |last| format!("{} + 1", last.name))
}
