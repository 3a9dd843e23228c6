//! Recursive descent parser for C declarations.
//!
//! All recursion is counted: [`Parser::nested`] rejects a text that is nested too deeply, and long lists and
//! chains are parsed by loops.

mod annotation;
mod argument;
mod arithmetic;
mod attribute;
mod basic_type_specifiers;
mod conditional;
mod construction;
mod conversion;
mod declaration;
mod declarator;
mod directive;
mod enumeration;
mod expression;
mod initializer;
mod literal;
mod macros;
mod member;
mod record;
mod redeclaration;
mod specifier;
mod tokens;

use std::collections::VecDeque;
use std::sync::Arc;

use self::argument::TextArguments;
use self::conditional::Conditionals;
use self::tokens::Token;
use super::argument::Argument;
use super::error::{Error, ParseFailure, Parsed, Problem};
use super::lexer::{TokenKind, Tokens};
use super::scope::{Additions, Scope};
use super::source::{Position, Source};
use super::types::{Constant, ConstantValue, Type};
use crate::stack;

/// Nesting limit of declarators, parameters and expressions in a text; structs, which use twice the stack, are
/// limited to half of it. C11 5.2.4.1 requires 63 levels. The deepest text uses about 256 KiB of stack, or 1
/// MiB in an unoptimised build.
const NESTING: u32 = 128;

/// A parser for one text.
pub(super) struct Parser<'s> {
    source: Source<'s>,
    scope: Scope<'s>,
    arguments: TextArguments<'s>,
    lexer: Tokens<'s>,
    /// The offset of the lexer's text in the source: a directive is lexed separately.
    lexer_start: usize,
    /// Tokens that were peeked at but not taken.
    ahead: VecDeque<Token<'s>>,
    conditionals: Conditionals,
    /// The current `#pragma pack`.
    pack: Option<u64>,
    /// The stack of `#pragma pack(push)`, with optional names.
    packs: Vec<(Option<String>, Option<u64>)>,
    depth: u32,
    /// The number of tokens that macros have expanded to so far.
    expanded: usize,
    /// Whether the expression is the condition of an `#if`, in which unknown words are 0.
    in_condition: bool,
    /// Whether a preprocessor has already expanded the macros of the text; with its option `-dD` it also prints
    /// their definitions.
    expanded_before: bool,
    /// Whether the text is a type name and declares nothing.
    only_names: bool,
    /// Whether a parameter list is being parsed.
    in_parameters: bool,
    /// The constants of the structs that are being parsed, the innermost last.
    member_constants: Vec<Arc<Constant>>,
    /// The tokens taken since recording started.
    recording: Option<String>,
}

impl<'s> Parser<'s> {
    pub(super) fn new(text: &'s str, arguments: &'s [Argument], scope: Scope<'s>) -> Self {
        Parser {
            source: Source::new(text),
            scope,
            arguments: TextArguments::new(arguments),
            lexer: Tokens::of(text),
            lexer_start: 0,
            ahead: VecDeque::new(),
            conditionals: Conditionals::default(),
            pack: None,
            packs: Vec::new(),
            depth: 0,
            expanded: 0,
            in_condition: false,
            expanded_before: false,
            only_names: false,
            in_parameters: false,
            member_constants: Vec::new(),
            recording: None,
        }
    }

    /// Parses all declarations of the text.
    pub(super) fn declarations(mut self) -> Result<Additions, Error> {
        let parsed = stack::with_room_for_parser(|| {
            self.check_length().and_then(|()| self.all_declarations()).and_then(|()| self.check_arguments())
        });
        match parsed {
            Ok(()) => Ok(self.scope.finish()),
            Err(failure) => Err(self.fail(failure)),
        }
    }

    /// Parses a text that is one abstract declaration.
    pub(super) fn single_type(mut self) -> Result<Type, Error> {
        self.only_names = true;
        let parsed = stack::with_room_for_parser(|| {
            self.check_length()?;
            let ty = self.type_name()?;
            self.expect(TokenKind::End, "the end of the type")?;
            self.check_arguments().map(|()| ty)
        });
        parsed.map_err(|failure| self.fail(failure))
    }

    /// Parses a text that may be one constant expression: its values in the order of the ABIs.
    pub(super) fn single_constant(mut self) -> Option<([Option<ConstantValue>; 4], Position)> {
        let parsed = stack::with_room_for_parser(|| {
            self.check_length()?;
            let operand = self.expression()?;
            self.expect(TokenKind::End, "the end of the expression").map(|_| operand)
        });
        if parsed.is_err() {
            self.scope.undo();
            return None;
        }
        parsed.ok().map(|operand| (operand.values(), self.source.position(0)))
    }

    fn check_length(&self) -> Parsed<()> {
        match u32::try_from(self.source.text.len()) {
            Ok(_) => Ok(()),
            Err(_) => Err(ParseFailure::new(Problem::TooLong, 0, 0)),
        }
    }

    fn fail(self, mut failure: ParseFailure) -> Error {
        // Comparing the unknown name with all known ones takes long: done once, for the message only.
        if let Some((name, constants, hint)) = failure.problem.unknown_name()
            && let Some(similar) = self.scope.suggest(name, constants)
        {
            *hint = format!("; did you mean '{similar}'?");
        }
        let error = failure.locate(&self.source);
        self.scope.undo();
        error
    }

    /// Parses an item that may contain others of its own kind.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.nested_by(1, parse)
    }

    fn nested_by<T>(&mut self, levels: u32, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth + levels > NESTING {
            return Err(self.failure(Problem::TooDeep(NESTING)));
        }
        self.depth += levels;
        let parsed = parse(self);
        self.depth -= levels;
        parsed
    }
}
