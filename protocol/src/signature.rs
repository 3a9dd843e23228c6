//! The signature of a function as the worker needs it: no names, no C declarations, every width fixed.

use serde::{Deserialize, Serialize};

use crate::limits;

/// How a value is passed. The host has laid it out for the worker's ABI, so `long` is 32 or 64 bits here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    /// No value. Only as a result.
    Void,
    /// C's `_Bool`, one byte.
    Bool,
    /// 8-bit signed integer.
    Int8,
    /// 8-bit unsigned integer.
    Uint8,
    /// 16-bit signed integer.
    Int16,
    /// 16-bit unsigned integer.
    Uint16,
    /// 32-bit signed integer.
    Int32,
    /// 32-bit unsigned integer.
    Uint32,
    /// 64-bit signed integer.
    Int64,
    /// 64-bit unsigned integer.
    Uint64,
    /// `float`.
    Float32,
    /// `double`.
    Float64,
    /// An address, or bytes that live for the duration of the call.
    Pointer,
    /// As a result: a zero-terminated string, copied on return. As a parameter the same as [`Type::Pointer`].
    CString,
    /// `long double` of System V: the 80 bits of x87, which travel as ten bytes.
    Extended,
    /// A struct, union or complex number by value: the one with this index in [`Signature::records`].
    Record(u16),
}

/// A struct, union or complex number passed by value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Its size, at most [`limits::RECORD_BYTES`].
    pub bytes: u32,
    /// Its alignment, a power of two.
    pub align: u32,
    /// The registers it is passed in on x86-64 System V, in order (System V ABI AMD64, 3.2.3); empty if it is passed
    /// in memory. Every other ABI decides by the size; on i386 this only contains what the size does not determine:
    /// [`Eightbyte::Sse`] for a struct that consists of one `float` or `double`, [`Eightbyte::Integer`] for a
    /// `float _Complex`.
    #[serde(deserialize_with = "limits::bounded::<2, _, _>")]
    pub registers: Vec<Eightbyte>,
}

/// The register class of eight bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Eightbyte {
    /// A general-purpose register.
    Integer,
    /// A vector register.
    Sse,
    /// Sixteen bytes that are returned in an x87 register: `long double`.
    X87,
}

/// Who pops the arguments, and which arguments are passed in registers. No effect on x86-64, where each system has
/// one convention and compilers ignore the keywords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Convention {
    /// The caller pops; C's default.
    #[default]
    Cdecl,
    /// The callee pops; the Windows API's.
    Stdcall,
    /// The first two integers in ecx and edx, the callee pops.
    Fastcall,
    /// `this` in ecx, the callee pops; C++ methods of MSVC.
    Thiscall,
}

/// A function's convention, result and parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// The calling convention.
    pub convention: Convention,
    /// Whether no source names the convention, so that the function may also turn out to be [`Convention::Stdcall`]:
    /// its arguments are in the same places as those of [`Convention::Cdecl`].
    pub is_convention_open: bool,
    /// The type of the result, [`Type::Void`] if there is none.
    pub result: Type,
    /// The types of the parameters, at most [`limits::ARGUMENTS`].
    #[serde(deserialize_with = "limits::bounded::<{ limits::ARGUMENTS }, _, _>")]
    pub parameters: Vec<Type>,
    /// For a call of a variadic function: the number of parameters in its declaration. The others have the types that
    /// C promotes such arguments to.
    pub fixed: Option<u32>,
    /// The records passed by value, for [`Type::Record`].
    #[serde(deserialize_with = "limits::bounded::<{ limits::RECORDS }, _, _>")]
    pub records: Vec<Record>,
}

impl Signature {
    /// The record that a type refers to; `None` for other types and for an invalid index.
    #[must_use]
    pub fn record(&self, ty: Type) -> Option<&Record> {
        match ty {
            Type::Record(index) => self.records.get(usize::from(index)),
            _ => None,
        }
    }

    /// The number of values in a call: one for each parameter, preceded by the address of the buffer if the result is
    /// a record.
    #[must_use]
    pub fn values(&self) -> usize {
        self.parameters.len() + usize::from(self.record(self.result).is_some())
    }
}
