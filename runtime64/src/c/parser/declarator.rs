//! Declarators: the parts around a name that derive its type from the specifiers.

use super::Parser;
use super::annotation::ParameterSyntax;
use super::attribute::Attributes;
use super::construction::adjusted;
use super::specifier::Specifiers;
use super::tokens::Token;
use crate::c::error::{Parsed, Problem};
use crate::c::lexer::TokenKind;
use crate::c::types::{Convention, Length, Parameter, Qualifiers, TYPE_DEPTH, Type};
use crate::c::windows::Word;

/// Whether a declarator has a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    Required,
    Optional,
    Forbidden,
}

/// A declarator.
#[derive(Default)]
pub(super) struct Declarator<'s> {
    pub(super) name: Option<Token<'s>>,
    /// In order from the name outwards.
    pub(super) parts: Vec<Part>,
    pub(super) attributes: Attributes<'s>,
}

/// One derivation step of a declarator.
pub(super) enum Part {
    Pointer(Qualifiers),
    Array(Length),
    Function { convention: Option<Convention>, parameters: Parameters },
}

/// The contents of a function's parentheses.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) list: Vec<Parameter>,
    pub(super) variadic: bool,
    pub(super) prototype: bool,
}

/// A calling convention not yet attached to its function, and its keyword.
type Waiting<'s> = Option<(Convention, Token<'s>)>;

impl<'s> Parser<'s> {
    /// Parses a type name: specifiers and a declarator without a name.
    pub(super) fn type_name(&mut self) -> Parsed<Type> {
        self.nested(|parser| {
            let specifiers = parser.specifiers()?;
            let declarator = parser.declarator(Naming::Forbidden)?;
            declarator.build(&specifiers)
        })
    }

    /// Parses a declarator and the attributes after it.
    pub(super) fn declarator(&mut self, naming: Naming) -> Parsed<Declarator<'s>> {
        let mut declarator = Declarator::default();
        if let Some((convention, word)) = self.declarator_level(naming, &mut declarator)? {
            declarator.attributes.call_by(convention, word)?;
        }
        self.attributes(&mut declarator.attributes)?;
        Ok(declarator)
    }

    /// Parses a declarator up to its closing parenthesis. Returns the convention that belongs to a function
    /// further out.
    ///
    /// A convention belongs to the function whose parameters follow: `int (__stdcall *f)(int)`. After a `*`, it
    /// belongs to the parameters that follow the name at the same level: `int *__stdcall f(int)`.
    fn declarator_level(&mut self, naming: Naming, declarator: &mut Declarator<'s>) -> Parsed<Waiting<'s>> {
        self.nested(|parser| {
            let (pointers, before, after) = parser.pointers(declarator)?;
            let mut inner = None;
            if parser.at_inner_declarator(naming)? {
                parser.take()?;
                inner = parser.declarator_level(naming, declarator)?;
                parser.expect(TokenKind::RightParenthesis, "')'")?;
            } else if naming != Naming::Forbidden && parser.kind()? == TokenKind::Identifier {
                declarator.name = Some(parser.take()?);
            } else if naming == Naming::Required || naming == Naming::Optional && parser.kind()? == TokenKind::Dollar {
                return Err(parser.expected("a name"));
            }
            let first_suffix = declarator.parts.len();
            parser.suffixes(declarator, naming)?;
            let (mine, mut outer) = if inner.is_some() { (inner, after) } else { (after, None) };
            if let Some((wanted, _)) = mine {
                match declarator.parts.get_mut(first_suffix) {
                    Some(Part::Function { convention: convention @ None, .. }) => *convention = Some(wanted),
                    _ => outer = mine,
                }
            }
            declarator.parts.extend(pointers.into_iter().rev().map(Part::Pointer));
            Ok(before.or(outer))
        })
    }

    /// Parses `*`s with their qualifiers. Returns them and the conventions before and after the last `*`.
    fn pointers(&mut self, declarator: &mut Declarator<'s>) -> Parsed<(Vec<Qualifiers>, Waiting<'s>, Waiting<'s>)> {
        let mut pointers: Vec<Qualifiers> = Vec::new();
        let (mut before, mut after) = (None, None);
        loop {
            let mut attributes = Attributes::default();
            if self.attributes(&mut attributes)? {
                after = attributes.convention.take().or(after);
                // Packing does not apply to a pointer itself.
                attributes.packed &= pointers.is_empty();
                declarator.attributes.merge(attributes)?;
                continue;
            }
            let token = self.peek()?;
            let is_const = token.kind == TokenKind::Const
                || token.kind == TokenKind::Identifier && self.word(token)? == Some(Word::Const);
            match (token.kind, pointers.last_mut()) {
                (TokenKind::Star, _) => {
                    before = after.take().or(before);
                    pointers.push(Qualifiers::default());
                }
                (_, Some(last)) if is_const => last.is_const = true,
                (TokenKind::Volatile, Some(last)) => last.is_volatile = true,
                (TokenKind::Restrict, Some(last)) => last.is_restrict = true,
                (TokenKind::Pointer64, _) => return Err(token.unsupported("'__ptr64' is", "use 'uint64_t' instead")),
                (TokenKind::Ampersand | TokenKind::And, _) => {
                    return Err(
                        token.unsupported("a C++ reference is", "write a pointer, which is passed the same way")
                    );
                }
                _ => return Ok((pointers, before, after)),
            }
            if pointers.len() > TYPE_DEPTH as usize {
                return Err(token.failure(Problem::TooDeep(TYPE_DEPTH)));
            }
            self.take()?;
        }
    }

    /// Whether the next parenthesis contains a declarator rather than parameters.
    fn at_inner_declarator(&mut self, naming: Naming) -> Parsed<bool> {
        if self.kind()? != TokenKind::LeftParenthesis {
            return Ok(false);
        }
        let next = self.peek_second()?;
        Ok(match next.kind {
            _ if naming == Naming::Required => true,
            // '__pragma(pack(…))' precedes a struct, which can only belong to a parameter.
            TokenKind::RightParenthesis | TokenKind::Ellipsis | TokenKind::Pragma => false,
            TokenKind::Identifier => {
                let is_word = crate::c::windows::word(next.text).is_some();
                let is_annotation = super::annotation::is_annotation(next.text);
                is_word || !is_annotation && naming == Naming::Optional && !self.begins_type(next)?
            }
            _ => !self.begins_type(next)?,
        })
    }

    /// Parses array lengths and parameters after a name.
    fn suffixes(&mut self, declarator: &mut Declarator<'s>, naming: Naming) -> Parsed<()> {
        loop {
            let part = match self.kind()? {
                TokenKind::LeftBracket => Part::Array(self.array_length(naming)?),
                TokenKind::LeftParenthesis => {
                    let parameters = self.nested(Self::parameters)?;
                    Part::Function { convention: None, parameters }
                }
                _ => return Ok(()),
            };
            if declarator.parts.len() >= TYPE_DEPTH as usize {
                return Err(self.failure(Problem::TooDeep(TYPE_DEPTH)));
            }
            declarator.parts.push(part);
        }
    }

    /// `[]`, `[?]`, `[8]`, and in parameters `[static 8]`, `[const]`, `[*]`.
    fn array_length(&mut self, naming: Naming) -> Parsed<Length> {
        self.take()?;
        while matches!(self.kind()?, TokenKind::Static | TokenKind::Const | TokenKind::Volatile | TokenKind::Restrict) {
            self.take()?;
        }
        let token = self.peek()?;
        let length = match token.kind {
            TokenKind::RightBracket => Length::Incomplete,
            TokenKind::Question => {
                self.take()?;
                Length::Variable
            }
            TokenKind::Star if self.peek_second()?.kind == TokenKind::RightBracket => {
                self.take()?;
                Length::Incomplete
            }
            // `double values[n]`, where n is another parameter: the length is not part of the type.
            TokenKind::Identifier
                if naming == Naming::Optional && self.in_parameters && self.is_parameter_name(token)? =>
            {
                self.take()?;
                Length::Incomplete
            }
            _ => Length::Fixed(self.count()?),
        };
        self.expect(TokenKind::RightBracket, "']'")?;
        Ok(length)
    }

    /// Whether the next token is not a constant, so that an array length consisting of it can only be a
    /// parameter.
    fn is_parameter_name(&mut self, token: Token<'s>) -> Parsed<bool> {
        Ok(self.peek_second()?.kind == TokenKind::RightBracket
            && self.scope.find_macro(token.text).is_none()
            && self.scope.declared(token.text).is_none()
            && crate::c::standard::constant(token.text).is_none())
    }

    /// `()`, `(void)`, `(int a, char *b, ...)`
    fn parameters(&mut self) -> Parsed<Parameters> {
        self.take()?;
        let mut parameters = Parameters { prototype: true, ..Parameters::default() };
        if self.accept(TokenKind::RightParenthesis)?.is_some() {
            parameters.prototype = false;
            return Ok(parameters);
        }
        let outer = std::mem::replace(&mut self.in_parameters, true);
        let mut written = Vec::new();
        loop {
            if self.accept(TokenKind::Ellipsis)?.is_some() {
                parameters.variadic = true;
                self.expect(TokenKind::RightParenthesis, "')' after '...'")?;
                break;
            }
            let start = self.peek()?;
            let (parameter, as_written) = self.parameter()?;
            let closed = self.kind()? == TokenKind::RightParenthesis;
            if parameter.ty.is_void() {
                if parameters.list.is_empty() && parameter.name.is_none() && closed {
                    self.take()?;
                    break;
                }
                return Err(start.invalid("a parameter cannot be void"));
            }
            parameters.list.push(parameter);
            written.push(as_written);
            if self.accept(TokenKind::Comma)?.is_none() {
                self.expect(TokenKind::RightParenthesis, "',' or ')'")?;
                break;
            }
        }
        self.in_parameters = outer;
        self.check_annotations(&mut parameters.list, &written)?;
        Ok(parameters)
    }

    fn parameter(&mut self) -> Parsed<(Parameter, ParameterSyntax<'s>)> {
        let specifiers = self.specifiers()?;
        let declarator = self.declarator(Naming::Optional)?;
        if self.peek()?.text != "OPTIONAL" {
            self.no_stray_word(&declarator)?;
        }
        // `_Ret_z_ char *(*get)(void)` describes the result of the callback, not the parameter.
        let of_result = specifiers.annotation.as_ref().is_some_and(|(annotation, _)| annotation.is_of_result());
        let (annotation, of_result) = match specifiers.annotation.clone() {
            Some(annotation) if of_result => (None, Some(annotation)),
            annotation => (annotation, None),
        };
        let (mut annotation, word) = annotation.unzip();
        while self.peek()?.text == "OPTIONAL" {
            self.take()?;
            if let Some(annotation) = &mut annotation {
                annotation.optional = true;
            }
        }
        let name = declarator.name.map(|name| name.text.to_owned());
        let ty = declarator.build(&Specifiers { annotation: of_result, ..specifiers })?;
        let written = ParameterSyntax { annotation: word, is_array: matches!(ty.resolve(), Type::Array(_)) };
        Ok((Parameter { name, ty: adjusted(ty), annotation }, written))
    }
}
