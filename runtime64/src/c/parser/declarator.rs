//! Declarators: what stands around a name and makes its type from the one before it.

use std::sync::Arc;

use super::Parser;
use super::attribute::{Attributes, unsupported};
use super::specifier::Specifiers;
use super::tokens::Token;
use crate::c::error::{Failure, Parsed, Problem};
use crate::c::lexer::Kind;
use crate::c::types::{
    Annotation, ArrayType, Convention, FunctionType, Length, Parameter, Qualifiers, TYPE_DEPTH, Type,
};
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
    /// From the name outwards.
    parts: Vec<Part>,
    pub(super) attributes: Attributes<'s>,
}

enum Part {
    Pointer(Qualifiers),
    Array(Length),
    Function { convention: Option<Convention>, parameters: Parameters },
}

#[derive(Default)]
struct Parameters {
    list: Vec<Parameter>,
    variadic: bool,
    prototype: bool,
}

/// A calling convention that waits for its function, and the word for it.
type Waiting<'s> = Option<(Convention, Token<'s>)>;

impl<'s> Parser<'s> {
    /// A type name: specifiers and a declarator without name.
    pub(super) fn type_name(&mut self) -> Parsed<Type> {
        self.nested(|parser| {
            let specifiers = parser.specifiers()?;
            let declarator = parser.declarator(Naming::Forbidden)?;
            declarator.build(&specifiers)
        })
    }

    /// Takes a declarator and the attributes after it.
    pub(super) fn declarator(&mut self, naming: Naming) -> Parsed<Declarator<'s>> {
        let mut declarator = Declarator::default();
        if let Some((convention, word)) = self.declarator_level(naming, &mut declarator)? {
            declarator.attributes.call_by(convention, word)?;
        }
        self.attributes(&mut declarator.attributes)?;
        Ok(declarator)
    }

    /// Takes a declarator up to its closing parenthesis. Returns the convention that belongs to a function further out.
    ///
    /// A convention belongs to the function whose parameters follow: `int (__stdcall *f)(int)`. One after a `*`
    /// belongs to what follows the name at the same level: `int *__stdcall f(int)`.
    fn declarator_level(&mut self, naming: Naming, declarator: &mut Declarator<'s>) -> Parsed<Waiting<'s>> {
        self.nested(|parser| {
            let (pointers, before, after) = parser.pointers(declarator)?;
            let mut inner = None;
            if parser.at_inner_declarator(naming)? {
                parser.take()?;
                inner = parser.declarator_level(naming, declarator)?;
                parser.expect(Kind::RightParenthesis, "')'")?;
            } else if naming != Naming::Forbidden && parser.kind()? == Kind::Identifier {
                declarator.name = Some(parser.take()?);
            } else if naming == Naming::Required {
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

    /// Takes `*`s with their qualifiers. Returns them and the conventions before the last `*` and after it.
    fn pointers(&mut self, declarator: &mut Declarator<'s>) -> Parsed<(Vec<Qualifiers>, Waiting<'s>, Waiting<'s>)> {
        let mut pointers: Vec<Qualifiers> = Vec::new();
        let (mut before, mut after) = (None, None);
        loop {
            let mut attributes = Attributes::default();
            if self.attributes(&mut attributes)? {
                after = attributes.convention.take().or(after);
                declarator.attributes.merge(attributes)?;
                continue;
            }
            let token = self.peek()?;
            let is_const =
                token.kind == Kind::Const || token.kind == Kind::Identifier && self.word(token)? == Some(Word::Const);
            match (token.kind, pointers.last_mut()) {
                (Kind::Star, _) => {
                    before = after.take().or(before);
                    pointers.push(Qualifiers::default());
                }
                (_, Some(last)) if is_const => last.is_const = true,
                (Kind::Volatile, Some(last)) => last.is_volatile = true,
                (Kind::Restrict, Some(last)) => last.is_restrict = true,
                (Kind::Pointer64, _) => return Err(token.unsupported("'__ptr64' is", "use 'uint64_t' for it")),
                (Kind::Ampersand | Kind::And, _) => {
                    return Err(
                        token.unsupported("a reference of C++ is", "write a pointer, which is passed the same way")
                    );
                }
                (Kind::Dollar, _) => return Err(token.unsupported("'$' is", "write out the name or type")),
                _ => return Ok((pointers, before, after)),
            }
            if pointers.len() > TYPE_DEPTH as usize {
                return Err(token.failure(Problem::TooDeep(TYPE_DEPTH)));
            }
            self.take()?;
        }
    }

    /// Whether a parenthesis is next that holds a declarator rather than parameters.
    fn at_inner_declarator(&mut self, naming: Naming) -> Parsed<bool> {
        if self.kind()? != Kind::LeftParenthesis {
            return Ok(false);
        }
        let next = self.peek_second()?;
        Ok(match next.kind {
            _ if naming == Naming::Required => true,
            Kind::RightParenthesis | Kind::Ellipsis => false,
            Kind::Identifier => {
                let is_word = crate::c::windows::word(next.text).is_some();
                let is_annotation = super::annotation::is_annotation(next.text);
                is_word || !is_annotation && naming == Naming::Optional && !self.begins_type(next)?
            }
            _ => !self.begins_type(next)?,
        })
    }

    /// Takes arrays and parameters after a name.
    fn suffixes(&mut self, declarator: &mut Declarator<'s>, naming: Naming) -> Parsed<()> {
        loop {
            let part = match self.kind()? {
                Kind::LeftBracket => Part::Array(self.array_length(naming)?),
                Kind::LeftParenthesis => {
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
        while matches!(self.kind()?, Kind::Static | Kind::Const | Kind::Volatile | Kind::Restrict) {
            self.take()?;
        }
        let token = self.peek()?;
        let length = match token.kind {
            Kind::RightBracket => Length::Incomplete,
            Kind::Question => {
                self.take()?;
                Length::Variable
            }
            Kind::Dollar => return Err(token.unsupported("'$' is", "write out the length")),
            Kind::Star if self.peek_second()?.kind == Kind::RightBracket => {
                self.take()?;
                Length::Incomplete
            }
            // `double values[n]`, where n is another parameter: the length has no part in the type.
            Kind::Identifier
                if naming == Naming::Optional && self.in_parameters && self.is_parameter_name(token)? =>
            {
                self.take()?;
                Length::Incomplete
            }
            _ => Length::Fixed(self.count()?),
        };
        self.expect(Kind::RightBracket, "']'")?;
        Ok(length)
    }

    /// Whether the next token is no constant, so that as the whole of an array's length it can only be a parameter.
    fn is_parameter_name(&mut self, token: Token<'s>) -> Parsed<bool> {
        Ok(self.peek_second()?.kind == Kind::RightBracket
            && self.scope.find_macro(token.text).is_none()
            && self.scope.declared(token.text).is_none()
            && crate::c::standard::constant(token.text).is_none())
    }

    /// `()`, `(void)`, `(int a, char *b, ...)`
    fn parameters(&mut self) -> Parsed<Parameters> {
        self.take()?;
        let mut parameters = Parameters { prototype: true, ..Parameters::default() };
        if self.accept(Kind::RightParenthesis)?.is_some() {
            parameters.prototype = false;
            return Ok(parameters);
        }
        let outer = std::mem::replace(&mut self.in_parameters, true);
        loop {
            if self.accept(Kind::Ellipsis)?.is_some() {
                parameters.variadic = true;
                self.expect(Kind::RightParenthesis, "')' after '...'")?;
                break;
            }
            let start = self.peek()?;
            let parameter = self.parameter()?;
            let closed = self.kind()? == Kind::RightParenthesis;
            if parameter.ty.is_void() {
                if parameters.list.is_empty() && parameter.name.is_none() && closed {
                    self.take()?;
                    break;
                }
                return Err(start.invalid("a parameter cannot be void"));
            }
            parameters.list.push(parameter);
            if self.accept(Kind::Comma)?.is_none() {
                self.expect(Kind::RightParenthesis, "',' or ')'")?;
                break;
            }
        }
        self.in_parameters = outer;
        Ok(parameters)
    }

    fn parameter(&mut self) -> Parsed<Parameter> {
        let specifiers = self.specifiers()?;
        let declarator = self.declarator(Naming::Optional)?;
        let mut annotation = specifiers.annotation.as_ref().map(|(annotation, _)| annotation.clone());
        while self.peek()?.text == "OPTIONAL" {
            self.take()?;
            if let Some(annotation) = &mut annotation {
                annotation.optional = true;
            }
        }
        let name = declarator.name.map(|name| name.text.to_owned());
        let ty = adjusted(declarator.build(&Specifiers { annotation: None, ..specifiers })?);
        Ok(Parameter { name, ty, annotation })
    }
}

/// The type as which a parameter is passed: arrays and functions become pointers (C11 6.7.6.3).
fn adjusted(ty: Type) -> Type {
    match ty.resolve() {
        Type::Array(array) => {
            let element = array.element.clone().qualified(ty.qualifiers());
            element.pointer_to()
        }
        Type::Function(_) => ty.pointer_to(),
        _ => ty,
    }
}

impl<'s> Declarator<'s> {
    /// Whether it declares a function by itself.
    pub(super) fn is_function(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Function { .. }))
    }

    /// The whole type.
    pub(super) fn build(mut self, specifiers: &Specifiers<'s>) -> Parsed<Type> {
        if let Some(word) = self.attributes.uncallable.or(specifiers.attributes.uncallable) {
            return Err(unsupported(word));
        }
        let place = self.name.unwrap_or(specifiers.start);
        let mut base = specifiers.ty.clone();
        if base.depth() as usize + self.parts.len() > TYPE_DEPTH as usize {
            return Err(place.failure(Problem::TooDeep(TYPE_DEPTH)));
        }
        let convention = self.attributes.convention.or(specifiers.attributes.convention);
        if let Some((convention, word)) = convention {
            base = self.set_convention(base, convention, word)?;
        }
        let annotated = self.result_annotation(specifiers)?;
        let mut ty = base;
        for (index, part) in self.parts.into_iter().enumerate().rev() {
            ty = match part {
                Part::Pointer(qualifiers) => ty.pointer_to().qualified(qualifiers),
                Part::Array(length) => {
                    check_element(&ty, place)?;
                    Type::Array(Arc::new(ArrayType { element: ty, length }))
                }
                Part::Function { convention, parameters } => {
                    check_result(&ty, place)?;
                    let result_annotation = if index == annotated.0 { annotated.1.clone() } else { None };
                    Type::Function(Arc::new(FunctionType {
                        convention,
                        result: ty,
                        result_annotation,
                        parameters: parameters.list,
                        variadic: parameters.variadic,
                        prototype: parameters.prototype,
                    }))
                }
            };
        }
        // Parameters are deeper than what was counted above only by what they were checked for themselves.
        if ty.depth() > TYPE_DEPTH {
            return Err(place.failure(Problem::TooDeep(TYPE_DEPTH)));
        }
        Ok(ty)
    }

    /// Gives the first function outwards from the name its convention, be it in the declarator or behind a typedef
    /// name.
    fn set_convention(&mut self, base: Type, wanted: Convention, word: Token<'s>) -> Parsed<Type> {
        for part in &mut self.parts {
            if let Part::Function { convention, .. } = part {
                if convention.is_some_and(|convention| convention != wanted) {
                    return Err(word.invalid(format!("'{}' contradicts another calling convention", word.text)));
                }
                *convention = Some(wanted);
                return Ok(base);
            }
        }
        match base.resolve() {
            Type::Function(function) => {
                let function = FunctionType { convention: Some(wanted), ..(**function).clone() };
                Ok(Type::Function(Arc::new(function)))
            }
            Type::Pointer(pointee) => match pointee.resolve() {
                Type::Function(function) => {
                    let function = FunctionType { convention: Some(wanted), ..(**function).clone() };
                    Ok(Type::Function(Arc::new(function)).pointer_to().qualified(base.qualifiers()))
                }
                _ => Err(no_function(word)),
            },
            _ => Err(no_function(word)),
        }
    }

    /// Which part is the function whose result `_Ret_…` describes, and how.
    fn result_annotation(&self, specifiers: &Specifiers<'s>) -> Parsed<(usize, Option<Annotation>)> {
        let Some((annotation, word)) = &specifiers.annotation else { return Ok((usize::MAX, None)) };
        let function = self.parts.iter().position(|part| matches!(part, Part::Function { .. }));
        match function {
            Some(index) if annotation.spelling.contains("Ret_") => Ok((index, Some(annotation.clone()))),
            Some(_) => Err(word.invalid(format!(
                "'{}' describes a parameter; for a result write '_Ret_', '_Ret_z_' and the like",
                word.text
            ))),
            None => Err(word.invalid(format!("'{}' describes a parameter or result, and this is neither", word.text))),
        }
    }
}

fn no_function(word: Token<'_>) -> Failure {
    word.invalid(format!("'{}' says how a function is called, and this declares none", word.text))
}

fn check_element(element: &Type, place: Token<'_>) -> Parsed<()> {
    match element.resolve() {
        Type::Function(_) => Err(place.invalid("an array cannot hold functions; pointers to functions it can")),
        _ if element.is_void() => Err(place.invalid("an array cannot hold void")),
        Type::Array(inner) if matches!(inner.length, Length::Incomplete | Length::Variable) => {
            Err(place.invalid("only the first length of an array can be left open"))
        }
        _ => Ok(()),
    }
}

fn check_result(result: &Type, place: Token<'_>) -> Parsed<()> {
    match result.resolve() {
        Type::Function(_) => Err(place.invalid("a function cannot return a function; a pointer to one it can")),
        Type::Array(_) => Err(place.invalid("a function cannot return an array; a pointer to one it can")),
        _ => Ok(()),
    }
}
