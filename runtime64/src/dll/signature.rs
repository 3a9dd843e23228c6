//! From a declaration to a signature: laid out for a worker's ABI, with the conversion of each value.

use protocol::{Convention, Signature, Type};

use super::convert::{Conversion, Strings};
use crate::c::{self, Abi, Basic};
use crate::error::{Error, ErrorKind};

/// What is needed to call a function of one declaration through workers of one ABI.
#[derive(Debug)]
pub(super) struct Prototype {
    /// What the worker is told.
    pub(super) signature: Signature,
    /// Whether the declaration or the library names the convention; otherwise the symbol's decoration may.
    pub(super) convention_is_named: bool,
    /// The parameters, in order.
    pub(super) parameters: Vec<Parameter>,
    /// How the result becomes a Lua value.
    pub(super) result: Conversion,
    /// The size of all arguments on the stack, in bytes: what the decoration `_Name@8` holds.
    pub(super) argument_bytes: u32,
}

/// A parameter: its conversion, and its declaration for error messages.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) conversion: Conversion,
    pub(super) text: String,
}

impl Prototype {
    /// Lays a declaration out. `library_convention` holds where the declaration names none.
    pub(super) fn new(
        declaration: &c::FunctionDeclaration,
        abi: Abi,
        library_convention: Option<c::Convention>,
    ) -> Result<Self, Error> {
        let function = &declaration.ty;
        let unsupported = |what: String| Error::new(ErrorKind::Declaration, format!("{}: {what}", declaration.name));
        if function.variadic {
            return Err(unsupported("functions with a variable number of arguments are not supported".to_owned()));
        }
        if function.parameters.len() > protocol::limits::ARGUMENTS {
            let most = protocol::limits::ARGUMENTS;
            return Err(unsupported(format!("it has {} parameters; {most} are supported", function.parameters.len())));
        }
        let parameters = function.parameters.iter().map(|parameter| {
            let text = parameter.ty.declare(parameter.name.as_deref().unwrap_or_default());
            match conversion(&parameter.ty, abi) {
                Some(conversion) => Ok(Parameter { conversion: annotated(conversion, parameter), text }),
                None => Err(unsupported(format!("a parameter of type '{}' is not supported", parameter.ty))),
            }
        });
        let parameters: Vec<Parameter> = parameters.collect::<Result<_, _>>()?;
        let result = conversion(&function.result, abi)
            .ok_or_else(|| unsupported(format!("a result of type '{}' is not supported", function.result)))?;
        let result = result_conversion(result, function);
        let convention = function.convention.or(library_convention);
        Ok(Self {
            signature: Signature {
                convention: convention.map_or(Convention::Cdecl, wire_convention),
                result: result.wire_result(),
                parameters: parameters.iter().map(|parameter| parameter.conversion.wire()).collect(),
            },
            convention_is_named: convention.is_some(),
            argument_bytes: parameters.iter().map(|parameter| stack_bytes(parameter.conversion.wire(), abi)).sum(),
            parameters,
            result,
        })
    }
}

/// A parameter whose size is told takes any bytes, also those with zeros in between.
fn annotated(conversion: Conversion, parameter: &c::Parameter) -> Conversion {
    let is_sized = parameter.annotation.as_ref().is_some_and(|annotation| annotation.extent.is_some());
    match conversion {
        Conversion::Pointer { target, strings: Strings::Text } if is_sized => {
            Conversion::Pointer { target, strings: Strings::Bytes }
        }
        other => other,
    }
}

/// Only `const char *` becomes a string, and not even that where an annotation says that the pointer is wanted.
fn result_conversion(conversion: Conversion, function: &c::FunctionType) -> Conversion {
    let keeps_pointer = function.result_annotation.as_ref().is_some_and(|annotation| !annotation.zero_terminated);
    match conversion {
        Conversion::Pointer { target, strings } if strings != Strings::Text || keeps_pointer => {
            Conversion::Pointer { target, strings: Strings::None }
        }
        other => other,
    }
}

/// How values of a type are converted, or nothing for types that cannot be passed.
pub(super) fn conversion(ty: &c::Type, abi: Abi) -> Option<Conversion> {
    match ty.resolve() {
        c::Type::Basic(Basic::Void) => Some(Conversion::Void),
        c::Type::Basic(Basic::Bool) => Some(Conversion::Bool),
        c::Type::Basic(Basic::Float) => Some(Conversion::Float(Type::Float32)),
        c::Type::Basic(Basic::Double) => Some(Conversion::Float(Type::Float64)),
        // Microsoft's long double is its double.
        c::Type::Basic(Basic::LongDouble) if abi.is_windows() => Some(Conversion::Float(Type::Float64)),
        c::Type::Basic(basic) => {
            let stored = abi.integer(*basic)?;
            integer(stored.bytes, stored.signed)
        }
        c::Type::Enumeration(enumeration) => enumeration_conversion(enumeration, abi),
        c::Type::Pointer(target) => {
            Some(Conversion::Pointer { target: (**target).clone(), strings: strings(target, abi) })
        }
        c::Type::Array(_) | c::Type::Function(_) | c::Type::Record(_) => None,
        // `resolve` has seen through these.
        c::Type::Named(_) | c::Type::Qualified(..) => None,
    }
}

fn integer(bytes: u32, signed: bool) -> Option<Conversion> {
    let bounded = |minimum, maximum, wire| Some(Conversion::Integer { minimum, maximum, wire });
    match (bytes, signed) {
        (1, true) => bounded(i8::MIN.into(), i8::MAX.into(), Type::Int8),
        (1, false) => bounded(0, u8::MAX.into(), Type::Uint8),
        (2, true) => bounded(i16::MIN.into(), i16::MAX.into(), Type::Int16),
        (2, false) => bounded(0, u16::MAX.into(), Type::Uint16),
        (4, true) => bounded(i32::MIN.into(), i32::MAX.into(), Type::Int32),
        (4, false) => bounded(0, u32::MAX.into(), Type::Uint32),
        (8, true) => bounded(i64::MIN, i64::MAX, Type::Int64),
        (8, false) => Some(Conversion::Unsigned64),
        _ => None,
    }
}

/// An enumeration is an int to its users. Compilers disagree about its sign, so both halves are taken, and a result is
/// unsigned only if an enumerator needs that.
fn enumeration_conversion(enumeration: &c::Enumeration, abi: Abi) -> Option<Conversion> {
    let Some(body) = enumeration.body() else {
        return integer(4, true);
    };
    let stored = body.integer(abi);
    if stored.bytes != 4 || body.underlying.is_some() {
        return integer(stored.bytes, stored.signed);
    }
    let beyond_int = body.enumerators.iter().any(|enumerator| enumerator.value.on(abi) > i32::MAX.into());
    let wire = if beyond_int { Type::Uint32 } else { Type::Int32 };
    Some(Conversion::Integer { minimum: i32::MIN.into(), maximum: u32::MAX.into(), wire })
}

/// Which Lua strings can stand for a pointer to this.
fn strings(target: &c::Type, abi: Abi) -> Strings {
    if !target.is_const() {
        return Strings::None;
    }
    match target.resolve() {
        c::Type::Basic(Basic::Char) => Strings::Text,
        c::Type::Basic(Basic::Void | Basic::SignedChar | Basic::UnsignedChar) => Strings::Bytes,
        c::Type::Basic(Basic::WideChar) if abi.is_windows() => Strings::Utf16,
        c::Type::Basic(Basic::WideChar) => Strings::Utf32,
        _ => Strings::None,
    }
}

/// What an argument takes on the stack, where every one starts at a multiple of the machine word.
fn stack_bytes(ty: Type, abi: Abi) -> u32 {
    let bytes = match ty {
        Type::Int64 | Type::Uint64 | Type::Float64 => 8,
        _ => 4,
    };
    u32::max(bytes, abi.pointer_bytes())
}

pub(super) fn wire_convention(convention: c::Convention) -> Convention {
    match convention {
        c::Convention::Cdecl => Convention::Cdecl,
        c::Convention::Stdcall => Convention::Stdcall,
        c::Convention::Fastcall => Convention::Fastcall,
        c::Convention::Thiscall => Convention::Thiscall,
    }
}

/// The convention of a name, with or without its underscores.
pub(super) fn convention_named(name: &str) -> Option<c::Convention> {
    Some(match name.trim_start_matches('_') {
        "cdecl" => c::Convention::Cdecl,
        "stdcall" => c::Convention::Stdcall,
        "fastcall" => c::Convention::Fastcall,
        "thiscall" => c::Convention::Thiscall,
        _ => return None,
    })
}
