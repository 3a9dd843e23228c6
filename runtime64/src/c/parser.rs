//! Recursive descent over the tokens of C declarations.
//!
//! Nothing here recurses without counting: [`Parser::nested`] refuses a text that is nested too deeply, and long lists
//! and chains are loops.

mod annotation;
mod argument;
mod arithmetic;
mod attribute;
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
mod words;

use std::collections::VecDeque;
use std::sync::Arc;

use self::argument::Arguments;
use self::conditional::Conditionals;
use self::tokens::Token;
use super::argument::Argument;
use super::error::{Error, Failure, Parsed, Problem};
use super::lexer::{Kind, Tokens};
use super::scope::{Additions, Scope};
use super::source::{Position, Source};
use super::types::{Constant, ConstantValue, Type};
use crate::stack;

/// How deeply declarators, parameters and expressions may be nested in a text; structs, which take twice the stack,
/// half as deeply. C11 5.2.4.1 asks for 63 levels. The deepest text takes about 256 KiB of stack, unoptimised 1 MiB.
const NESTING: u32 = 128;

/// A text being parsed.
pub(super) struct Parser<'s> {
    source: Source<'s>,
    scope: Scope<'s>,
    arguments: Arguments<'s>,
    lexer: Tokens<'s>,
    /// Where the lexer's text starts in the source: a directive is a text of its own.
    lexer_start: usize,
    /// Tokens that have been looked at but not taken.
    ahead: VecDeque<Token<'s>>,
    conditionals: Conditionals,
    /// `#pragma pack` as it stands.
    pack: Option<u64>,
    /// `#pragma pack(push)`, with the names they were given.
    packs: Vec<(Option<String>, Option<u64>)>,
    depth: u32,
    /// The words that macros have been expanded to so far.
    expanded: usize,
    /// Whether the expression is the condition of `#if`, in which unknown words are 0.
    in_condition: bool,
    /// Whether a preprocessor has expanded the macros of the text; with its option `-dD` it puts out their definitions,
    /// too.
    expanded_before: bool,
    /// Whether the text names a type and declares nothing.
    only_names: bool,
    /// Whether parameters are being read.
    in_parameters: bool,
    /// The constants of the structs that are being read, those of the innermost last.
    member_constants: Vec<Arc<Constant>>,
    /// The tokens taken since somebody wanted to know.
    recording: Option<String>,
}

impl<'s> Parser<'s> {
    pub(super) fn new(text: &'s str, arguments: &'s [Argument], scope: Scope<'s>) -> Self {
        Parser {
            source: Source::new(text),
            scope,
            arguments: Arguments::new(arguments),
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

    /// All declarations of the text.
    pub(super) fn declarations(mut self) -> Result<Additions, Error> {
        let parsed = stack::with_room_for_parser(|| {
            self.check_length().and_then(|()| self.all_declarations()).and_then(|()| self.check_arguments())
        });
        match parsed {
            Ok(()) => Ok(self.scope.finish()),
            Err(failure) => Err(self.fail(failure)),
        }
    }

    /// A text that is one abstract declaration.
    pub(super) fn single_type(mut self) -> Result<Type, Error> {
        self.only_names = true;
        let parsed = stack::with_room_for_parser(|| {
            self.check_length()?;
            let ty = self.type_name()?;
            self.expect(Kind::End, "the end of the type")?;
            self.check_arguments().map(|()| ty)
        });
        parsed.map_err(|failure| self.fail(failure))
    }

    /// A text that may be one constant expression: its values in the order of the ABIs.
    pub(super) fn single_constant(mut self) -> Option<([Option<ConstantValue>; 4], Position)> {
        let parsed = stack::with_room_for_parser(|| {
            self.check_length()?;
            let operand = self.expression()?;
            self.expect(Kind::End, "the end of the expression").map(|_| operand)
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
            Err(_) => Err(Failure::new(Problem::TooLong, 0, 0)),
        }
    }

    fn fail(self, mut failure: Failure) -> Error {
        // All known names are compared with the wrong one, which takes long: once, for the message alone.
        if let Some((name, constants, hint)) = failure.problem.unknown_name()
            && let Some(similar) = self.scope.similar(name, constants)
        {
            *hint = format!("; did you mean '{similar}'?");
        }
        let error = failure.locate(&self.source);
        self.scope.undo();
        error
    }

    /// Parses something that may contain its own kind again.
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
