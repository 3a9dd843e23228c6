//! Macros without parameters.
//!
//! A macro whose text is an expression is a named constant: it is looked up only where a constant is expected,
//! so that its name can still be used for parameters and members. Any other macro, such as
//! `#define API __stdcall`, is replaced wherever it occurs.

use super::Parser;
use super::tokens::{Token, lexical_problem};
use crate::c::error::{Parsed, Problem};
use crate::c::lexer::{TokenKind, Tokens};
use crate::c::names::{Declaration, Macro};
use crate::c::standard;

/// The limit on tokens from macro expansion in a text: macros that use each other twice double with each level.
const WORDS: usize = 1_000_000;

/// The nesting limit of macros.
const LEVELS: usize = 64;

impl<'s> Parser<'s> {
    /// If the word is a macro that is not a constant, pushes its tokens onto `ahead`.
    pub(super) fn expand_word(&mut self, word: Token<'s>) -> Parsed<bool> {
        if self.expanded_before {
            return Ok(false);
        }
        let Some(definition) = self.scope.find_macro(word.text) else { return Ok(false) };
        if definition.has_parameters {
            if !self.lexer.remainder().trim_ascii_start().starts_with('(') {
                return Ok(false);
            }
            let what = format!("'{}' is a macro with parameters, which is", word.text);
            return Err(word.unsupported(what, "write its expansion instead"));
        }
        if self.is_constant(definition, LEVELS) {
            return Ok(false);
        }
        let mut words = Vec::new();
        self.expand(definition, word, &mut vec![word.text], &mut words)?;
        self.ahead.extend(words);
        Ok(true)
    }

    /// If the next token is a word that stands for the text of a constant, replaces it with that text.
    pub(super) fn expand_constant(&mut self) -> Parsed<bool> {
        let word = self.peek()?;
        if word.kind != TokenKind::Identifier || word.painted {
            return Ok(false);
        }
        let definition = match self.scope.find_macro(word.text) {
            Some(definition) if !definition.has_parameters => definition,
            Some(_) => return Ok(false),
            None if self.scope.declared(word.text).is_some() => return Ok(false),
            None => match standard::constant(word.text) {
                Some(body) => Macro { body, has_parameters: false },
                None => return Ok(false),
            },
        };
        let mut words = Vec::new();
        self.expand(definition, word, &mut vec![word.text], &mut words)?;
        self.ahead.pop_front();
        for word in words.into_iter().rev() {
            self.ahead.push_front(word);
        }
        Ok(true)
    }

    /// Whether a macro's text is an expression, judged by its start.
    fn is_constant(&self, definition: Macro<'s>, levels: usize) -> bool {
        let mut lexer = Tokens::of(definition.body);
        match lexer.next() {
            Some(Ok(
                TokenKind::Number
                | TokenKind::String
                | TokenKind::Character
                | TokenKind::LeftParenthesis
                | TokenKind::Minus
                | TokenKind::Plus
                | TokenKind::Tilde
                | TokenKind::Exclamation
                | TokenKind::Sizeof
                | TokenKind::Alignof
                | TokenKind::Offsetof,
            )) => true,
            Some(Ok(TokenKind::Identifier)) => {
                let word = lexer.slice();
                if matches!(self.scope.declared(word), Some(Declaration::Constant(_))) {
                    return true;
                }
                match self.scope.find_macro(word) {
                    Some(next) => levels > 0 && !next.has_parameters && self.is_constant(next, levels - 1),
                    None => standard::constant(word).is_some(),
                }
            }
            _ => false,
        }
    }

    /// Appends the tokens of a macro. `open` contains the macros whose expansion is in progress.
    fn expand(
        &mut self,
        definition: Macro<'s>,
        place: Token<'s>,
        open: &mut Vec<&'s str>,
        words: &mut Vec<Token<'s>>,
    ) -> Parsed<()> {
        if open.len() > LEVELS {
            return Err(place.failure(Problem::Expansion(WORDS)));
        }
        let mut lexer = Tokens::of(definition.body);
        while let Some(lexed) = lexer.next() {
            let text = lexer.slice();
            let kind = lexed.map_err(|error| place.failure(lexical_problem(error, text)))?;
            if kind == TokenKind::Dollar {
                return Err(place.unsupported("'$' in a macro is", "write it where the macro is used"));
            }
            self.expanded += 1;
            if self.expanded > WORDS {
                return Err(place.failure(Problem::Expansion(WORDS)));
            }
            let painted = open.contains(&text);
            match self.scope.find_macro(text) {
                Some(inner) if kind == TokenKind::Identifier && !painted && !inner.has_parameters => {
                    open.push(text);
                    self.expand(inner, place, open, words)?;
                    open.pop();
                }
                _ => words.push(Token { painted, ..Token::new(kind, text, place.offset, place.length) }),
            }
        }
        Ok(())
    }
}
