//! `$` placeholders: each stands for the next argument.

use super::Parser;
use super::arithmetic::Number;
use super::tokens::Token;
use crate::c::Argument;
use crate::c::error::{ParseFailure, Parsed, Problem};
use crate::c::lexer::{TokenKind, Tokens};
use crate::c::types::Type;

/// The arguments of a text, and how many of them are used.
#[derive(Clone, Copy, Default)]
pub(super) struct TextArguments<'s> {
    list: &'s [Argument],
    used: usize,
    /// The offset of the last `$`.
    last: usize,
}

/// The argument of a `$`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'s> {
    /// The number of the `$` in the text, from 1.
    pub(super) number: usize,
    pub(super) value: &'s Argument,
}

impl<'s> TextArguments<'s> {
    pub(super) fn new(list: &'s [Argument]) -> Self {
        TextArguments { list, ..TextArguments::default() }
    }
}

impl<'s> Parser<'s> {
    /// The token for a `$`: an identifier like any other if the argument is a name.
    pub(super) fn argument_token(&mut self, offset: usize) -> Parsed<Token<'s>> {
        if let Some(word) = self.word_touching(offset) {
            let what = format!("'${word}' is");
            let advice = "put a space after a '$' that stands for an argument";
            return Err(ParseFailure::new(Problem::Unsupported { what, advice }, offset, 1 + word.len()));
        }
        let TextArguments { list, used, .. } = self.arguments;
        let number = used + 1;
        let Some(value) = list.get(used) else {
            return Err(ParseFailure::new(Problem::TooFewArguments { number, given: list.len() }, offset, 1));
        };
        self.arguments = TextArguments { list, used: number, last: offset };
        let mut token =
            Token { argument: Some(Given { number, value }), ..Token::new(TokenKind::Dollar, "$", offset, 1) };
        if let Argument::Name(name) = value {
            if !is_identifier(name) {
                return Err(
                    token.invalid(format!("'$' number {number} stands for {value}, which is not a valid C identifier"))
                );
            }
            token = Token { kind: TokenKind::Identifier, text: name, ..token };
        }
        Ok(token)
    }

    /// Checks that every argument was used.
    pub(super) fn check_arguments(&self) -> Parsed<()> {
        let TextArguments { list, used, last } = self.arguments;
        if used == list.len() {
            return Ok(());
        }
        let length = usize::from(used > 0);
        Err(ParseFailure::new(Problem::TooManyArguments { given: list.len(), used }, last, length))
    }

    /// The letters right after the `$`, which would make it part of a name.
    fn word_touching(&self, offset: usize) -> Option<&'s str> {
        let rest = self.source.text.get(offset + 1..)?;
        let part_of_name = |next: char| next.is_alphanumeric() || next == '_';
        let end = rest.find(|next: char| !part_of_name(next)).unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    }
}

impl<'s> Token<'s> {
    /// The type that a `$` stands for.
    pub(super) fn given_type(&self) -> Option<&'s Type> {
        match self.argument?.value {
            Argument::Type(ty) => Some(ty),
            _ => None,
        }
    }
}

impl Given<'_> {
    /// The number, with the type that C gives it.
    pub(super) fn as_number(&self) -> Option<Number> {
        match *self.value {
            Argument::Number(number) => Some(match i32::try_from(number) {
                Ok(small) => Number::int(small.into()),
                Err(_) => Number::Integer { value: number.into(), bits: 64, signed: true },
            }),
            _ => None,
        }
    }

    /// The argument as C text.
    pub(super) fn text(&self) -> String {
        match self.value {
            Argument::Type(ty) => ty.to_string(),
            Argument::Number(number) if *number < 0 => format!("({number})"),
            Argument::Number(number) => number.to_string(),
            Argument::Name(name) => name.clone(),
        }
    }
}

/// Whether a text is one identifier and not a keyword.
fn is_identifier(text: &str) -> bool {
    let mut lexer = Tokens::of(text);
    lexer.next() == Some(Ok(TokenKind::Identifier)) && lexer.slice().len() == text.len()
}
