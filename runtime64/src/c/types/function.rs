//! Functions: calling convention, result, parameters, and what annotations tell of them.

use std::fmt;

use super::Type;

/// Who removes the arguments from the stack and which of them go in registers. Without meaning on x86-64.
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
    /// The calling convention that the text names, if it names one.
    pub convention: Option<Convention>,
    /// The type of the result.
    pub result: Type,
    /// What `_Ret_…` says of the result.
    pub result_annotation: Option<Annotation>,
    /// The parameters; `(void)` has none.
    pub parameters: Vec<Parameter>,
    /// Whether further arguments may follow, `...`.
    pub variadic: bool,
    /// False for `()`, which leaves the parameters untold.
    pub prototype: bool,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name, if the text gives one.
    pub name: Option<String>,
    /// The type as it is passed: arrays and functions have become pointers.
    pub ty: Type,
    /// What an annotation such as `_Out_` says of it.
    pub annotation: Option<Annotation>,
}

/// What an annotation of Microsoft's source-code annotation language (SAL) tells of a parameter or result.
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
    /// Which way the data goes.
    pub direction: Direction,
    /// Whether NULL may be passed or returned.
    pub optional: bool,
    /// Whether the data ends with a zero.
    pub zero_terminated: bool,
    /// How much data there is, when the annotation tells.
    pub extent: Option<Extent>,
}

/// Which way the data behind a pointer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The function reads it: `_In_`.
    In,
    /// The function writes it: `_Out_`; also every `_Ret_`.
    Out,
    /// The function reads and writes it: `_Inout_`.
    InOut,
    /// The function writes a pointer to it: `_Outptr_`.
    OutPointer,
}

/// How much data there is behind a pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Extent {
    /// What is counted.
    pub unit: ExtentUnit,
    /// How much memory there is.
    pub capacity: SizeExpression,
    /// How much of it is valid after the call, of `_Out_writes_to_` and the like.
    pub valid: Option<SizeExpression>,
}

/// What the numbers of an [`Extent`] count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtentUnit {
    /// Elements of the type pointed to.
    Elements,
    /// Bytes.
    Bytes,
}

/// A size as annotations tell it, to be computed at each call.
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

/// How two sizes are combined.
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
    /// Whether it describes a function's result: `_Ret_…`.
    pub(in crate::c) fn is_of_result(&self) -> bool {
        self.spelling.starts_with("_Ret_")
    }

    /// Makes `IN` and `OUT` together what `_Inout_` is; false for other annotations, of which one is enough.
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
