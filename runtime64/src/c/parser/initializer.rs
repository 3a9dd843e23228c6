//! Initialisers: the values of constants; those of variables belong to the library and are skipped.

use std::sync::Arc;

use super::Parser;
use super::conversion::cast;
use super::declarator::Naming;
use super::expression::Operand;
use super::specifier::Specifiers;
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::{Parsed, Problem};
use crate::c::lexer::TokenKind;
use crate::c::names::Declaration;
use crate::c::types::{Constant, RecordConstant, Type};

impl<'s> Parser<'s> {
    /// Parses the value of `static const int NAME = value`. Arrays and structs are not constants here and are
    /// skipped.
    pub(super) fn constant(&mut self, name: Token<'s>, ty: &Type) -> Parsed<()> {
        if self.kind()? == TokenKind::LeftBrace || matches!(ty.resolve(), Type::Array(_) | Type::Record(_)) {
            return self.skip_initializer();
        }
        let constant = self.constant_value(name, ty)?;
        self.declare(Declaration::Constant(constant), name)
    }

    /// `static const int NAME = value, …;` among the members of a struct.
    pub(super) fn member_constants(&mut self, specifiers: &Specifiers<'s>) -> Parsed<Vec<RecordConstant>> {
        let mut constants = Vec::new();
        loop {
            let declarator = self.declarator(Naming::Required)?;
            let name = declarator.name.unwrap_or(specifiers.start);
            let ty = declarator.build(specifiers)?;
            if !ty.is_const() {
                return Err(name.invalid("a static member must be const, which makes it a constant of the struct"));
            }
            self.expect(TokenKind::Equal, "'=' and the value of the constant")?;
            let outer = self.recording.replace(String::new());
            let constant = self.constant_value(name, &ty);
            let expression = std::mem::replace(&mut self.recording, outer).unwrap_or_default();
            let constant = constant?;
            self.member_constants.push(constant.clone());
            constants.push(RecordConstant { ty, constant, expression });
            if self.accept(TokenKind::Comma)?.is_none() {
                self.expect(TokenKind::Semicolon, "';' after a constant")?;
                return Ok(constants);
            }
        }
    }

    /// Parses the expression that gives a constant its value.
    fn constant_value(&mut self, name: Token<'s>, ty: &Type) -> Parsed<Arc<Constant>> {
        let start = self.peek()?;
        let values = match self.expression()? {
            text @ Operand::Text(_) if ty.pointee().is_some() => text.values(),
            operand => {
                let numbers = operand.numbers(&start)?;
                let cast: [_; 4] = std::array::from_fn(|abi| cast(numbers[abi], ty, Abi::ALL[abi]));
                Operand::Numbers(cast).values()
            }
        };
        if values.iter().all(Option::is_none) {
            return Err(start.failure(Problem::NoValue("it is not computed from constants")));
        }
        let position = self.source.position(name.offset);
        Ok(Arc::new(Constant { name: name.text.to_owned(), values, position }))
    }

    /// Skips to the comma or semicolon after an initialiser.
    pub(super) fn skip_initializer(&mut self) -> Parsed<()> {
        loop {
            match self.kind()? {
                TokenKind::LeftBrace | TokenKind::LeftParenthesis | TokenKind::LeftBracket => self.skip_group()?,
                TokenKind::Comma | TokenKind::Semicolon | TokenKind::End => return Ok(()),
                _ => {
                    self.take()?;
                }
            }
        }
    }
}
