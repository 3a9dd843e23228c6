//! Declared names.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::source::Position;
use super::types::{Constant, Enumeration, FunctionType, Record, Type, Typedef};

/// One declared name.
#[derive(Clone, Debug)]
pub enum Declaration {
    /// A function.
    Function(Arc<FunctionDeclaration>),
    /// A global variable.
    Variable(Arc<VariableDeclaration>),
    /// A typedef name.
    Typedef(Arc<Typedef>),
    /// An enumerator or a `static const` number.
    Constant(Arc<Constant>),
}

/// A declared function.
#[derive(Clone, Debug)]
pub struct FunctionDeclaration {
    /// The name in C.
    pub name: String,
    /// The name in the library: differs from `name` only after `asm("symbol")`.
    pub symbol: String,
    /// Its type.
    pub ty: Arc<FunctionType>,
    /// The position of its declaration.
    pub position: Position,
}

/// A declared global variable.
#[derive(Clone, Debug)]
pub struct VariableDeclaration {
    /// The name in C.
    pub name: String,
    /// The name in the library: differs from `name` only after `asm("symbol")`.
    pub symbol: String,
    /// Its type.
    pub ty: Type,
    /// The position of its declaration.
    pub position: Position,
}

impl Declaration {
    /// The declared name.
    pub fn name(&self) -> &str {
        match self {
            Declaration::Function(function) => &function.name,
            Declaration::Variable(variable) => &variable.name,
            Declaration::Typedef(typedef) => &typedef.name,
            Declaration::Constant(constant) => &constant.name,
        }
    }

    /// Whether two declarations of one name agree.
    pub(super) fn agrees(&self, other: &Declaration) -> bool {
        match (self, other) {
            (Declaration::Function(left), Declaration::Function(right)) => {
                left.symbol == right.symbol && left.ty == right.ty
            }
            (Declaration::Variable(left), Declaration::Variable(right)) => {
                left.symbol == right.symbol && left.ty == right.ty
            }
            (Declaration::Typedef(left), Declaration::Typedef(right)) => {
                left.aligned == right.aligned && left.declspec_aligned == right.declspec_aligned && left.ty == right.ty
            }
            (Declaration::Constant(left), Declaration::Constant(right)) => left.values == right.values,
            _ => false,
        }
    }
}

/// The declaration as C, without a semicolon.
impl fmt::Display for Declaration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Declaration::Function(function) => function.fmt(formatter),
            Declaration::Variable(variable) => variable.fmt(formatter),
            Declaration::Typedef(typedef) => typedef.fmt(formatter),
            Declaration::Constant(constant) => constant.fmt(formatter),
        }
    }
}

impl fmt::Display for FunctionDeclaration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Type::Function(self.ty.clone()).declare(&self.name))?;
        write_symbol(formatter, &self.name, &self.symbol)
    }
}

impl fmt::Display for VariableDeclaration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "extern {}", self.ty.declare(&self.name))?;
        write_symbol(formatter, &self.name, &self.symbol)
    }
}

fn write_symbol(formatter: &mut fmt::Formatter<'_>, name: &str, symbol: &str) -> fmt::Result {
    if name == symbol { Ok(()) } else { write!(formatter, " asm(\"{symbol}\")") }
}

/// A struct, union or enumeration with a tag.
#[derive(Clone)]
pub(super) enum Tag {
    Record(Arc<Record>),
    Enumeration(Arc<Enumeration>),
}

impl Tag {
    pub(super) fn keyword(&self) -> &'static str {
        match self {
            Tag::Record(record) => record.kind.keyword(),
            Tag::Enumeration(_) => "enum",
        }
    }

    pub(super) fn ty(&self) -> Type {
        match self {
            Tag::Record(record) => Type::Record(record.clone()),
            Tag::Enumeration(enumeration) => Type::Enumeration(enumeration.clone()),
        }
    }
}

/// A macro without parameters, or a marker that a name is a macro with parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Macro<'s> {
    /// The replacement text.
    pub(super) body: &'s str,
    /// Whether it takes parameters; its body is not kept then.
    pub(super) has_parameters: bool,
}

/// An owned [`Macro`].
#[derive(Debug)]
pub(super) struct StoredMacro {
    pub(super) body: String,
    pub(super) has_parameters: bool,
}

/// Ordinary names in declaration order, and tags.
#[derive(Default)]
pub(super) struct Names {
    pub(super) list: Vec<Declaration>,
    pub(super) places: HashMap<String, usize>,
    pub(super) tags: HashMap<String, Tag>,
}

impl Names {
    pub(super) fn get(&self, name: &str) -> Option<&Declaration> {
        self.places.get(name).map(|place| &self.list[*place])
    }

    /// Adds a name, or replaces its earlier declaration.
    pub(super) fn set(&mut self, declaration: Declaration) {
        if let Some(place) = self.places.get(declaration.name()) {
            self.list[*place] = declaration;
        } else {
            self.places.insert(declaration.name().to_owned(), self.list.len());
            self.list.push(declaration);
        }
    }

    /// Adds everything that another text declared.
    pub(super) fn extend(&mut self, added: Names) {
        for declaration in added.list {
            self.set(declaration);
        }
        self.tags.extend(added.tags);
    }
}
