//! What a `$` in a text stands for.

use std::fmt;

use super::types::Type;

/// What a `$` in a text stands for; the first `$` for the first argument, and so on.
///
/// ```
/// use runtime64::c::{Argument, Declarations};
///
/// let mut declarations = Declarations::new();
/// let element = declarations.parse_type("double")?;
/// let arguments = [Argument::Name("matrix".to_owned()), Argument::Type(element), Argument::Number(3)];
/// declarations.declare_with("struct $ { $ cells[$]; };", &arguments)?;
/// let matrix = declarations.parse_type("struct matrix")?;
/// assert_eq!(matrix.definition(), "struct matrix {\n    double cells[3];\n}");
/// # Ok::<(), runtime64::c::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A type, where the name of a type may stand. Qualifiers and declarators may follow it.
    Type(Type),
    /// A number, where a number may stand in a constant expression.
    Number(i64),
    /// A name, where one may stand: of a member, function, parameter, tag, typedef or constant.
    Name(String),
}

/// How a message speaks of it.
impl fmt::Display for Argument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Type(ty) => write!(formatter, "the type '{ty}'"),
            Argument::Number(number) => write!(formatter, "the number {number}"),
            Argument::Name(name) => write!(formatter, "the name '{name}'"),
        }
    }
}
