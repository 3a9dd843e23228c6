//! Construction of the whole type from declarator and specifiers.

use std::sync::Arc;

use super::attribute::unsupported;
use super::declarator::{Declarator, Part};
use super::specifier::{Specifiers, with_mode};
use super::tokens::Token;
use crate::c::error::{ParseFailure, Parsed, Problem};
use crate::c::types::{Annotation, ArrayType, Convention, FunctionType, Length, TYPE_DEPTH, Type};

/// The type a parameter is passed as: arrays and functions become pointers (C11 6.7.6.3).
pub(super) fn adjusted(ty: Type) -> Type {
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
    /// Whether the declarator itself declares a function.
    pub(super) fn is_function(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Function { .. }))
    }

    /// Whether neither parameters nor a length follow the name.
    pub(super) fn ends_in_name(&self) -> bool {
        !matches!(self.parts.first(), Some(Part::Function { .. } | Part::Array(_)))
    }

    /// Builds the whole type.
    pub(super) fn build(mut self, specifiers: &Specifiers<'s>) -> Parsed<Type> {
        if let Some(word) = self.attributes.unsupported_word().or(specifiers.attributes.unsupported_word()) {
            return Err(unsupported(word));
        }
        let place = self.name.unwrap_or(specifiers.start);
        let mut base = match self.attributes.mode {
            Some(mode) => with_mode(&specifiers.ty, mode)?,
            None => specifiers.ty.clone(),
        };
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
        // Parameters can add depth beyond the levels counted above; their own depth has been checked already.
        if ty.depth() > TYPE_DEPTH {
            return Err(place.failure(Problem::TooDeep(TYPE_DEPTH)));
        }
        Ok(ty)
    }

    /// Sets the convention of the first function outwards from the name, in the declarator or behind a typedef
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

    /// Returns the part that is the function whose result `_Ret_…` describes, and the annotation.
    fn result_annotation(&self, specifiers: &Specifiers<'s>) -> Parsed<(usize, Option<Annotation>)> {
        let Some((annotation, word)) = &specifiers.annotation else { return Ok((usize::MAX, None)) };
        let function = self.parts.iter().position(|part| matches!(part, Part::Function { .. }));
        match function {
            Some(index) if annotation.is_of_result() => Ok((index, Some(annotation.clone()))),
            Some(_) => Err(word.invalid(format!(
                "'{}' describes a parameter; for a result use '_Ret_', '_Ret_z_' or another '_Ret_…'",
                word.text
            ))),
            None => {
                Err(word.invalid(format!("'{}' describes a parameter or a result, but this is neither", word.text)))
            }
        }
    }
}

fn no_function(word: Token<'_>) -> ParseFailure {
    word.invalid(format!("'{}' is a calling convention, but this declares no function", word.text))
}

fn check_element(element: &Type, place: Token<'_>) -> Parsed<()> {
    match element.resolve() {
        Type::Function(_) => Err(place.invalid("an array cannot hold functions; use pointers to functions")),
        _ if element.is_void() => Err(place.invalid("an array cannot hold void")),
        Type::Array(inner) if matches!(inner.length, Length::Incomplete | Length::Variable) => {
            Err(place.invalid("only the first dimension of an array can be left open"))
        }
        _ => Ok(()),
    }
}

fn check_result(result: &Type, place: Token<'_>) -> Parsed<()> {
    match result.resolve() {
        Type::Function(_) => Err(place.invalid("a function cannot return a function; return a pointer to one")),
        Type::Array(_) => Err(place.invalid("a function cannot return an array; return a pointer to one")),
        _ => Ok(()),
    }
}
