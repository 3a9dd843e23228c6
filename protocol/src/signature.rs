//! The shape of a function as the worker needs it: no names, no C declarations, every width fixed.

use serde::{Deserialize, Serialize};

use crate::limits;

/// How a value is passed. Laid out for the worker's ABI by the host, so `long` has become 32 or 64 bits here.
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
    /// An address, or bytes that live for the length of the call.
    Pointer,
    /// As a result: a zero-terminated string, copied at return. As a parameter the same as [`Type::Pointer`].
    CString,
}

/// Who pops the arguments and which of them go in registers. Without meaning on x86-64, where each system has one
/// convention and compilers ignore the words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Convention {
    /// The caller pops; C's own.
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
    /// The type of the result, [`Type::Void`] for none.
    pub result: Type,
    /// The types of the parameters, at most [`limits::ARGUMENTS`].
    #[serde(deserialize_with = "limits::bounded::<{ limits::ARGUMENTS }, _, _>")]
    pub parameters: Vec<Type>,
    /// Of a call of a function with a variable number of arguments: how many parameters its declaration names. The others
    /// are of the types that C promotes such arguments to.
    pub fixed: Option<u32>,
}
