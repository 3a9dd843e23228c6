//! Annotations of Microsoft's source-code annotation language: `_In_`, `_Out_writes_(n)`, `__in`, `IN` and the
//! rest.

mod check;
mod name;

pub(super) use check::ParameterSyntax;
pub(super) use name::is_annotation;
use name::{Meaning, is_ignored, meaning, plain_word};

use super::Parser;
use super::arithmetic::Number;
use super::literal;
use crate::c::Argument;
use crate::c::error::Parsed;
use crate::c::lexer::TokenKind;
use crate::c::types::{Annotation, Extent, SizeExpression, SizeOperator};

/// A parsed annotation.
pub(super) enum FoundAnnotation {
    /// An annotation that describes the data.
    Annotation(Annotation),
    /// An annotation that only matters to static analysis tools.
    Ignored,
}

impl<'s> Parser<'s> {
    /// Takes the next token if it is an annotation.
    pub(super) fn annotation(&mut self) -> Parsed<Option<FoundAnnotation>> {
        let token = self.peek()?;
        if !token.text.starts_with(['_', 'I', 'O']) || self.scope.declared(token.text).is_some() {
            return Ok(None);
        }
        if is_ignored(token.text) {
            // Old annotations, such as '__reserved', can also be names.
            if token.text.starts_with("__") && self.can_only_be_a_name()? {
                return Ok(None);
            }
            self.take()?;
            if self.kind()? == TokenKind::LeftParenthesis {
                self.skip_group()?;
            }
            return Ok(Some(FoundAnnotation::Ignored));
        }
        let is_old = !token.text.ends_with('_');
        let plain = plain_word(token.text);
        let meaning = match plain {
            Some(Some(direction)) => {
                Some(Meaning { direction, optional: false, zero_terminated: false, unit: None, to: false })
            }
            _ => meaning(token.text),
        };
        if is_old && (plain.is_some() || meaning.is_some()) && self.can_only_be_a_name()? {
            return Ok(None);
        }
        let Some(meaning) = meaning else {
            if plain.is_some() {
                self.take()?;
                return Ok(Some(FoundAnnotation::Ignored));
            }
            return Ok(None);
        };
        self.take()?;
        let extent = self.extent(meaning)?;
        Ok(Some(FoundAnnotation::Annotation(Annotation {
            spelling: token.text.to_owned(),
            direction: meaning.direction,
            optional: meaning.optional,
            zero_terminated: meaning.zero_terminated,
            extent,
        })))
    }

    /// Whether nothing that an annotation could describe follows the next token.
    fn can_only_be_a_name(&mut self) -> Parsed<bool> {
        let next = self.peek_second()?.kind;
        Ok(matches!(
            next,
            TokenKind::Comma
                | TokenKind::RightParenthesis
                | TokenKind::LeftBracket
                | TokenKind::Semicolon
                | TokenKind::Equal
                | TokenKind::Colon
        ))
    }

    /// Parses the arguments of an annotation.
    fn extent(&mut self, meaning: Meaning) -> Parsed<Option<Extent>> {
        let Some(unit) = meaning.unit else { return Ok(None) };
        self.expect(TokenKind::LeftParenthesis, "'(' and a size")?;
        let capacity = self.size_expression()?;
        let valid = match self.accept(TokenKind::Comma)? {
            Some(_) => Some(self.size_expression()?),
            None if meaning.to => return Err(self.expected("',' and the size that is valid after the call")),
            None => None,
        };
        self.expect(TokenKind::RightParenthesis, "')'")?;
        Ok(Some(Extent { unit, capacity, valid }))
    }

    /// Parses sums and differences.
    fn size_expression(&mut self) -> Parsed<SizeExpression> {
        self.nested(|parser| {
            let mut left = parser.size_product()?;
            let mut operators = 0;
            loop {
                let operator = match parser.kind()? {
                    TokenKind::Plus => SizeOperator::Add,
                    TokenKind::Minus => SizeOperator::Subtract,
                    _ => return Ok(left),
                };
                parser.count_operator(&mut operators)?;
                left = SizeExpression::Binary(operator, Box::new((left, parser.size_product()?)));
            }
        })
    }

    /// Parses products and quotients.
    fn size_product(&mut self) -> Parsed<SizeExpression> {
        let mut left = self.size_primary()?;
        let mut operators = 0;
        loop {
            let operator = match self.kind()? {
                TokenKind::Star => SizeOperator::Multiply,
                TokenKind::Slash => SizeOperator::Divide,
                _ => return Ok(left),
            };
            self.count_operator(&mut operators)?;
            left = SizeExpression::Binary(operator, Box::new((left, self.size_primary()?)));
        }
    }

    /// Takes an operator and counts it, since each makes the expression one level deeper.
    fn count_operator(&mut self, operators: &mut u32) -> Parsed<()> {
        *operators += 1;
        if *operators > 16 {
            return Err(self.failure(crate::c::Problem::TooDeep(16)));
        }
        self.take().map(|_| ())
    }

    fn size_primary(&mut self) -> Parsed<SizeExpression> {
        while self.expand_constant()? {}
        let token = self.take()?;
        match token.kind {
            TokenKind::Number => match literal::number(token.text).map_err(|reason| token.invalid(reason))?[0] {
                Number::Integer { value, .. } => match u64::try_from(value) {
                    Ok(size) => Ok(SizeExpression::Number(size)),
                    Err(_) => Err(token.invalid("this size is too large")),
                },
                _ => Err(token.invalid("a size is a whole number")),
            },
            TokenKind::Identifier => match self.scope.declared(token.text) {
                Some(crate::c::Declaration::Constant(constant)) => match &constant.values[0] {
                    Some(crate::c::ConstantValue::Integer(value)) if *value >= 0 => {
                        Ok(SizeExpression::Number(u64::try_from(*value).unwrap_or(u64::MAX)))
                    }
                    _ => Err(token.invalid("this constant cannot be a size")),
                },
                _ if token.text == "_Old_" || token.text == "_Curr_" => self.nested(Self::size_primary),
                _ => Ok(SizeExpression::Parameter(token.text.to_owned())),
            },
            TokenKind::Dollar => {
                match token.argument.map(|argument| argument.value) {
                    Some(Argument::Number(number @ 0..)) => Ok(SizeExpression::Number(number.unsigned_abs())),
                    _ => Err(token
                        .invalid(format!("expected a number or a parameter as a size, found {}", token.describe()))),
                }
            }
            TokenKind::Return => Ok(SizeExpression::Result),
            TokenKind::Star => {
                let parenthesis = self.accept(TokenKind::LeftParenthesis)?;
                let name = self.expect(TokenKind::Identifier, "the name of a parameter")?;
                if parenthesis.is_some() {
                    self.expect(TokenKind::RightParenthesis, "')'")?;
                }
                Ok(SizeExpression::Dereference(name.text.to_owned()))
            }
            TokenKind::LeftParenthesis => {
                let inner = self.size_expression()?;
                self.expect(TokenKind::RightParenthesis, "')'")?;
                Ok(inner)
            }
            TokenKind::Sizeof => {
                self.expect(TokenKind::LeftParenthesis, "'('")?;
                let ty = self.type_name()?;
                self.expect(TokenKind::RightParenthesis, "')'")?;
                Ok(SizeExpression::SizeOf(ty))
            }
            _ => {
                let found = token.describe();
                Err(token.invalid(format!("expected a number or a parameter as a size, found {found}")))
            }
        }
    }
}
