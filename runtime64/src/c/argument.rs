//! Arguments that replace `$` placeholders in a text.

use std::fmt;

use super::types::Type;

/// The replacement of a `$` placeholder; the first `$` takes the first argument, and so on.
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
    /// A type, where a type name is allowed. Qualifiers and declarators may follow it.
    Type(Type),
    /// A number, where a number is allowed in a constant expression.
    Number(i64),
    /// A name, where a name is allowed: of a member, function, parameter, tag, typedef or constant.
    Name(String),
}

/// The argument as error messages describe it.
impl fmt::Display for Argument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Type(ty) => write!(formatter, "the type '{ty}'"),
            Argument::Number(number) => write!(formatter, "the number {number}"),
            Argument::Name(name) => write!(formatter, "the name '{name}'"),
        }
    }
}
