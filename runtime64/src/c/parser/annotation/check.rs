//! Checks that annotations fit the parameters they describe.

use crate::c::error::{ParseFailure, Parsed, Problem};
use crate::c::parser::Parser;
use crate::c::parser::tokens::Token;
use crate::c::types::{Annotation, Direction, Parameter, SizeExpression, Type};
use crate::c::{Abi, Basic, suggest};

/// Facts about a parameter's text that its type does not contain.
#[derive(Clone, Copy)]
pub(in crate::c::parser) struct ParameterSyntax<'s> {
    /// The word of its annotation, if it has one.
    pub(in crate::c::parser) annotation: Option<Token<'s>>,
    /// Whether it was written as an array.
    pub(in crate::c::parser) is_array: bool,
}

/// The number of parameters that are checked. No callable function has more, and each may refer to any other.
const MOST: usize = 512;

/// Reason an annotation is invalid, and the name at fault if that is not the annotation itself.
struct Wrong {
    reason: String,
    name: Option<String>,
    /// Whether the name is not a parameter: the message suggests a similar one.
    is_unknown: bool,
}

impl<'s> Parser<'s> {
    /// Rejects annotations that do not fit. Preprocessor output cannot be corrected by its user: annotations
    /// there are ignored instead.
    pub(in crate::c::parser) fn check_annotations(
        &self,
        list: &mut [Parameter],
        written: &[ParameterSyntax<'s>],
    ) -> Parsed<()> {
        if list.len() > MOST {
            return Ok(());
        }
        for (index, written) in written.iter().enumerate() {
            let Some(word) = written.annotation else { continue };
            let Err(wrong) = check(list, index, written.is_array) else { continue };
            if !self.is_preprocessed(word) {
                return Err(self.failure_of(word, wrong, list));
            }
            list[index].annotation = None;
        }
        Ok(())
    }

    /// The error, at the name at fault if it occurs after the annotation's word.
    fn failure_of(&self, word: Token<'s>, mut wrong: Wrong, list: &[Parameter]) -> ParseFailure {
        let Some(name) = wrong.name else { return word.invalid(wrong.reason) };
        if wrong.is_unknown {
            let known = list.iter().filter_map(|parameter| parameter.name.as_deref());
            wrong.reason.push_str(&suggest::suggestion(&name, known).unwrap_or_default());
        }
        let start = word.offset + word.length;
        let rest = self.source.text.get(start..).unwrap_or_default();
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let found = rest.match_indices(&name).find(|(offset, _)| {
            let (before, after) = (&rest[..*offset], &rest[*offset + name.len()..]);
            !before.ends_with(is_part) && !after.starts_with(is_part)
        });
        match found {
            Some((offset, _)) => ParseFailure::new(Problem::Invalid(wrong.reason), start + offset, name.len()),
            None => word.invalid(wrong.reason),
        }
    }
}

fn wrong<T>(reason: String) -> Result<T, Wrong> {
    Err(Wrong { reason, name: None, is_unknown: false })
}

fn check(list: &[Parameter], index: usize, is_array: bool) -> Result<(), Wrong> {
    let parameter = &list[index];
    let Some(annotation) = &parameter.annotation else { return Ok(()) };
    if annotation.direction != Direction::In {
        check_target(parameter, annotation, is_array)?;
    }
    let Some(extent) = &annotation.extent else { return Ok(()) };
    if parameter.ty.pointee().is_none() {
        let shown = shown(parameter);
        return wrong(format!(
            "'{}' describes the memory behind a pointer, but '{shown}' is not a pointer",
            annotation.spelling
        ));
    }
    check_size(list, &extent.capacity)?;
    if matches!(annotation.direction, Direction::Out | Direction::InOut) {
        check_known_before(list, &extent.capacity)?;
    }
    extent.valid.as_ref().map_or(Ok(()), |valid| check_size(list, valid))
}

/// Checks that the function can write through the parameter, and that the size is known.
fn check_target(parameter: &Parameter, annotation: &Annotation, is_array: bool) -> Result<(), Wrong> {
    let (spelling, shown) = (&annotation.spelling, shown(parameter));
    let Some(target) = parameter.ty.pointee() else {
        return wrong(format!(
            "'{spelling}' says that the function writes through a pointer, but '{shown}' is not a pointer"
        ));
    };
    if target.is_const() {
        return wrong(format!("'{spelling}' says that the function writes to the target of '{shown}', which is const"));
    }
    if matches!(target.resolve(), Type::Function(_)) {
        return wrong(format!(
            "'{spelling}' says that the function writes to the target of '{shown}', which is a function"
        ));
    }
    if annotation.direction == Direction::OutPointer {
        return match target.pointee() {
            Some(_) => Ok(()),
            None => wrong(format!(
                "'{spelling}' says that the function stores a pointer, but the target of '{shown}' is not a pointer; \
                 use '_Out_' for other targets"
            )),
        };
    }
    if annotation.extent.is_some() {
        return Ok(());
    }
    let sized = if annotation.direction == Direction::Out { "_Out_writes" } else { "_Inout_updates" };
    if is_array {
        return wrong(format!(
            "the length of an array is not part of a parameter's type; '{sized}_(count)' specifies it"
        ));
    }
    match annotation.direction {
        Direction::Out if target.is_void() => wrong(format!(
            "the size that '{spelling}' writes to '{shown}' is unknown; '{sized}_bytes_(size)' specifies it"
        )),
        Direction::Out if annotation.zero_terminated => wrong(format!(
            "the size of the buffer '{shown}' of '{spelling}' is unknown; '{sized}_z_(size)' specifies it"
        )),
        _ => Ok(()),
    }
}

/// Checks that a size consists of integers that are passed to the function.
fn check_size(list: &[Parameter], size: &SizeExpression) -> Result<(), Wrong> {
    match size {
        SizeExpression::Number(_) | SizeExpression::SizeOf(_) | SizeExpression::Result => Ok(()),
        SizeExpression::Binary(_, operands) => {
            check_size(list, &operands.0).and_then(|()| check_size(list, &operands.1))
        }
        SizeExpression::Parameter(name) => {
            let ty = &parameter_named(list, name)?.ty;
            let advice = match ty.pointee() {
                Some(target) if is_integer(target) => format!("; '*{name}' is the integer it points to"),
                _ if is_integer(ty) => return Ok(()),
                _ => String::new(),
            };
            let reason = format!("the size '{name}' is not an integer but '{}'{advice}", ty.declare(name));
            Err(Wrong { reason, name: Some(name.clone()), is_unknown: false })
        }
        SizeExpression::Dereference(name) => {
            let ty = &parameter_named(list, name)?.ty;
            if ty.pointee().is_some_and(is_integer) {
                return Ok(());
            }
            let reason = format!("the size '*{name}' is not an integer: '{}' does not point to one", ty.declare(name));
            Err(Wrong { reason, name: Some(name.clone()), is_unknown: false })
        }
    }
}

/// Checks that the capacity is known before the call, since the buffer must be allocated then.
fn check_known_before(list: &[Parameter], size: &SizeExpression) -> Result<(), Wrong> {
    let unknown = |what: &str, name: Option<&String>| {
        let reason = format!("the capacity must be known before the call, but {what}");
        Err(Wrong { reason, name: name.cloned(), is_unknown: false })
    };
    match size {
        SizeExpression::Result => unknown("the result is not", None),
        SizeExpression::Binary(_, operands) => {
            check_known_before(list, &operands.0).and_then(|()| check_known_before(list, &operands.1))
        }
        SizeExpression::Dereference(name) => {
            let annotation = parameter_named(list, name)?.annotation.as_ref();
            match annotation.filter(|annotation| annotation.direction == Direction::Out) {
                Some(annotation) => {
                    let what =
                        format!("'*{name}' is not, because of '{}'; '_Inout_' gives it a value", annotation.spelling);
                    unknown(&what, Some(name))
                }
                None => Ok(()),
            }
        }
        SizeExpression::Number(_) | SizeExpression::SizeOf(_) | SizeExpression::Parameter(_) => Ok(()),
    }
}

fn parameter_named<'a>(list: &'a [Parameter], name: &str) -> Result<&'a Parameter, Wrong> {
    list.iter().find(|parameter| parameter.name.as_deref() == Some(name)).ok_or_else(|| {
        let reason = format!("the size '{name}' is neither a parameter of this function nor a constant");
        Wrong { reason, name: Some(name.to_owned()), is_unknown: true }
    })
}

/// Whether the type is an integer on every ABI.
fn is_integer(ty: &Type) -> bool {
    match ty.resolve() {
        Type::Basic(Basic::Bool) => false,
        Type::Basic(basic) => Abi::ALL.iter().all(|abi| abi.integer(*basic).is_some_and(|integer| integer.bytes <= 8)),
        Type::Enumeration(_) => true,
        _ => false,
    }
}

fn shown(parameter: &Parameter) -> String {
    parameter.ty.declare(parameter.name.as_deref().unwrap_or_default())
}
