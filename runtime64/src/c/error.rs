//! Errors in declarations and their messages.

use super::layout::LayoutError;
use super::source::{Position, Source};
use crate::bounded;

/// A rejected declaration: the problem, its position, and the source line. The message fits on a screen,
/// however long its names and lines are.
///
/// ```
/// let error = runtime64::c::Declarations::new().declare("int Add(int a, itn b);").unwrap_err();
/// assert_eq!(error.to_string(), "\
/// line 1, column 16: unknown type name 'itn'; did you mean 'int'?
///     int Add(int a, itn b);
///                    ^~~");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {}\n{excerpt}", place(position), words(problem))]
pub struct Error {
    /// The problem.
    pub problem: Box<Problem>,
    /// Its position.
    pub position: Position,
    excerpt: String,
}

/// The kinds of problems in a declaration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A character that does not exist in C.
    #[error("unexpected character {0:?}")]
    Character(char),
    /// An unterminated comment, string or character constant.
    #[error("this {0} is not closed")]
    Unclosed(&'static str),
    /// Another token was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// The expected token.
        expected: String,
        /// The token found.
        found: String,
    },
    /// A name that is not a type, where a type is expected.
    #[error("unknown type name '{name}'{hint}")]
    UnknownType {
        /// The name.
        name: String,
        /// Advice, appended to the message.
        hint: String,
    },
    /// A name that is not a constant, where one is expected.
    #[error("unknown constant '{name}'{hint}")]
    UnknownConstant {
        /// The name.
        name: String,
        /// Advice, appended to the message.
        hint: String,
    },
    /// A name with conflicting declarations.
    #[error(
        "conflicting declarations of '{name}'\n  before: {}\n  now:    {}",
        contradiction(before, now),
        contradiction(now, before)
    )]
    Redeclared {
        /// The name.
        name: String,
        /// The declaration in effect.
        before: String,
        /// The conflicting declaration.
        now: String,
    },
    /// A feature that C or a compiler allows but that is not supported here.
    #[error("{what} not supported; {advice}")]
    Unsupported {
        /// The feature, with its verb.
        what: String,
        /// An alternative.
        advice: &'static str,
    },
    /// A violation of C's rules.
    #[error("{0}")]
    Invalid(String),
    /// Parentheses, braces or types nested more deeply than the limit.
    #[error("nested more than {0} levels deep")]
    TooDeep(u32),
    /// A `$` without an argument.
    #[error("'$' number {number} has no argument: {}", counted(*given))]
    TooFewArguments {
        /// The number of the `$` in the text, from 1.
        number: usize,
        /// The number of arguments.
        given: usize,
    },
    /// Arguments without a `$`.
    #[error("{}, but the text contains {used} '$'", counted(*given))]
    TooManyArguments {
        /// The number of arguments.
        given: usize,
        /// The number of `$` in the text.
        used: usize,
    },
    /// A constant expression without a value.
    #[error("this constant expression has no value: {0}")]
    NoValue(&'static str),
    /// A required size that is unknown.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Macro expansion beyond the limit.
    #[error("macros expand to more than {0} tokens here")]
    Expansion(usize),
    /// A text beyond 4 GiB.
    #[error("the text is longer than 4 GiB")]
    TooLong,
}

/// A position in words, with the file name shortened: a line marker may contain any name.
fn place(position: &Position) -> String {
    const COLUMNS: usize = 200;
    bounded::line(&position.to_string(), COLUMNS).into_owned()
}

/// The problem in words, short enough to leave room for the position and the excerpt.
fn words(problem: &Problem) -> String {
    const LINES: usize = 17;
    const CHARACTERS: usize = 3000;
    bounded::lines(&problem.to_string(), LINES, CHARACTERS)
}

/// A declaration as shown beside the one it conflicts with. Of a long declaration, shows the first line and the
/// lines from the first difference on.
fn contradiction(text: &str, other: &str) -> String {
    const LINES: usize = 8;
    const CHARACTERS: usize = 1000;
    let same = text.lines().zip(other.lines()).take_while(|(line, other)| line == other).count();
    if text.lines().count() <= LINES || same < 2 {
        return bounded::lines(text, LINES, CHARACTERS);
    }
    let differing: Vec<&str> = text.lines().take(1).chain(["      …"]).chain(text.lines().skip(same)).collect();
    bounded::lines(&differing.join("\n"), LINES, CHARACTERS)
}

fn counted(arguments: usize) -> String {
    match arguments {
        0 => "no argument was given".to_owned(),
        1 => "one argument was given".to_owned(),
        more => format!("{more} arguments were given"),
    }
}

impl Problem {
    /// The unknown name, whether a constant is expected there rather than a type, and the hint to fill in.
    pub(super) fn unknown_name(&mut self) -> Option<(&str, bool, &mut String)> {
        match self {
            Problem::UnknownType { name, hint } => Some((name, false, hint)),
            Problem::UnknownConstant { name, hint } => Some((name, true, hint)),
            _ => None,
        }
    }
}

/// A problem whose position is still an offset.
#[derive(Debug)]
pub(super) struct ParseFailure {
    pub(super) problem: Box<Problem>,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// The result of every parsing step.
pub(super) type Parsed<T> = Result<T, ParseFailure>;

impl ParseFailure {
    pub(super) fn new(problem: impl Into<Problem>, offset: usize, length: usize) -> Self {
        ParseFailure { problem: Box::new(problem.into()), offset, length }
    }

    pub(super) fn locate(self, source: &Source<'_>) -> Error {
        Error {
            position: source.position(self.offset),
            excerpt: source.excerpt(self.offset, self.length),
            problem: self.problem,
        }
    }
}
