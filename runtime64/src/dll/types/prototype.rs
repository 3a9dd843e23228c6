//! Functions laid out for a worker's ABI: their signature and the conversion of each value.

use std::sync::{Arc, OnceLock, Weak};

use protocol::{Convention, Record, Signature, Type, limits};

use super::Types;
use super::by_value;
use super::ctype::{Ctype, Form};
use super::number::Number;
use super::plan::{self, GivenArguments, Plan};
use crate::c::{self, Abi, Basic};
use crate::dll::generational::GenerationalId;
use crate::dll::text::{Encoding, Width};
use crate::dll::variants::Variants;
use crate::error::{Error, ErrorKind};

/// The conversion of values of one C type, chosen once for each parameter and result.
#[derive(Clone, Debug)]
pub(in crate::dll) enum Conversion {
    /// No value.
    Void,
    /// A number or a boolean.
    Number(Number, Type),
    /// A pointer.
    Pointer {
        /// The pointer's own type.
        ctype: Arc<Ctype>,
        /// The Lua strings accepted for it.
        strings: Strings,
    },
    /// A struct, union or complex number by value.
    Record {
        /// Its type.
        ctype: Arc<Ctype>,
        /// The index of its record in the signature.
        wire: Type,
    },
}

/// The Lua strings that a pointer parameter accepts, or that a pointer result is converted to.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) enum Strings {
    /// None: the target is writable, or does not consist of bytes.
    None,
    /// Zero-terminated text in the library's encoding: `const char *`.
    Text(Encoding),
    /// Any bytes: `const void *`, `const unsigned char *`.
    Bytes,
    /// Zero-terminated text in wide characters: `const wchar_t *`.
    Wide(Width),
}

/// A library's defaults for functions whose declarations specify less.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) struct Defaults {
    /// The calling convention of functions that declare none.
    pub(in crate::dll) convention: Option<c::Convention>,
    /// The encoding of text.
    pub(in crate::dll) encoding: Encoding,
}

/// The defaults where the library is unknown.
impl Default for Defaults {
    fn default() -> Self {
        Self { convention: None, encoding: Encoding::Utf8 }
    }
}

/// The data needed to call functions of one type through workers of one ABI.
#[derive(Debug)]
pub(in crate::dll) struct Prototype {
    /// The signature for the worker; of a variadic function, without the further arguments.
    pub(in crate::dll) signature: Signature,
    /// Whether the declaration names the convention; otherwise the symbol's decoration may.
    pub(in crate::dll) convention_is_named: bool,
    /// Whether further arguments may follow.
    pub(in crate::dll) is_variadic: bool,
    /// The encoding of text.
    pub(in crate::dll) encoding: Encoding,
    /// The plan made from annotations, if they have an effect.
    pub(in crate::dll) plan: Option<Box<Plan>>,
    /// The parameters, in order.
    pub(in crate::dll) parameters: Vec<Parameter>,
    /// The conversion of the result.
    pub(in crate::dll) result: Conversion,
    /// The size of all arguments on the stack in bytes, as in the decoration `_Name@8`.
    pub(in crate::dll) argument_bytes: u32,
}

/// A parameter: its conversion, and its declaration for error messages.
#[derive(Debug)]
pub(in crate::dll) struct Parameter {
    pub(in crate::dll) conversion: Conversion,
    pub(in crate::dll) text: String,
}

/// The type of a function called by address, laid out at the first call.
#[derive(Debug)]
pub(in crate::dll) struct FunctionForm {
    pub(in crate::dll) ty: Arc<c::FunctionType>,
    types: Weak<Types>,
    prototype: OnceLock<Result<Prototype, Error>>,
    /// The worker's id for the signature.
    pub(in crate::dll) prepared: GenerationalId,
    /// The worker's ids for calls with further arguments.
    pub(in crate::dll) variants: Variants,
}

impl FunctionForm {
    pub(super) fn new(types: &Arc<Types>, ty: &Arc<c::FunctionType>) -> Self {
        Self {
            ty: Arc::clone(ty),
            types: Arc::downgrade(types),
            prototype: OnceLock::new(),
            prepared: GenerationalId::default(),
            variants: Variants::default(),
        }
    }

    /// The prototype. `abi` is the same at each call.
    pub(in crate::dll) fn prototype(&self, abi: Abi) -> Result<&Prototype, Error> {
        let laid_out = self.prototype.get_or_init(|| match self.types.upgrade() {
            Some(types) => Prototype::new(&types, &self.ty, abi, Defaults::default()),
            None => Err(Error::new(ErrorKind::Declaration, "the Lua state is closing")),
        });
        laid_out.as_ref().map_err(Clone::clone)
    }
}

impl Prototype {
    /// Lays out a function type. `defaults` apply where the type specifies nothing.
    pub(in crate::dll) fn new(
        types: &Arc<Types>,
        function: &c::FunctionType,
        abi: Abi,
        defaults: Defaults,
    ) -> Result<Self, Error> {
        let unsupported = |what: String| Error::new(ErrorKind::Declaration, what);
        if function.parameters.len() > limits::ARGUMENTS {
            let most = limits::ARGUMENTS;
            return Err(unsupported(format!(
                "it has {} parameters; at most {most} are supported",
                function.parameters.len()
            )));
        }
        let mut records = Vec::new();
        let mut parameters = Vec::with_capacity(function.parameters.len());
        for parameter in &function.parameters {
            let text = parameter.ty.declare(parameter.name.as_deref().unwrap_or_default());
            let conversion = Conversion::of(types, &parameter.ty, abi, &mut records)
                .map_err(|reason| unsupported(format!("the parameter '{text}' is not supported: {reason}")))?;
            let conversion = plan::read_only(conversion, parameter).encoded(defaults.encoding);
            parameters.push(Parameter { conversion: annotated(conversion, parameter), text });
        }
        let result = Conversion::of(types, &function.result, abi, &mut records).map_err(|reason| {
            unsupported(format!("a result of type '{}' is not supported: {reason}", function.result))
        })?;
        let result = result_conversion(result.encoded(defaults.encoding), function);
        let sizes = parameters.iter().map(|parameter| stack_bytes(parameter.conversion.wire(), &records, abi));
        let argument_bytes = sizes.sum();
        let convention = function.convention.or(defaults.convention);
        Ok(Self {
            signature: Signature {
                convention: convention.map_or(Convention::Cdecl, wire_convention),
                is_convention_open: convention.is_none(),
                result: result.wire_result(),
                parameters: parameters.iter().map(|parameter| parameter.conversion.wire()).collect(),
                fixed: None,
                records,
            },
            convention_is_named: function.convention.is_some(),
            is_variadic: function.variadic,
            encoding: defaults.encoding,
            argument_bytes,
            plan: Plan::of(types, function, abi, defaults.encoding),
            parameters,
            result,
        })
    }
}

impl Prototype {
    /// The arguments that a call with `given` arguments passes; `None` if they are too few or too many.
    #[inline]
    pub(in crate::dll) fn arguments(&self, given: usize) -> Option<GivenArguments> {
        let all = self.parameters.len();
        match &self.plan {
            Some(plan) => plan.arguments(given, self.is_variadic),
            None if self.is_variadic => (given >= all).then_some(GivenArguments::All),
            None => (given == all).then_some(GivenArguments::All),
        }
    }

    /// The parameter index of an argument, by its position among `given` arguments.
    pub(in crate::dll) fn parameter_of(&self, given: usize, position: usize) -> usize {
        match (&self.plan, self.arguments(given)) {
            (Some(plan), Some(arguments)) if position < plan.roles.len() => {
                let roles = plan.roles.iter().enumerate().filter(|(_, role)| role.is_in(arguments));
                roles.map(|(index, _)| index).nth(position).unwrap_or(position)
            }
            _ => position,
        }
    }
}

impl Conversion {
    /// The conversion for a type, or the reason that values of it cannot be passed. A type passed by value is added to
    /// `records` of the signature.
    pub(in crate::dll) fn of(
        types: &Arc<Types>,
        ty: &c::Type,
        abi: Abi,
        records: &mut Vec<Record>,
    ) -> Result<Self, String> {
        if ty.is_void() {
            return Ok(Conversion::Void);
        }
        let ctype = types.ctype(ty, abi);
        match &ctype.form {
            Form::Number(number) => Ok(Conversion::Number(number.clone(), number.wire())),
            Form::Pointer(pointee) => {
                let strings = strings(pointee.ty(), abi);
                Ok(Conversion::Pointer { ctype, strings })
            }
            _ => {
                let record = by_value::record(&ctype)?;
                let index = records.iter().position(|known| *known == record).unwrap_or_else(|| {
                    records.push(record);
                    records.len() - 1
                });
                Ok(Conversion::Record { ctype, wire: Type::Record(index as u16) })
            }
        }
    }

    /// The same conversion with text in an encoding.
    fn encoded(self, encoding: Encoding) -> Self {
        match self {
            Conversion::Pointer { ctype, strings: Strings::Text(_) } => {
                Conversion::Pointer { ctype, strings: Strings::Text(encoding) }
            }
            other => other,
        }
    }

    /// The type in messages, as a parameter.
    pub(in crate::dll) fn wire(&self) -> Type {
        match self {
            Conversion::Void => Type::Void,
            Conversion::Number(_, wire) | Conversion::Record { wire, .. } => *wire,
            Conversion::Pointer { .. } => Type::Pointer,
        }
    }

    /// The type in messages, as a result: `const char *` is copied on return.
    fn wire_result(&self) -> Type {
        match self {
            Conversion::Pointer { strings: Strings::Text(_), .. } => Type::CString,
            other => other.wire(),
        }
    }
}

/// A parameter with an annotated size accepts any bytes, including zeros.
fn annotated(conversion: Conversion, parameter: &c::Parameter) -> Conversion {
    let is_sized = parameter.annotation.as_ref().is_some_and(|annotation| annotation.extent.is_some());
    match conversion {
        Conversion::Pointer { ctype, strings: Strings::Text(_) } if is_sized => {
            Conversion::Pointer { ctype, strings: Strings::Bytes }
        }
        other => other,
    }
}

/// Only `const char *` is converted to a string, unless an annotation shows that the pointer itself is needed.
fn result_conversion(conversion: Conversion, function: &c::FunctionType) -> Conversion {
    let keeps_pointer = function.result_annotation.as_ref().is_some_and(|annotation| !annotation.zero_terminated);
    match conversion {
        Conversion::Pointer { ctype, strings } if !matches!(strings, Strings::Text(_)) || keeps_pointer => {
            Conversion::Pointer { ctype, strings: Strings::None }
        }
        other => other,
    }
}

impl Strings {
    /// The Lua strings accepted for a pointer of this type.
    pub(in crate::dll) fn of(pointer: &Ctype) -> Self {
        match &pointer.form {
            Form::Pointer(pointee) => strings(pointee.ty(), pointer.abi),
            _ => Strings::None,
        }
    }
}

/// The Lua strings accepted for a pointer to `target`.
fn strings(target: &c::Type, abi: Abi) -> Strings {
    if target.is_const() { strings_read(target, abi) } else { Strings::None }
}

/// The Lua strings accepted for a pointer whose target the function only reads.
pub(super) fn strings_read_only(pointer: &Ctype) -> Strings {
    pointer.ty.pointee().map_or(Strings::None, |target| strings_read(target, pointer.abi))
}

fn strings_read(target: &c::Type, abi: Abi) -> Strings {
    match (target.resolve(), Width::of(target, abi)) {
        (_, Some(width)) => Strings::Wide(width),
        (c::Type::Basic(Basic::Char), None) => Strings::Text(Encoding::Utf8),
        (c::Type::Basic(Basic::Void | Basic::SignedChar | Basic::UnsignedChar), None) => Strings::Bytes,
        _ => Strings::None,
    }
}

/// The size of an argument on the stack, where each starts at a multiple of the machine word.
fn stack_bytes(ty: Type, records: &[Record], abi: Abi) -> u32 {
    let bytes = match ty {
        Type::Int64 | Type::Uint64 | Type::Float64 => 8,
        Type::Extended => 12,
        Type::Record(index) => records.get(usize::from(index)).map_or(0, |record| record.bytes.next_multiple_of(4)),
        _ => 4,
    };
    u32::max(bytes, abi.pointer_bytes())
}

fn wire_convention(convention: c::Convention) -> Convention {
    match convention {
        c::Convention::Cdecl => Convention::Cdecl,
        c::Convention::Stdcall => Convention::Stdcall,
        c::Convention::Fastcall => Convention::Fastcall,
        c::Convention::Thiscall => Convention::Thiscall,
    }
}

/// The convention of a name, with or without underscores.
pub(in crate::dll) fn convention_named(name: &str) -> Option<c::Convention> {
    Some(match name.trim_start_matches('_') {
        "cdecl" => c::Convention::Cdecl,
        "stdcall" => c::Convention::Stdcall,
        "fastcall" => c::Convention::Fastcall,
        "thiscall" => c::Convention::Thiscall,
        _ => return None,
    })
}
