//! The parser's token stream: directives executed, macros expanded.

use super::Parser;
use super::argument::Given;
use crate::c::error::{ParseFailure, Parsed, Problem};
use crate::c::lexer::{LexicalError, TokenKind};

/// A token and its position. A token from a macro expansion has the position where the macro was used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: TokenKind,
    pub(super) text: &'s str,
    pub(super) offset: usize,
    pub(super) length: usize,
    /// Whether it names a macro within that macro's own expansion, where it is not expanded again.
    pub(super) painted: bool,
    /// Its argument, if it is a `$`.
    pub(super) argument: Option<Given<'s>>,
}

impl<'s> Token<'s> {
    pub(super) fn new(kind: TokenKind, text: &'s str, offset: usize, length: usize) -> Self {
        Token { kind, text, offset, length, painted: false, argument: None }
    }

    /// The token as error messages describe it.
    pub(super) fn describe(&self) -> String {
        if let Some(Given { number, value }) = self.argument {
            return format!("'$' number {number}, {value}");
        }
        match self.kind {
            TokenKind::End => "the end of the text".to_owned(),
            TokenKind::String | TokenKind::Character => self.text.to_owned(),
            _ => format!("'{}'", self.text),
        }
    }

    pub(super) fn failure(&self, problem: impl Into<Problem>) -> ParseFailure {
        ParseFailure::new(problem, self.offset, self.length)
    }

    pub(super) fn invalid(&self, what: impl Into<String>) -> ParseFailure {
        self.failure(Problem::Invalid(what.into()))
    }

    pub(super) fn unsupported(&self, what: impl Into<String>, advice: &'static str) -> ParseFailure {
        self.failure(Problem::Unsupported { what: what.into(), advice })
    }
}

impl<'s> Parser<'s> {
    /// The next token, without taking it.
    pub(super) fn peek(&mut self) -> Parsed<Token<'s>> {
        self.peek_at(0)
    }

    /// The second token ahead.
    pub(super) fn peek_second(&mut self) -> Parsed<Token<'s>> {
        self.peek_at(1)
    }

    /// The third token ahead.
    pub(super) fn peek_third(&mut self) -> Parsed<Token<'s>> {
        self.peek_at(2)
    }

    fn peek_at(&mut self, index: usize) -> Parsed<Token<'s>> {
        loop {
            if let Some(token) = self.ahead.get(index) {
                return Ok(*token);
            }
            self.fill()?;
        }
    }

    /// The kind of the next token.
    pub(super) fn kind(&mut self) -> Parsed<TokenKind> {
        Ok(self.peek()?.kind)
    }

    /// Takes the next token. The end can be taken repeatedly.
    pub(super) fn take(&mut self) -> Parsed<Token<'s>> {
        let token = self.peek()?;
        if token.kind != TokenKind::End {
            self.ahead.pop_front();
        }
        if let Some(recording) = &mut self.recording {
            if !recording.is_empty() {
                recording.push(' ');
            }
            match token.argument {
                Some(argument) => recording.push_str(&argument.text()),
                None => recording.push_str(token.text),
            }
        }
        Ok(token)
    }

    /// Takes the next token if it has this kind.
    pub(super) fn accept(&mut self, kind: TokenKind) -> Parsed<Option<Token<'s>>> {
        if self.kind()? == kind { self.take().map(Some) } else { Ok(None) }
    }

    /// Takes the next token, which must have this kind.
    pub(super) fn expect(&mut self, kind: TokenKind, expected: &str) -> Parsed<Token<'s>> {
        match self.accept(kind)? {
            Some(token) => Ok(token),
            None => Err(self.expected(expected)),
        }
    }

    /// The error that something other than the next token was expected.
    pub(super) fn expected(&mut self, expected: &str) -> ParseFailure {
        match self.peek() {
            Ok(token) => token.failure(Problem::Expected { expected: expected.to_owned(), found: token.describe() }),
            Err(failure) => failure,
        }
    }

    /// An error at the next token.
    pub(super) fn failure(&mut self, problem: Problem) -> ParseFailure {
        match self.peek() {
            Ok(token) => token.failure(problem),
            Err(failure) => failure,
        }
    }

    /// Skips the parenthesis, bracket or brace that is next, with its contents.
    pub(super) fn skip_group(&mut self) -> Parsed<()> {
        let open = self.take()?;
        let mut closers = vec![closer(open.kind)];
        while let Some(expected) = closers.last() {
            let token = self.take()?;
            match token.kind {
                TokenKind::LeftParenthesis | TokenKind::LeftBracket | TokenKind::LeftBrace => {
                    closers.push(closer(token.kind));
                }
                TokenKind::End => return Err(open.failure(Problem::Unclosed("parenthesis or brace"))),
                kind if kind == *expected => {
                    closers.pop();
                }
                TokenKind::RightParenthesis | TokenKind::RightBracket | TokenKind::RightBrace => {
                    let expected = if *expected == TokenKind::RightParenthesis { "')'" } else { "']' or '}'" };
                    let found = token.describe();
                    return Err(token.failure(Problem::Expected { expected: expected.to_owned(), found }));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Lexes until one more token is available.
    fn fill(&mut self) -> Parsed<()> {
        loop {
            let Some(lexed) = self.lexer.next() else {
                let offset = self.lexer_start + self.lexer.source().len();
                // A directive ends with its text; conditions continue after it.
                if !self.in_condition {
                    self.conditionals.finish()?;
                }
                self.ahead.push_back(Token::new(TokenKind::End, "", offset, 0));
                return Ok(());
            };
            let (span, text) = (self.lexer.span(), self.lexer.slice());
            let (offset, length) = (self.lexer_start + span.start, span.len());
            // The condition of an '#elif' is evaluated even if the lines before it are inactive.
            let active = self.in_condition || self.conditionals.active();
            match lexed {
                // A condition is one line, in which no directive can start.
                Ok(TokenKind::Directive) if self.in_condition => {
                    return Err(ParseFailure::new(Problem::Character('#'), offset, 1));
                }
                Ok(TokenKind::Directive) => self.directive(text, offset)?,
                _ if !active => {}
                Err(error) => return Err(ParseFailure::new(lexical_problem(error, text), offset, length)),
                Ok(TokenKind::Dollar) => {
                    let token = self.argument_token(offset)?;
                    self.ahead.push_back(token);
                    return Ok(());
                }
                Ok(kind) => {
                    let token = Token::new(kind, text, offset, length);
                    if kind != TokenKind::Identifier || self.in_condition || !self.expand_word(token)? {
                        self.ahead.push_back(token);
                    }
                    if !self.ahead.is_empty() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn closer(open: TokenKind) -> TokenKind {
    match open {
        TokenKind::LeftParenthesis => TokenKind::RightParenthesis,
        TokenKind::LeftBracket => TokenKind::RightBracket,
        _ => TokenKind::RightBrace,
    }
}

pub(super) fn lexical_problem(error: LexicalError, text: &str) -> Problem {
    match error {
        LexicalError::Character => Problem::Character(text.chars().next().unwrap_or('\u{FFFD}')),
        LexicalError::Unclosed(what) => Problem::Unclosed(what),
    }
}
