//! Functions: calling convention, result, parameters, and their annotations.

use std::fmt;

use super::Type;

/// Calling convention: who removes the arguments from the stack, and which arguments are passed in registers. No
/// effect on x86-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convention {
    /// `__cdecl`
    Cdecl,
    /// `__stdcall`
    Stdcall,
    /// `__fastcall`
    Fastcall,
    /// `__thiscall`
    Thiscall,
}

/// A function's type.
#[derive(Clone)]
pub struct FunctionType {
    /// The calling convention, if the text names one.
    pub convention: Option<Convention>,
    /// The type of the result.
    pub result: Type,
    /// The `_Ret_…` annotation of the result.
    pub result_annotation: Option<Annotation>,
    /// The parameters; `(void)` has none.
    pub parameters: Vec<Parameter>,
    /// Whether further arguments may follow, `...`.
    pub variadic: bool,
    /// False for `()`, which leaves the parameters unspecified.
    pub prototype: bool,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name, if the text gives one.
    pub name: Option<String>,
    /// The type it is passed as: arrays and functions have become pointers.
    pub ty: Type,
    /// Its annotation, such as `_Out_`.
    pub annotation: Option<Annotation>,
}

/// An annotation of Microsoft's source-code annotation language (SAL) on a parameter or result.
///
/// ```
/// use runtime64::c::{Declarations, Direction};
///
/// let mut declarations = Declarations::new();
/// declarations.declare("int GetName(_Out_writes_z_(size) char *name, int size);")?;
/// let function = declarations.function("GetName").expect("declared above");
/// let annotation = function.ty.parameters[0].annotation.as_ref().expect("annotated above");
/// assert_eq!(annotation.direction, Direction::Out);
/// assert!(annotation.zero_terminated);
/// # Ok::<(), runtime64::c::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Its name as written.
    pub spelling: String,
    /// The direction of data transfer.
    pub direction: Direction,
    /// Whether NULL may be passed or returned.
    pub optional: bool,
    /// Whether the data ends with a zero.
    pub zero_terminated: bool,
    /// The size of the data, if the annotation specifies it.
    pub extent: Option<Extent>,
}

/// The direction of data transfer behind a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The function reads the data: `_In_`.
    In,
    /// The function writes the data: `_Out_`; also every `_Ret_`.
    Out,
    /// The function reads and writes the data: `_Inout_`.
    InOut,
    /// The function writes a pointer to the data: `_Outptr_`.
    OutPointer,
}

/// The size of the data behind a pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Extent {
    /// The unit of the sizes.
    pub unit: ExtentUnit,
    /// The size of the memory.
    pub capacity: SizeExpression,
    /// The part of it that is valid after the call, for `_Out_writes_to_` and similar annotations.
    pub valid: Option<SizeExpression>,
}

/// The unit of the sizes of an [`Extent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtentUnit {
    /// Elements of the type pointed to.
    Elements,
    /// Bytes.
    Bytes,
}

/// A size in an annotation, evaluated at each call.
#[derive(Clone, Debug, PartialEq)]
pub enum SizeExpression {
    /// A number.
    Number(u64),
    /// The value of the parameter.
    Parameter(String),
    /// The value that the parameter points to, `*length`.
    Dereference(String),
    /// The size of a type.
    SizeOf(Type),
    /// The function's result, `return`.
    Result,
    /// Two sizes combined.
    Binary(SizeOperator, Box<(SizeExpression, SizeExpression)>),
}

/// An operator that combines two sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizeOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

impl Annotation {
    /// Whether it describes the result of a function: `_Ret_…`.
    pub(in crate::c) fn is_of_result(&self) -> bool {
        self.spelling.starts_with("_Ret_")
    }

    /// Merges `IN` and `OUT` into the equivalent of `_Inout_`; returns false for other annotations, which cannot be
    /// combined.
    pub(in crate::c) fn takes_plain(&mut self, second: &Annotation) -> bool {
        let is_both = matches!((self.spelling.as_str(), second.spelling.as_str()), ("IN", "OUT") | ("OUT", "IN"));
        if is_both {
            self.spelling = "IN OUT".to_owned();
            self.direction = Direction::InOut;
        }
        is_both
    }
}

impl Convention {
    /// The keyword, as printed.
    pub fn keyword(self) -> &'static str {
        match self {
            Convention::Cdecl => "__cdecl",
            Convention::Stdcall => "__stdcall",
            Convention::Fastcall => "__fastcall",
            Convention::Thiscall => "__thiscall",
        }
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.keyword())
    }
}

impl fmt::Debug for FunctionType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{self}`")
    }
}
