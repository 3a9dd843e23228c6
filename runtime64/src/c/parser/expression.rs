//! Constant expressions, evaluated while they are parsed, on all ABIs at once.

use super::Parser;
use super::arithmetic::Number;
use super::conversion::{as_size, cast, number_of, size, sizes};
use super::literal::{self, Prefix};
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::{Parsed, Problem};
use crate::c::layout::{layout, member_offset, variable_align};
use crate::c::lexer::TokenKind;
use crate::c::names::Declaration;
use crate::c::types::{ConstantValue, Count, Type};

/// The value of an expression.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// A number on each ABI.
    Numbers([Number; 4]),
    /// A string.
    Text(ConstantValue),
}

impl Operand {
    /// The numbers; `place` is the start of the expression.
    pub(super) fn numbers(&self, place: &Token<'_>) -> Parsed<[Number; 4]> {
        match self {
            Operand::Numbers(numbers) => Ok(*numbers),
            Operand::Text(_) => Err(place.failure(Problem::NoValue("it uses a string as a number"))),
        }
    }

    pub(super) fn values(&self) -> [Option<ConstantValue>; 4] {
        match self {
            Operand::Numbers(numbers) => numbers.map(Number::value),
            Operand::Text(text) => std::array::from_fn(|_| Some(text.clone())),
        }
    }
}

impl<'s> Parser<'s> {
    /// Parses an expression that must be an integer on every ABI; returns its text too.
    pub(super) fn integers(&mut self) -> Parsed<([i128; 4], String)> {
        let start = self.peek()?;
        let outer = self.recording.replace(String::new());
        let operand = self.expression();
        let text = std::mem::replace(&mut self.recording, outer).unwrap_or_default();
        if let Some(recording) = &mut self.recording {
            recording.push_str(&format!(" {text}"));
        }
        let mut values = [0; 4];
        for (value, number) in values.iter_mut().zip(operand?.numbers(&start)?) {
            *value = match number {
                Number::Integer { value, .. } => value,
                Number::None(why) => return Err(start.failure(Problem::NoValue(why))),
                _ => return Err(start.failure(Problem::NoValue("it is not an integer"))),
            };
        }
        Ok((values, text))
    }

    /// Parses an expression that must be a non-negative integer.
    pub(super) fn count(&mut self) -> Parsed<Count> {
        let start = self.peek()?;
        let (values, text) = self.integers()?;
        let mut counts = [0; 4];
        for (count, value) in counts.iter_mut().zip(values) {
            *count = u64::try_from(value).map_err(|_| start.invalid(format!("a size cannot be {value}")))?;
        }
        Ok(Count::new(counts, &text))
    }

    /// Parses a conditional expression: all of C's operators except assignment and comma.
    pub(super) fn expression(&mut self) -> Parsed<Operand> {
        self.nested(|parser| {
            let start = parser.peek()?;
            let condition = parser.binary(0)?;
            if parser.accept(TokenKind::Question)?.is_none() {
                return Ok(condition);
            }
            let yes = parser.expression()?.numbers(&start)?;
            parser.expect(TokenKind::Colon, "':'")?;
            let no = parser.expression()?.numbers(&start)?;
            let condition = condition.numbers(&start)?;
            Ok(Operand::Numbers(std::array::from_fn(|abi| yes[abi].choose(condition[abi], no[abi]))))
        })
    }

    /// Parses operators that bind at least as tightly as `lowest`.
    fn binary(&mut self, lowest: u8) -> Parsed<Operand> {
        let start = self.peek()?;
        let mut left = self.unary()?;
        loop {
            let operator = self.kind()?;
            let Some(precedence) = precedence(operator).filter(|precedence| *precedence >= lowest) else {
                return Ok(left);
            };
            self.take()?;
            let right = self.nested(|parser| parser.binary(precedence + 1))?.numbers(&start)?;
            let numbers = left.numbers(&start)?;
            left = Operand::Numbers(std::array::from_fn(|abi| combine(operator, numbers[abi], right[abi])));
        }
    }

    fn unary(&mut self) -> Parsed<Operand> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::Plus | TokenKind::Minus | TokenKind::Tilde | TokenKind::Exclamation => {
                self.take()?;
                let numbers = self.nested(Self::unary)?.numbers(&token)?;
                Ok(Operand::Numbers(numbers.map(|number| number.unary(token.kind))))
            }
            TokenKind::Sizeof => self.nested(Self::size_of),
            TokenKind::Alignof => self.align_of(),
            TokenKind::Offsetof => self.offset_of(),
            TokenKind::LeftParenthesis => self.nested(Self::parenthesised),
            TokenKind::Extension => {
                self.take()?;
                self.nested(Self::unary)
            }
            _ => self.primary(),
        }
    }

    /// `(expression)` or `(type) expression`.
    fn parenthesised(&mut self) -> Parsed<Operand> {
        let open = self.take()?;
        if !self.at_type()? {
            let inner = self.expression()?;
            self.expect(TokenKind::RightParenthesis, "')'")?;
            return Ok(inner);
        }
        let ty = self.type_name()?;
        self.expect(TokenKind::RightParenthesis, "')'")?;
        let operand = self.unary()?;
        if let (Operand::Text(_), Some(_)) = (&operand, ty.pointee()) {
            return Ok(operand);
        }
        let numbers = operand.numbers(&open)?;
        Ok(Operand::Numbers(std::array::from_fn(|abi| cast(numbers[abi], &ty, Abi::ALL[abi]))))
    }

    fn size_of(&mut self) -> Parsed<Operand> {
        let keyword = self.take()?;
        if self.kind()? == TokenKind::LeftParenthesis {
            let open = self.take()?;
            if self.at_type()? {
                let ty = self.type_name()?;
                self.expect(TokenKind::RightParenthesis, "')'")?;
                return sizes(&keyword, |abi| layout(&ty, abi).map(|layout| layout.size));
            }
            self.ahead.push_front(open);
        }
        Ok(match self.unary()? {
            Operand::Numbers(numbers) => Operand::Numbers(numbers.map(|number| as_size(number.size()))),
            Operand::Text(ConstantValue::String(bytes)) => {
                Operand::Numbers([as_size(Number::int(bytes.len() as i128 + 1)); 4])
            }
            Operand::Text(_) => return Err(keyword.failure(Problem::NoValue("it takes the size of a wide string"))),
        })
    }

    fn align_of(&mut self) -> Parsed<Operand> {
        let keyword = self.take()?;
        self.expect(TokenKind::LeftParenthesis, "'('")?;
        let ty = self.type_name()?;
        self.expect(TokenKind::RightParenthesis, "')'")?;
        // GCC's own spellings return the alignment of a variable, C's that of a member.
        let of_variable = keyword.text != "_Alignof";
        sizes(&keyword, |abi| {
            let align = layout(&ty, abi)?.align;
            Ok(if of_variable { variable_align(&ty, align, abi) } else { align })
        })
    }

    /// `offsetof(type, member)`
    fn offset_of(&mut self) -> Parsed<Operand> {
        let keyword = self.take()?;
        self.expect(TokenKind::LeftParenthesis, "'('")?;
        let ty = self.type_name()?;
        self.expect(TokenKind::Comma, "','")?;
        let member = self.expect(TokenKind::Identifier, "the name of a member")?;
        self.expect(TokenKind::RightParenthesis, "')'")?;
        let Type::Record(record) = ty.resolve() else {
            return Err(keyword.invalid(format!("'{ty}' has no members")));
        };
        let missing = || member.invalid(format!("'{ty}' has no member '{}' with an offset", member.text));
        let mut offsets = [Number::None("it has no offset"); 4];
        for (offset, abi) in offsets.iter_mut().zip(Abi::ALL) {
            *offset = match member_offset(record, member.text, abi) {
                Ok(Some(bytes)) => size(bytes, abi),
                Ok(None) => return Err(missing()),
                Err(error) => return Err(keyword.failure(error)),
            };
        }
        Ok(Operand::Numbers(offsets))
    }

    fn primary(&mut self) -> Parsed<Operand> {
        while self.expand_constant()? {
            // The expansion may start with any token.
            if self.kind()? != TokenKind::Identifier {
                return self.nested(Self::unary);
            }
        }
        let token = self.take()?;
        let literal = |reason: &str| token.invalid(reason);
        match token.kind {
            TokenKind::Number => {
                let numbers = literal::number(token.text).map_err(literal)?;
                if !self.in_condition {
                    return Ok(Operand::Numbers(numbers));
                }
                let unsigned = token.text.contains(['u', 'U']);
                Ok(Operand::Numbers(numbers.map(|number| number.widened(unsigned))))
            }
            TokenKind::Character => literal::character(token.text).map(Operand::Numbers).map_err(literal),
            TokenKind::String => self.string(token),
            TokenKind::Identifier => self.named_constant(token),
            TokenKind::Dollar if let Some(number) = token.argument.and_then(|argument| argument.as_number()) => {
                Ok(Operand::Numbers([if self.in_condition { number.widened(false) } else { number }; 4]))
            }
            _ => Err(token
                .failure(Problem::Expected { expected: "a constant expression".to_owned(), found: token.describe() })),
        }
    }

    fn named_constant(&mut self, name: Token<'s>) -> Parsed<Operand> {
        if self.in_condition {
            if name.text == "defined" {
                return self.defined();
            }
            if self.kind()? == TokenKind::LeftParenthesis {
                let what = format!("'{}(…)' in a condition is", name.text);
                return Err(name.unsupported(what, "write its expansion instead"));
            }
            let value = match name.text {
                "__STDC_VERSION__" => 201_112,
                "__STDC__" | "true" => 1,
                word => {
                    // A word that tests for a platform is an error; any other word left after macro replacement
                    // is zero, defined or not (C11 6.10.1).
                    self.is_defined(word, name.offset)?;
                    0
                }
            };
            return Ok(Operand::Numbers([Number::wide(value); 4]));
        }
        let of_struct = self.member_constants.iter().rfind(|constant| constant.name == name.text);
        let of_program = match self.scope.declared(name.text) {
            Some(Declaration::Constant(constant)) => Some(constant),
            _ => None,
        };
        if let Some(constant) = of_struct.or(of_program) {
            return Ok(match &constant.values[0] {
                Some(text @ (ConstantValue::String(_) | ConstantValue::WideString(_))) => Operand::Text(text.clone()),
                _ => {
                    Operand::Numbers(std::array::from_fn(|abi| number_of(constant.values[abi].as_ref(), Abi::ALL[abi])))
                }
            });
        }
        if name.argument.is_some() {
            return Err(name.failure(Problem::Expected { expected: "a constant".to_owned(), found: name.describe() }));
        }
        Err(name.failure(Problem::UnknownConstant { name: name.text.to_owned(), hint: String::new() }))
    }

    /// `defined NAME` or `defined(NAME)`
    fn defined(&mut self) -> Parsed<Operand> {
        let parenthesis = self.accept(TokenKind::LeftParenthesis)?;
        let name = self.take()?;
        let defined = self.is_defined(name.text, name.offset)?;
        if parenthesis.is_some() {
            self.expect(TokenKind::RightParenthesis, "')'")?;
        }
        Ok(Operand::Numbers([Number::int(defined.into()); 4]))
    }

    /// Parses a string and those that follow it, which C concatenates.
    pub(super) fn string(&mut self, first: Token<'s>) -> Parsed<Operand> {
        let mut units = Vec::new();
        let mut prefix = Prefix::Narrow;
        let mut next = first;
        loop {
            let part = literal::text(next.text).map_err(|reason| next.invalid(reason))?;
            if part.prefix != Prefix::Narrow {
                prefix = part.prefix;
            }
            units.extend(part.units);
            self.expand_string_word()?;
            match self.accept(TokenKind::String)? {
                Some(token) => next = token,
                None => break,
            }
        }
        Ok(Operand::Text(if prefix == Prefix::Narrow {
            ConstantValue::String(units.into_iter().map(|unit| unit as u8).collect())
        } else {
            let characters = units.into_iter().map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            ConstantValue::WideString(characters.collect())
        }))
    }

    /// Expands words that stand for strings between strings.
    fn expand_string_word(&mut self) -> Parsed<()> {
        while self.kind()? == TokenKind::Identifier && self.expand_constant()? {}
        Ok(())
    }
}

/// The precedence of an operator.
fn precedence(operator: TokenKind) -> Option<u8> {
    Some(match operator {
        TokenKind::Or => 1,
        TokenKind::And => 2,
        TokenKind::Bar => 3,
        TokenKind::Caret => 4,
        TokenKind::Ampersand => 5,
        TokenKind::EqualEqual | TokenKind::NotEqual => 6,
        TokenKind::Less | TokenKind::Greater | TokenKind::LessEqual | TokenKind::GreaterEqual => 7,
        TokenKind::ShiftLeft | TokenKind::ShiftRight => 8,
        TokenKind::Plus | TokenKind::Minus => 9,
        TokenKind::Star | TokenKind::Slash | TokenKind::Percent => 10,
        _ => return None,
    })
}

fn combine(operator: TokenKind, left: Number, right: Number) -> Number {
    // The right operand of these is not evaluated when the left one decides the result.
    match (operator, left.is_true()) {
        (TokenKind::And, Some(false)) => Number::int(0),
        (TokenKind::Or, Some(true)) => Number::int(1),
        (TokenKind::And | TokenKind::Or, Some(_)) => match (right.is_true(), right) {
            (Some(truth), _) => Number::int(truth.into()),
            (None, right) => right,
        },
        (TokenKind::And | TokenKind::Or, None) => left,
        _ => left.binary(operator, right),
    }
}
