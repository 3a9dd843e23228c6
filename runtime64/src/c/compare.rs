//! Type equality.

use std::cell::Cell;
use std::sync::Arc;

use super::types::{Annotation, ArrayType, FunctionType, Member, Record, RecordBody, RecordConstant, TYPE_DEPTH, Type};

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        Comparison::new().types(self, other)
    }
}

impl PartialEq for FunctionType {
    fn eq(&self, other: &Self) -> bool {
        Comparison::new().functions(self, other)
    }
}

impl PartialEq for ArrayType {
    fn eq(&self, other: &Self) -> bool {
        Comparison::new().types(&self.element, &other.element) && self.length == other.length
    }
}

impl PartialEq for RecordBody {
    /// Whether two definitions are the same, member for member.
    fn eq(&self, other: &Self) -> bool {
        Comparison::new().bodies(self, other)
    }
}

/// A bounded comparison of two types.
///
/// A type may refer to a second one twice, that one to a third twice, and so on, so the number of steps can
/// grow exponentially in the length of the text; and structs without a tag may contain each other in chains of
/// any length. Two types that take more steps than any header needs, or that are nested more deeply, count as
/// different.
struct Comparison {
    steps_left: Cell<u32>,
    levels_left: Cell<u32>,
}

impl Comparison {
    fn new() -> Self {
        Comparison { steps_left: Cell::new(1_000_000), levels_left: Cell::new(2 * TYPE_DEPTH) }
    }

    fn types(&self, left: &Type, right: &Type) -> bool {
        if let (Type::Named(left), Type::Named(right)) = (left, right)
            && Arc::ptr_eq(left, right)
        {
            return true;
        }
        left.qualifiers() == right.qualifiers() && self.unqualified(left, right)
    }

    /// Compares everything but qualifiers. The qualifiers of an array are those of its elements, wherever they
    /// were written, so the caller has already compared them.
    fn unqualified(&self, left: &Type, right: &Type) -> bool {
        let (steps, levels) = (self.steps_left.get(), self.levels_left.get());
        if steps == 0 || levels == 0 {
            return false;
        }
        self.steps_left.set(steps - 1);
        self.levels_left.set(levels - 1);
        let same = match (left.resolve(), right.resolve()) {
            (Type::Basic(left), Type::Basic(right)) => left == right,
            (Type::Pointer(left), Type::Pointer(right)) => Arc::ptr_eq(left, right) || self.types(left, right),
            (Type::Array(left), Type::Array(right)) => {
                left.length == right.length && self.unqualified(&left.element, &right.element)
            }
            (Type::Function(left), Type::Function(right)) => Arc::ptr_eq(left, right) || self.functions(left, right),
            (Type::Record(left), Type::Record(right)) => Arc::ptr_eq(left, right) || self.untagged(left, right),
            (Type::Enumeration(left), Type::Enumeration(right)) => {
                Arc::ptr_eq(left, right) || left.tag.is_none() && right.tag.is_none() && left.body() == right.body()
            }
            _ => false,
        };
        self.levels_left.set(levels);
        same
    }

    fn functions(&self, left: &FunctionType, right: &FunctionType) -> bool {
        left.convention == right.convention
            && left.variadic == right.variadic
            && left.prototype == right.prototype
            && left.parameters.len() == right.parameters.len()
            && text(left.result_annotation.as_ref()) == text(right.result_annotation.as_ref())
            && self.types(&left.result, &right.result)
            && left.parameters.iter().zip(&right.parameters).all(|(left, right)| {
                // Qualifiers at the top of a parameter concern the callee only and are not part of the type
                // (C11 6.7.6.3).
                text(left.annotation.as_ref()) == text(right.annotation.as_ref())
                    && self.unqualified(&left.ty, &right.ty)
            })
    }

    /// Two structs without a tag are the same if their definitions are: this allows declaring one text twice.
    fn untagged(&self, left: &Record, right: &Record) -> bool {
        left.kind == right.kind
            && left.tag.is_none()
            && right.tag.is_none()
            && match (left.body(), right.body()) {
                (Some(left), Some(right)) => self.bodies(&left, &right),
                _ => false,
            }
    }

    fn bodies(&self, left: &RecordBody, right: &RecordBody) -> bool {
        left.pack == right.pack
            && left.packed == right.packed
            && left.aligned == right.aligned
            && left.declspec_aligned == right.declspec_aligned
            && left.bit_fields == right.bit_fields
            && left.constants.len() == right.constants.len()
            && left.constants.iter().zip(&right.constants).all(|(left, right)| self.constants(left, right))
            && left.members.len() == right.members.len()
            && left.members.iter().zip(&right.members).all(|(left, right)| self.members(left, right))
    }

    fn constants(&self, left: &RecordConstant, right: &RecordConstant) -> bool {
        left.constant.name == right.constant.name
            && left.constant.values == right.constant.values
            && self.types(&left.ty, &right.ty)
    }

    fn members(&self, left: &Member, right: &Member) -> bool {
        left.name == right.name
            && left.on_windows_only == right.on_windows_only
            && left.bits == right.bits
            && left.packed == right.packed
            && left.aligned == right.aligned
            && left.declspec_aligned == right.declspec_aligned
            && self.types(&left.ty, &right.ty)
    }
}

/// An annotation as written; types in it are compared by name only.
fn text(annotation: Option<&Annotation>) -> Option<String> {
    annotation.map(Annotation::to_string)
}
