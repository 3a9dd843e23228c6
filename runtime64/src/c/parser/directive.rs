//! Preprocessor directives: line markers, constants, conditions, packing.

use super::Parser;
use super::arithmetic::Number;
use crate::c::error::{ParseFailure, Parsed, Problem};
use crate::c::lexer::{TokenKind, Tokens};
use crate::c::names::Macro;
use crate::c::standard;

/// Macros that headers use to distinguish platforms. Declarations apply to every platform, so these have no
/// value.
const PLATFORMS: &[&str] = &[
    "_WIN32",
    "_WIN64",
    "WIN32",
    "WIN64",
    "__WIN32__",
    "_WINDOWS",
    "__CYGWIN__",
    "__MINGW32__",
    "__MINGW64__",
    "_MSC_VER",
    "__linux__",
    "__linux",
    "linux",
    "__gnu_linux__",
    "__unix__",
    "__unix",
    "unix",
    "__APPLE__",
    "__i386__",
    "__i386",
    "i386",
    "_M_IX86",
    "_X86_",
    "__x86_64__",
    "__x86_64",
    "__amd64__",
    "_M_X64",
    "_M_AMD64",
    "__LP64__",
    "_LP64",
    "__ILP32__",
];

/// A directive of the text.
#[derive(Clone, Copy)]
struct Directive<'s> {
    /// The text after the name.
    body: &'s str,
    body_offset: usize,
    offset: usize,
    length: usize,
}

impl Directive<'_> {
    fn failure(&self, problem: Problem) -> ParseFailure {
        ParseFailure::new(problem, self.offset, self.length)
    }

    fn invalid(&self, what: &str) -> ParseFailure {
        self.failure(Problem::Invalid(what.to_owned()))
    }
}

impl<'s> Parser<'s> {
    /// Executes a directive; `text` starts with `#`.
    pub(super) fn directive(&mut self, text: &'s str, offset: usize) -> Parsed<()> {
        let after_sign = skip_blanks(&text[1..]);
        let name_length = after_sign.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after_sign.len());
        let (name, rest) = after_sign.split_at(name_length);
        let body = skip_blanks(rest);
        let directive = Directive { body, body_offset: offset + text.len() - body.len(), offset, length: text.len() };
        match name {
            "if" | "ifdef" | "ifndef" | "elif" | "else" | "endif" => return self.conditional(name, directive),
            _ if !self.conditionals.active() => return Ok(()),
            _ => {}
        }
        match name {
            "define" => self.define(directive),
            "undef" => {
                self.scope.set_macro(word(body), None);
                Ok(())
            }
            "pragma" => self.pragma(directive),
            "line" => self.line_marker(body, directive),
            "include" | "include_next" | "import" => include(directive),
            "error" => Err(directive.invalid(&format!("'#error': {}", body.trim_end()))),
            "" | "ident" | "sccs" | "warning" | "assert" | "unassert" => Ok(()),
            marker if marker.starts_with(|c: char| c.is_ascii_digit()) => {
                self.expanded_before = true;
                self.line_marker(after_sign, directive)
            }
            other => Err(directive.invalid(&format!("unknown directive '#{other}'"))),
        }
    }

    /// `# 12 "file.h"` and `#line 12 "file.h"`: set the file and number of the next line.
    fn line_marker(&mut self, text: &str, directive: Directive<'s>) -> Parsed<()> {
        let mut words = text.splitn(2, [' ', '\t']);
        let line = words.next().and_then(|number| number.trim_end().parse().ok());
        let Some(line) = line else { return Err(directive.invalid("'#line' needs a line number")) };
        let file = words.next().and_then(|rest| rest.split('"').nth(1));
        let next_line = directive.offset + directive.length + 1;
        self.source.mark(next_line, line, file);
        Ok(())
    }

    fn define(&mut self, directive: Directive<'s>) -> Parsed<()> {
        let name = word(directive.body);
        if name.is_empty() {
            return Err(directive.invalid("'#define' needs a name"));
        }
        let rest = &directive.body[name.len()..];
        let has_parameters = rest.starts_with('(');
        let body = if has_parameters { "" } else { rest.trim() };
        let definition = Macro { body, has_parameters };
        if let Some(before) = self.scope.find_macro(name)
            && !has_parameters
            && !before.has_parameters
            && !same_words(before.body, body)
        {
            return Err(directive.failure(Problem::Redeclared {
                name: name.to_owned(),
                before: format!("#define {name} {}", before.body),
                now: format!("#define {name} {body}"),
            }));
        }
        self.scope.set_macro(name, Some(definition));
        Ok(())
    }

    fn conditional(&mut self, name: &str, directive: Directive<'s>) -> Parsed<()> {
        let Directive { offset, length, .. } = directive;
        match name {
            "endif" => return self.conditionals.end(offset, length),
            "else" => return self.conditionals.other(true, true, offset, length),
            "elif" => {
                let condition = self.conditionals.wants_condition() && self.condition(directive)?;
                return self.conditionals.other(condition, false, offset, length);
            }
            _ => {}
        }
        let condition = self.conditionals.active()
            && match name {
                "if" => self.condition(directive)?,
                _ => self.is_defined(word(directive.body), directive.body_offset)? == (name == "ifdef"),
            };
        self.conditionals.begin(condition, offset);
        Ok(())
    }

    /// Whether a macro is defined; an error if the answer depends on the platform.
    pub(super) fn is_defined(&self, name: &str, offset: usize) -> Parsed<bool> {
        if self.scope.find_macro(name).is_some() {
            return Ok(true);
        }
        if PLATFORMS.contains(&name) && !self.scope.is_undefined_macro(name) {
            let what = format!("'{name}' tests for a platform, which is");
            let advice = "declarations apply to every platform: choose with '#define' or '#undef' before this";
            return Err(ParseFailure::new(Problem::Unsupported { what, advice }, offset, name.len()));
        }
        Ok(matches!(name, "__STDC__" | "__STDC_VERSION__"))
    }

    /// Evaluates the condition of an `#if`.
    fn condition(&mut self, directive: Directive<'s>) -> Parsed<bool> {
        // The condition is lexed separately, between the tokens before the directive and those after it.
        let lexer = std::mem::replace(&mut self.lexer, Tokens::of(directive.body));
        let lexer_start = std::mem::replace(&mut self.lexer_start, directive.body_offset);
        let ahead = std::mem::take(&mut self.ahead);
        let recording = self.recording.take();
        self.in_condition = true;
        let value = self.condition_value();
        self.in_condition = false;
        self.lexer = lexer;
        self.lexer_start = lexer_start;
        self.ahead = ahead;
        self.recording = recording;
        value
    }

    fn condition_value(&mut self) -> Parsed<bool> {
        let start = self.peek()?;
        let operand = self.expression()?;
        self.expect(TokenKind::End, "the end of the line")?;
        let truths = operand.numbers(&start)?.map(Number::is_true);
        match truths {
            [Some(truth), ..] if truths.iter().all(|other| *other == Some(truth)) => Ok(truth),
            [Some(_), ..] => Err(start.invalid("this condition differs between platforms")),
            _ => Err(start.failure(Problem::NoValue("it is no number"))),
        }
    }

    fn pragma(&mut self, directive: Directive<'s>) -> Parsed<()> {
        let Some(rest) = pack_arguments(directive.body) else { return Ok(()) };
        let arguments = skip_blanks(rest).strip_prefix('(').and_then(|rest| rest.split_once(')'));
        match arguments {
            Some((arguments, _)) => self.pragma_pack(arguments, directive.offset, directive.length),
            None => Err(directive.invalid("'#pragma pack' needs parentheses")),
        }
    }

    /// Parses the arguments of `#pragma pack(…)`: nothing, `n`, `push`, `push, n`, `push, name, n`, `pop`,
    /// `pop, name`, `show`.
    pub(super) fn pragma_pack(&mut self, arguments: &str, offset: usize, length: usize) -> Parsed<()> {
        let invalid = |what: &str| ParseFailure::new(Problem::Invalid(what.to_owned()), offset, length);
        let mut words = arguments.split(',').map(str::trim).peekable();
        let action = words.next_if(|first| matches!(*first, "push" | "pop" | "show"));
        let name = words.next_if(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(name) = name
            && action.is_none()
        {
            return Err(invalid(&format!("unknown argument '{name}' of '#pragma pack'")));
        }
        let size = match words.next() {
            None | Some("") => None,
            Some(text) => match text.parse() {
                Ok(0) => Some(None),
                Ok(bytes @ (1 | 2 | 4 | 8 | 16)) => Some(Some(bytes)),
                _ => return Err(invalid("'#pragma pack' needs 1, 2, 4, 8 or 16")),
            },
        };
        match action {
            Some("push") => self.packs.push((name.map(str::to_owned), self.pack)),
            Some("pop") => match name {
                None => {
                    self.pack = self
                        .packs
                        .pop()
                        .map(|(_, pack)| pack)
                        .ok_or_else(|| invalid("there is no '#pragma pack(push)' for this"))?;
                }
                Some(name) => {
                    if let Some(place) = self.packs.iter().rposition(|(pushed, _)| pushed.as_deref() == Some(name)) {
                        self.pack = self.packs[place].1;
                        self.packs.truncate(place);
                    }
                }
            },
            Some(_) => {}
            None if size.is_none() => self.pack = None,
            None => {}
        }
        if let Some(size) = size {
            self.pack = size;
        }
        Ok(())
    }
}

/// `#include`: accepted, without effect, for headers whose types are predeclared.
fn include(directive: Directive<'_>) -> Parsed<()> {
    let name = directive.body.trim_start_matches(['<', '"']);
    let name = name.split(['>', '"']).next().unwrap_or_default();
    if standard::HEADERS.contains(&name) {
        return Ok(());
    }
    Err(directive.failure(Problem::Unsupported {
        what: format!("'#include' of '{name}' is"),
        advice: "write out the declarations that are needed, or paste the output of the preprocessor ('gcc -E')",
    }))
}

/// Strips leading blanks, comments and line continuations.
fn skip_blanks(text: &str) -> &str {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\r']);
        let next = if let Some(comment) = trimmed.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else if trimmed.starts_with("//") {
            ""
        } else {
            let continued = trimmed.strip_prefix("\\\n").or_else(|| trimmed.strip_prefix("\\\r\n"));
            continued.unwrap_or(trimmed)
        };
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

/// The identifier at the start of the text.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c.is_ascii()).unwrap_or(text.len());
    &text[..end]
}

/// Whether two macros consist of the same words, apart from blanks and comments.
fn same_words(left: &str, right: &str) -> bool {
    let words = |text| {
        let mut lexer = Tokens::of(text);
        std::iter::from_fn(move || lexer.next().map(|kind| (kind, lexer.slice().to_owned()))).collect::<Vec<_>>()
    };
    left == right || words(left) == words(right)
}

/// The text after the word `pack` of a pragma; `None` for other pragmas, including words that only start with
/// `pack`.
pub(super) fn pack_arguments(pragma: &str) -> Option<&str> {
    let rest = pragma.strip_prefix("pack")?;
    (!rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')).then_some(rest)
}
