//! C types, independent of any ABI.

mod basic;
mod constant;
mod count;
mod enumeration;
mod function;
mod record;

use std::fmt;
use std::sync::Arc;

pub use basic::{Basic, Qualifiers};
pub use constant::{Constant, ConstantValue};
pub use count::{Count, PerAbi};
pub use enumeration::{Enumeration, EnumerationBody, Enumerator};
pub use function::{
    Annotation, Convention, Direction, Extent, ExtentUnit, FunctionType, Parameter, SizeExpression, SizeOperator,
};
pub use record::{BitFieldRule, Member, Record, RecordBody, RecordConstant, RecordKind};

/// The nesting limit of pointers, arrays, functions and typedef names in one type. All recursion over a type,
/// including its destructor, relies on this to bound its stack use.
pub(super) const TYPE_DEPTH: u32 = 256;

/// Typedef names of UTF-16 and UTF-32 characters, whatever their integer type.
const WIDE_CHARACTERS: [&str; 4] = ["wchar_t", "WCHAR", "char16_t", "char32_t"];

/// A C type. Cheap to clone: its contents are shared.
///
/// Two types are equal if they are the same type in C: typedef names are resolved, qualifiers count, parameter names
/// do not.
///
/// ```
/// use runtime64::c::{Basic, Declarations, Type};
///
/// let mut declarations = Declarations::new();
/// declarations.declare("typedef unsigned char Level;")?;
/// let level = declarations.parse_type("const Level")?;
/// assert_eq!(level.to_string(), "const Level");
/// assert!(level.is_const());
/// assert!(matches!(level.resolve(), Type::Basic(Basic::UnsignedChar)));
/// # Ok::<(), runtime64::c::Error>(())
/// ```
#[derive(Clone)]
pub enum Type {
    /// A type with a name in C itself.
    Basic(Basic),
    /// A pointer to the type.
    Pointer(Arc<Type>),
    /// An array.
    Array(Arc<ArrayType>),
    /// A function. Occurs behind a pointer, except in the declaration of a function or a typedef of one.
    Function(Arc<FunctionType>),
    /// A struct or union, possibly incomplete.
    Record(Arc<Record>),
    /// An enumeration.
    Enumeration(Arc<Enumeration>),
    /// A typedef name, kept for printing.
    Named(Arc<Typedef>),
    /// `const`, `volatile`, `restrict`. Never nested directly, and never around an array without a typedef name: the
    /// qualifiers of an array are those of its elements.
    Qualified(Qualifiers, Arc<Type>),
}

/// An array's element and length.
#[derive(Clone)]
pub struct ArrayType {
    /// The type of each element.
    pub element: Type,
    /// The number of elements.
    pub length: Length,
}

/// An array's length.
#[derive(Clone, Debug, PartialEq)]
pub enum Length {
    /// `[]`.
    Incomplete,
    /// `[?]`: set when an object is created.
    Variable,
    /// `[n]`.
    Fixed(Count),
}

/// A typedef name.
pub struct Typedef {
    /// The name.
    pub name: String,
    /// The type it stands for.
    pub ty: Type,
    /// The alignment set by `__attribute__((aligned))` or `__declspec(align)`.
    pub aligned: Option<Count>,
    /// The part of it set by `__declspec(align)`, which on Windows no `#pragma pack` reduces.
    pub declspec_aligned: Option<Count>,
    pub(super) depth: u32,
}

impl Type {
    /// The type without typedef names and qualifiers at its top.
    pub fn resolve(&self) -> &Type {
        let mut ty = self;
        loop {
            ty = match ty {
                Type::Named(typedef) => &typedef.ty,
                Type::Qualified(_, inner) => inner,
                _ => return ty,
            }
        }
    }

    /// The qualifiers at the type's top, including those of its typedef names; for an array, those of its elements.
    pub fn qualifiers(&self) -> Qualifiers {
        let mut all = Qualifiers::default();
        let mut ty = self;
        loop {
            ty = match ty {
                Type::Named(typedef) => &typedef.ty,
                Type::Array(array) => &array.element,
                Type::Qualified(qualifiers, inner) => {
                    all = all.union(*qualifiers);
                    inner
                }
                _ => return all,
            }
        }
    }

    /// Whether the object is read-only.
    pub fn is_const(&self) -> bool {
        self.qualifiers().is_const
    }

    /// Whether this is `void`, under any name.
    pub fn is_void(&self) -> bool {
        matches!(self.resolve(), Type::Basic(Basic::Void))
    }

    /// Whether values of this integer type are UTF-16 or UTF-32 characters, judged by the type's own name or a
    /// typedef name. In preprocessed headers, `wchar_t` is an ordinary typedef.
    ///
    /// ```
    /// use runtime64::c::Declarations;
    ///
    /// let declarations = Declarations::new();
    /// assert!(declarations.parse_type("const WCHAR")?.is_wide_character());
    /// assert!(declarations.parse_type("char16_t")?.is_wide_character());
    /// assert!(!declarations.parse_type("unsigned short")?.is_wide_character());
    /// # Ok::<(), runtime64::c::Error>(())
    /// ```
    pub fn is_wide_character(&self) -> bool {
        let mut ty = self;
        loop {
            ty = match ty {
                Type::Named(typedef) if WIDE_CHARACTERS.contains(&typedef.name.as_str()) => {
                    return matches!(ty.resolve(), Type::Basic(_));
                }
                Type::Named(typedef) => &typedef.ty,
                Type::Qualified(_, inner) => inner,
                _ => return matches!(ty, Type::Basic(Basic::WideChar)),
            }
        }
    }

    /// The target type of a pointer.
    pub fn pointee(&self) -> Option<&Type> {
        match self.resolve() {
            Type::Pointer(pointee) => Some(pointee),
            _ => None,
        }
    }

    /// The function type of a function or of a pointer to one.
    pub fn function(&self) -> Option<&Arc<FunctionType>> {
        match self.pointee().unwrap_or(self).resolve() {
            Type::Function(function) => Some(function),
            _ => None,
        }
    }

    /// A pointer to this type.
    #[must_use]
    pub fn pointer_to(self) -> Type {
        Type::Pointer(Arc::new(self))
    }

    /// The type with qualifiers added.
    #[must_use]
    pub fn qualified(self, qualifiers: Qualifiers) -> Type {
        if qualifiers.is_empty() {
            return self;
        }
        match self {
            Type::Qualified(already, inner) => Type::Qualified(already.union(qualifiers), inner),
            Type::Array(array) => Type::Array(Arc::new(ArrayType {
                element: array.element.clone().qualified(qualifiers),
                length: array.length.clone(),
            })),
            other => Type::Qualified(qualifiers, Arc::new(other)),
        }
    }

    /// The levels of nesting, at most [`TYPE_DEPTH`]; the members of a record do not count.
    pub(super) fn depth(&self) -> u32 {
        match self {
            Type::Basic(_) | Type::Record(_) | Type::Enumeration(_) => 0,
            Type::Named(typedef) => typedef.depth,
            Type::Qualified(_, inner) => inner.depth(),
            Type::Pointer(pointee) => 1 + pointee.depth(),
            Type::Array(array) => 1 + array.element.depth(),
            Type::Function(function) => {
                let parameters = function.parameters.iter().map(|parameter| parameter.ty.depth());
                1 + parameters.max().unwrap_or(0).max(function.result.depth())
            }
        }
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{self}`")
    }
}

/// `typedef …`, without a semicolon.
impl fmt::Display for Typedef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "typedef {}", self.ty.declare(&self.name))?;
        super::print::write_alignment(self.aligned.as_ref(), self.declspec_aligned.as_ref(), formatter)
    }
}

impl fmt::Debug for Typedef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{self}`")
    }
}
