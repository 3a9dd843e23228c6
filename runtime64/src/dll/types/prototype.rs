//! Functions laid out for a worker's ABI: their signature, and the conversion of each value.

use std::sync::{Arc, OnceLock, Weak};

use protocol::{Convention, Record, Signature, Type, limits};

use super::Types;
use super::by_value;
use super::ctype::{Ctype, Form};
use super::number::Number;
use super::plan::{self, Arguments, Plan};
use crate::c::{self, Abi, Basic};
use crate::dll::generational::GenerationalId;
use crate::dll::text::{Encoding, Width};
use crate::dll::variants::Variants;
use crate::error::{Error, ErrorKind};

/// How values of one C type are converted; made once for each parameter and result.
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
        /// Which Lua strings can stand for it.
        strings: Strings,
    },
    /// A struct, union or complex number by value.
    Record {
        /// Its type.
        ctype: Arc<Ctype>,
        /// Which record of the signature it is.
        wire: Type,
    },
}

/// Which Lua strings a pointer parameter takes, or whether a pointer result becomes a string.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) enum Strings {
    /// None: the target is writable, or no bytes.
    None,
    /// Text in the library's encoding, which ends at its zero: `const char *`.
    Text(Encoding),
    /// Any bytes: `const void *`, `const unsigned char *`.
    Bytes,
    /// Text in wide characters, which ends at its zero: `const wchar_t *`.
    Wide(Width),
}

/// What a library says of its functions where their declarations do not.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) struct Defaults {
    /// The convention of those that name none.
    pub(in crate::dll) convention: Option<c::Convention>,
    /// The encoding of their text.
    pub(in crate::dll) encoding: Encoding,
}

/// Of code that no library is known for.
impl Default for Defaults {
    fn default() -> Self {
        Self { convention: None, encoding: Encoding::Utf8 }
    }
}

/// What is needed to call functions of one type through workers of one ABI.
#[derive(Debug)]
pub(in crate::dll) struct Prototype {
    /// What the worker is told. Of a function with a variable number of arguments, without those.
    pub(in crate::dll) signature: Signature,
    /// Whether the declaration names the convention; otherwise the symbol's decoration may.
    pub(in crate::dll) convention_is_named: bool,
    /// Whether further arguments may follow.
    pub(in crate::dll) is_variadic: bool,
    /// How text is encoded.
    pub(in crate::dll) encoding: Encoding,
    /// What annotations tell, if they tell anything.
    pub(in crate::dll) plan: Option<Box<Plan>>,
    /// The parameters, in order.
    pub(in crate::dll) parameters: Vec<Parameter>,
    /// How the result becomes a Lua value.
    pub(in crate::dll) result: Conversion,
    /// The size of all arguments on the stack, in bytes: what the decoration `_Name@8` holds.
    pub(in crate::dll) argument_bytes: u32,
}

/// A parameter: its conversion, and its declaration for error messages.
#[derive(Debug)]
pub(in crate::dll) struct Parameter {
    pub(in crate::dll) conversion: Conversion,
    pub(in crate::dll) text: String,
}

/// The type of a function that is called by its address, laid out when it is first called.
#[derive(Debug)]
pub(in crate::dll) struct FunctionForm {
    pub(in crate::dll) ty: Arc<c::FunctionType>,
    types: Weak<Types>,
    prototype: OnceLock<Result<Prototype, Error>>,
    /// The worker's id for the signature.
    pub(in crate::dll) prepared: GenerationalId,
    /// Its ids for calls with further arguments.
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

    /// The function laid out, for an ABI that is the same at each call.
    pub(in crate::dll) fn prototype(&self, abi: Abi) -> Result<&Prototype, Error> {
        let laid_out = self.prototype.get_or_init(|| match self.types.upgrade() {
            Some(types) => Prototype::new(&types, &self.ty, abi, Defaults::default()),
            None => Err(Error::new(ErrorKind::Declaration, "the Lua state is ending")),
        });
        laid_out.as_ref().map_err(Clone::clone)
    }
}

impl Prototype {
    /// Lays a function type out. `defaults` hold where the type says nothing.
    pub(in crate::dll) fn new(
        types: &Arc<Types>,
        function: &c::FunctionType,
        abi: Abi,
        defaults: Defaults,
    ) -> Result<Self, Error> {
        let unsupported = |what: String| Error::new(ErrorKind::Declaration, what);
        if function.parameters.len() > limits::ARGUMENTS {
            let most = limits::ARGUMENTS;
            return Err(unsupported(format!("it has {} parameters; {most} are supported", function.parameters.len())));
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
    /// Which arguments so many are; nothing if they are too few or too many.
    #[inline]
    pub(in crate::dll) fn arguments(&self, given: usize) -> Option<Arguments> {
        let all = self.parameters.len();
        match &self.plan {
            Some(plan) => plan.arguments(given, self.is_variadic),
            None if self.is_variadic => (given >= all).then_some(Arguments::All),
            None => (given == all).then_some(Arguments::All),
        }
    }

    /// Which parameter an argument is for, of so many, both from 0.
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
    /// How values of a type are converted, or why none can be passed. What goes by value is added to the signature's
    /// records.
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

    /// The same with text in an encoding.
    fn encoded(self, encoding: Encoding) -> Self {
        match self {
            Conversion::Pointer { ctype, strings: Strings::Text(_) } => {
                Conversion::Pointer { ctype, strings: Strings::Text(encoding) }
            }
            other => other,
        }
    }

    /// The type on the wire, as a parameter.
    pub(in crate::dll) fn wire(&self) -> Type {
        match self {
            Conversion::Void => Type::Void,
            Conversion::Number(_, wire) | Conversion::Record { wire, .. } => *wire,
            Conversion::Pointer { .. } => Type::Pointer,
        }
    }

    /// The type on the wire, as a result: `const char *` is copied at return.
    fn wire_result(&self) -> Type {
        match self {
            Conversion::Pointer { strings: Strings::Text(_), .. } => Type::CString,
            other => other.wire(),
        }
    }
}

/// A parameter whose size is told takes any bytes, also those with zeros in between.
fn annotated(conversion: Conversion, parameter: &c::Parameter) -> Conversion {
    let is_sized = parameter.annotation.as_ref().is_some_and(|annotation| annotation.extent.is_some());
    match conversion {
        Conversion::Pointer { ctype, strings: Strings::Text(_) } if is_sized => {
            Conversion::Pointer { ctype, strings: Strings::Bytes }
        }
        other => other,
    }
}

/// Only `const char *` becomes a string, and not even that where an annotation says that the pointer is wanted.
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
    /// Which Lua strings can stand for a pointer of this type.
    pub(in crate::dll) fn of(pointer: &Ctype) -> Self {
        match &pointer.form {
            Form::Pointer(pointee) => strings(pointee.ty(), pointer.abi),
            _ => Strings::None,
        }
    }
}

/// Which Lua strings can stand for a pointer to this.
fn strings(target: &c::Type, abi: Abi) -> Strings {
    if target.is_const() { strings_read(target, abi) } else { Strings::None }
}

/// Which Lua strings can stand for a pointer of this type, if what it points to is only read.
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

/// What an argument takes on the stack, where every one starts at a multiple of the machine word.
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

/// The convention of a name, with or without its underscores.
pub(in crate::dll) fn convention_named(name: &str) -> Option<c::Convention> {
    Some(match name.trim_start_matches('_') {
        "cdecl" => c::Convention::Cdecl,
        "stdcall" => c::Convention::Stdcall,
        "fastcall" => c::Convention::Fastcall,
        "thiscall" => c::Convention::Thiscall,
        _ => return None,
    })
}
