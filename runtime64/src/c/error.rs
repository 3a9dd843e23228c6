//! What can be wrong with a declaration, and the message that says so.

use super::layout::LayoutError;
use super::source::{Position, Source};
use crate::bounded;

/// A declaration that cannot be taken: what is wrong, where, and the line itself. However long its names and lines are, the
/// message fits on a screen.
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
    /// What is wrong.
    pub problem: Box<Problem>,
    /// Where it is.
    pub position: Position,
    excerpt: String,
}

/// What is wrong with a declaration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A character that C has no use for.
    #[error("unexpected character {0:?}")]
    Character(char),
    /// A comment, string or character without end.
    #[error("this {0} is not closed")]
    Unclosed(&'static str),
    /// Another token was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A name that is no type, where a type is expected.
    #[error("unknown type name '{name}'{hint}")]
    UnknownType {
        /// The name.
        name: String,
        /// What to do about it.
        hint: String,
    },
    /// A name that is no constant, where one is expected.
    #[error("'{name}' is not a constant declared so far{hint}")]
    UnknownConstant {
        /// The name.
        name: String,
        /// What to do about it.
        hint: String,
    },
    /// The same name declared differently.
    #[error(
        "'{name}' is declared differently than before\n  before: {}\n  now:    {}",
        contradiction(before, now),
        contradiction(now, before)
    )]
    Redeclared {
        /// The name.
        name: String,
        /// The declaration that stands.
        before: String,
        /// The declaration that contradicts it.
        now: String,
    },
    /// Something that C or a compiler allows but that is not served here.
    #[error("{what} not supported; {advice}")]
    Unsupported {
        /// What it is, with its verb.
        what: String,
        /// What to write instead.
        advice: &'static str,
    },
    /// Something that C does not allow.
    #[error("{0}")]
    Invalid(String),
    /// Parentheses, braces or types nested beyond the limit.
    #[error("nested more than {0} levels deep")]
    TooDeep(u32),
    /// A `$` for which there is no argument.
    #[error("'$' number {number} stands for nothing: {}", counted(*given))]
    TooFewArguments {
        /// Which `$` of the text it is, from 1.
        number: usize,
        /// How many arguments there are.
        given: usize,
    },
    /// Arguments for which there is no `$`.
    #[error("{}, but the text has {used} '$' that {} for one", counted(*given), if *used == 1 { "stands" } else { "stand" })]
    TooManyArguments {
        /// How many arguments there are.
        given: usize,
        /// How many `$` the text has.
        used: usize,
    },
    /// A constant expression without a value.
    #[error("this constant expression has no value: {0}")]
    NoValue(&'static str),
    /// A size that is needed and not known.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Macros that expand without end.
    #[error("macros expand to more than {0} words here")]
    Expansion(usize),
    /// A text beyond 4 GiB.
    #[error("the text is longer than 4 GiB")]
    TooLong,
}

/// A position, whatever a line marker says that the file is called.
fn place(position: &Position) -> String {
    const COLUMNS: usize = 200;
    bounded::line(&position.to_string(), COLUMNS).into_owned()
}

/// What is wrong, in as many words as leave room for the place and the excerpt.
fn words(problem: &Problem) -> String {
    const LINES: usize = 17;
    const CHARACTERS: usize = 3000;
    bounded::lines(&problem.to_string(), LINES, CHARACTERS)
}

/// A declaration beside the one that it contradicts. Of a long one the first line is shown, and those from the first one that
/// differs.
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
    /// The name that is not known, whether a constant is wanted rather than a type, and what to do about it.
    pub(super) fn unknown_name(&mut self) -> Option<(&str, bool, &mut String)> {
        match self {
            Problem::UnknownType { name, hint } => Some((name, false, hint)),
            Problem::UnknownConstant { name, hint } => Some((name, true, hint)),
            _ => None,
        }
    }
}

/// A problem while its place is still an offset.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Box<Problem>,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// The result of each step of parsing.
pub(super) type Parsed<T> = Result<T, Failure>;

impl Failure {
    pub(super) fn new(problem: impl Into<Problem>, offset: usize, length: usize) -> Self {
        Failure { problem: Box::new(problem.into()), offset, length }
    }

    pub(super) fn locate(self, source: &Source<'_>) -> Error {
        Error {
            position: source.position(self.offset),
            excerpt: source.excerpt(self.offset, self.length),
            problem: self.problem,
        }
    }
}
