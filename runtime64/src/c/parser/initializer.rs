//! Initialisers: the values of constants; those of variables are the library's affair and skipped.

use std::sync::Arc;

use super::Parser;
use super::conversion::cast;
use super::expression::Operand;
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::{Parsed, Problem};
use crate::c::lexer::Kind;
use crate::c::names::Declaration;
use crate::c::types::{Constant, Type};

impl<'s> Parser<'s> {
    /// The value of `static const int NAME = value`. Arrays and structs are no constants here and are skipped.
    pub(super) fn constant(&mut self, name: Token<'s>, ty: &Type) -> Parsed<()> {
        if self.kind()? == Kind::LeftBrace || matches!(ty.resolve(), Type::Array(_) | Type::Record(_)) {
            return self.skip_initializer();
        }
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
        let constant = Constant { name: name.text.to_owned(), values, position };
        self.declare(Declaration::Constant(Arc::new(constant)), name)
    }

    /// Skips to the comma or semicolon after an initialiser.
    pub(super) fn skip_initializer(&mut self) -> Parsed<()> {
        loop {
            match self.kind()? {
                Kind::LeftBrace | Kind::LeftParenthesis | Kind::LeftBracket => self.skip_group()?,
                Kind::Comma | Kind::Semicolon | Kind::End => return Ok(()),
                _ => {
                    self.take()?;
                }
            }
        }
    }
}
