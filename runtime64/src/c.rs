//! C declarations: source text in, types and byte layouts out.
//!
//! This module is pure: it depends on neither Lua nor the operating system, only on C and the four [ABIs](Abi)
//! of the workers. Types do not depend on an ABI; [`layout`] and [`record_layout`] compute their sizes on one.
//!
//! ```
//! use runtime64::c::{Abi, Convention, Declarations, layout};
//!
//! let mut declarations = Declarations::new();
//! declarations.declare("
//!     typedef struct { DWORD id; double value; } Sample;
//!     BOOL __stdcall ReadSample(HANDLE device, _Out_ Sample *sample);
//! ")?;
//! let function = declarations.function("ReadSample").expect("declared above");
//! assert_eq!(function.ty.convention, Some(Convention::Stdcall));
//! assert_eq!(function.to_string(), "BOOL __stdcall ReadSample(HANDLE device, _Out_ Sample *sample)");
//!
//! let sample = function.ty.parameters[1].ty.pointee().expect("declared above").clone();
//! assert_eq!(layout(&sample, Abi::I386Windows)?.size, 16);
//! assert_eq!(layout(&sample, Abi::I386SystemV)?.size, 12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod abi;
mod argument;
mod compare;
mod declarations;
mod error;
mod layout;
mod lexer;
mod names;
mod parser;
mod print;
mod scope;
mod source;
mod standard;
mod suggest;
mod types;
mod windows;

#[cfg(test)]
mod tests;

pub use abi::{Abi, Integer};
pub use argument::Argument;
pub use declarations::Declarations;
pub use error::{Error, Problem};
pub use layout::{BitField, Layout, LayoutError, MemberLayout, RecordLayout, layout, record_layout};
pub use names::{Declaration, FunctionDeclaration, VariableDeclaration};
pub use source::Position;
pub(crate) use suggest::suggestion;
pub use types::{
    Annotation, ArrayType, Basic, BitFieldRule, Constant, ConstantValue, Convention, Count, Direction, Enumeration,
    EnumerationBody, Enumerator, Extent, ExtentUnit, FunctionType, Length, Member, Parameter, PerAbi, Qualifiers,
    Record, RecordBody, RecordConstant, RecordKind, SizeExpression, SizeOperator, Type, Typedef,
};
