//! Redeclaration of names.

use super::Parser;
use super::tokens::Token;
use crate::c::error::{Parsed, Problem};
use crate::c::names::{Declaration, FunctionDeclaration};
use crate::c::types::{Convention, FunctionType, Length, Type};

impl<'s> Parser<'s> {
    /// Declares a name. Repeating a declaration is allowed; a conflicting one is an error that shows both.
    /// Standard names are replaced.
    pub(super) fn declare(&mut self, declaration: Declaration, place: Token<'s>) -> Parsed<()> {
        let Some(before) = self.scope.declared(declaration.name()) else {
            self.scope.set(declaration);
            return Ok(());
        };
        if before.agrees(&declaration) || says_more(before, &declaration) {
            return Ok(());
        }
        if says_more(&declaration, before) {
            self.scope.set(declaration);
            return Ok(());
        }
        Err(place.failure(Problem::Redeclared {
            name: declaration.name().to_owned(),
            before: before.to_string(),
            now: declaration.to_string(),
        }))
    }
}

/// Whether one declaration equals the other plus something that the other leaves open: the parameters of `f()`,
/// the length of `a[]`, the symbol of one without `asm`, the convention of one that is `__cdecl` by default.
fn says_more(fuller: &Declaration, open: &Declaration) -> bool {
    match (fuller, open) {
        (Declaration::Function(fuller), Declaration::Function(open)) => {
            let fuller_type = without_default(&fuller.ty, &open.ty);
            names_symbol(fuller, open)
                && (fuller_type == *open.ty || opened(&fuller_type) == *open.ty && !open.ty.prototype)
        }
        (Declaration::Variable(fuller), Declaration::Variable(open)) => {
            fuller.symbol == open.symbol
                && match (fuller.ty.resolve(), open.ty.resolve()) {
                    (Type::Array(fuller), Type::Array(open)) => {
                        open.length == Length::Incomplete && fuller.element == open.element
                    }
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Whether the symbols agree, or only the fuller declaration has one.
fn names_symbol(fuller: &FunctionDeclaration, open: &FunctionDeclaration) -> bool {
    fuller.symbol == open.symbol || open.symbol == open.name
}

/// The function without `__cdecl`, if the other has no convention.
fn without_default(function: &FunctionType, other: &FunctionType) -> FunctionType {
    let is_default = function.convention == Some(Convention::Cdecl) && other.convention.is_none();
    let convention = if is_default { None } else { function.convention };
    FunctionType { convention, ..function.clone() }
}

/// The function with unspecified parameters.
fn opened(function: &FunctionType) -> FunctionType {
    FunctionType { parameters: Vec::new(), prototype: false, variadic: false, ..function.clone() }
}
