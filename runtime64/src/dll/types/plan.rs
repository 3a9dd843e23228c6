//! The effects of annotations on a function's parameters, determined once for all calls.

use std::sync::Arc;

use super::{Conversion, Ctype, Form, Number, Types};
use crate::c::{self, Abi, Basic, Direction, ExtentUnit};
use crate::dll::text::{Encoding, Width};

mod size;
#[cfg(test)]
mod tests;

pub(in crate::dll) use size::Size;

/// How to call a function with annotated parameters.
#[derive(Debug)]
pub(in crate::dll) struct Plan {
    /// The roles, one for each parameter.
    pub(in crate::dll) roles: Vec<Role>,
    /// The number of arguments without the outputs.
    pub(in crate::dll) read_count: usize,
    /// The number of arguments without outputs and inferred sizes.
    pub(in crate::dll) inferred_count: usize,
}

/// The role of a parameter.
#[derive(Debug)]
pub(in crate::dll) struct Role {
    pub(in crate::dll) passing: Passing,
    /// The annotation as written.
    pub(in crate::dll) annotation: String,
    /// Whether NULL may be passed.
    pub(in crate::dll) accepts_nil: bool,
    /// Whether the target is zero-terminated.
    pub(in crate::dll) is_terminated: bool,
    /// The target of a pointer, if Lua values can be converted to it.
    pub(in crate::dll) target: Option<PointeePlan>,
    /// The size of the target; one element by default.
    pub(in crate::dll) extent: Option<Extent>,
    /// The parameter that holds the number of elements or bytes of this parameter's argument.
    pub(in crate::dll) size_parameter: Option<usize>,
    /// Whether the value of this parameter is inferred from another argument.
    pub(in crate::dll) is_inferred: bool,
}

/// The direction of a parameter's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dll) enum Passing {
    /// As without annotations.
    Plain,
    /// The function reads it.
    In,
    /// The function writes it.
    Out,
    /// The function reads and writes it.
    InOut,
}

/// The target of a pointer.
#[derive(Debug)]
pub(in crate::dll) struct PointeePlan {
    pub(in crate::dll) element: Arc<Ctype>,
    /// The array type with any number of elements.
    pub(in crate::dll) array: Arc<Ctype>,
    /// The size of an element in bytes, never 0.
    pub(in crate::dll) bytes: u64,
    /// The Lua value of several elements.
    pub(in crate::dll) shape: PointeeShape,
}

/// The Lua value of several elements.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) enum PointeeShape {
    /// A string, up to the first zero.
    Text(Encoding),
    /// A string of arbitrary bytes.
    Bytes,
    /// A table.
    Numbers,
    /// An object.
    Objects,
}

/// The size of a target.
#[derive(Debug)]
pub(in crate::dll) struct Extent {
    /// The unit of the sizes, in bytes.
    pub(in crate::dll) unit: u64,
    pub(in crate::dll) capacity: Size,
    /// The size that is valid after the call; the whole capacity by default.
    pub(in crate::dll) valid: Option<Size>,
}

/// The arguments that a call passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dll) enum GivenArguments {
    /// One for each parameter.
    All,
    /// Those that the function reads.
    Read,
    /// Those that the function reads and that cannot be inferred from other arguments.
    Inferred,
}

impl Plan {
    /// The plan; `None` if annotations have no effect on calls.
    pub(super) fn of(
        types: &Arc<Types>,
        function: &c::FunctionType,
        abi: Abi,
        encoding: Encoding,
    ) -> Option<Box<Self>> {
        let parameters = &function.parameters;
        parameters.iter().find(|parameter| parameter.annotation.is_some())?;
        let mut roles: Vec<Role> =
            parameters.iter().map(|parameter| Role::of(types, parameter, parameters, (abi, encoding))).collect();
        if roles.iter().all(|role| role.passing == Passing::Plain && role.accepts_nil) {
            return None;
        }
        for index in 0..roles.len() {
            if let Some(size) = roles[index].inferred_size()
                && roles[size].passing == Passing::Plain
            {
                roles[index].size_parameter = Some(size);
                roles[size].is_inferred = true;
            }
        }
        let read_count = roles.iter().filter(|role| role.passing != Passing::Out).count();
        let inferred_count = read_count - roles.iter().filter(|role| role.is_inferred).count();
        Some(Box::new(Self { roles, read_count, inferred_count }))
    }

    /// The arguments that a call with `given` arguments passes, the most complete alternative; `None` if they are too
    /// few or too many.
    pub(in crate::dll) fn arguments(&self, given: usize, is_variadic: bool) -> Option<GivenArguments> {
        let all = self.roles.len();
        if given == all || is_variadic && given > all {
            Some(GivenArguments::All)
        } else if given == self.read_count {
            Some(GivenArguments::Read)
        } else {
            (given == self.inferred_count).then_some(GivenArguments::Inferred)
        }
    }
}

impl Role {
    fn of(
        types: &Arc<Types>,
        parameter: &c::Parameter,
        all: &[c::Parameter],
        (abi, encoding): (Abi, Encoding),
    ) -> Self {
        let mut role = Self {
            passing: Passing::Plain,
            annotation: String::new(),
            accepts_nil: true,
            is_terminated: false,
            target: None,
            extent: None,
            size_parameter: None,
            is_inferred: false,
        };
        let (Some(annotation), Some(pointee)) = (&parameter.annotation, parameter.ty.pointee()) else { return role };
        role.annotation = annotation.to_string();
        role.accepts_nil = annotation.optional;
        role.is_terminated = annotation.zero_terminated;
        let Some(target) = PointeePlan::of(types, pointee, abi, encoding) else { return role };
        let extent = match &annotation.extent {
            // The count refers to the target of the pointer that the function stores.
            Some(_) if annotation.direction == Direction::OutPointer => None,
            Some(extent) => match Extent::of(types, extent, &target, (all, abi)) {
                Some(extent) => Some(extent),
                None => return role,
            },
            // The size behind a pointer to void is unknown.
            None if pointee.is_void() => return role,
            None => None,
        };
        role.passing = match annotation.direction {
            Direction::In => Passing::In,
            Direction::Out | Direction::OutPointer => Passing::Out,
            Direction::InOut => Passing::InOut,
        };
        role.target = Some(target);
        role.extent = extent;
        role
    }

    /// Whether an argument is passed for the parameter.
    pub(in crate::dll) fn is_in(&self, given: GivenArguments) -> bool {
        match given {
            GivenArguments::All => true,
            GivenArguments::Read => self.passing != Passing::Out,
            GivenArguments::Inferred => self.passing != Passing::Out && !self.is_inferred,
        }
    }

    /// The size of a character in bytes, if the output is text up to the first zero.
    pub(in crate::dll) fn text_unit(&self) -> Option<usize> {
        match self.target.as_ref()?.shape {
            PointeeShape::Text(encoding) if self.extent.is_some() || self.is_terminated => Some(encoding.unit()),
            PointeeShape::Bytes if self.is_terminated => Some(1),
            _ => None,
        }
    }

    /// The parameter that holds the size of this one's argument. A text does not determine the size of its buffer.
    fn inferred_size(&self) -> Option<usize> {
        let is_text = matches!(&self.target, Some(PointeePlan { shape: PointeeShape::Text(_), .. }));
        match (&self.extent, self.passing) {
            (Some(Extent { capacity: Size::Parameter(size), .. }), Passing::In) => Some(*size),
            (Some(Extent { capacity: Size::Parameter(size), .. }), Passing::InOut) if !is_text => Some(*size),
            _ => None,
        }
    }
}

impl PointeePlan {
    /// The target for a pointee that Lua values can be converted to; `None` for code and incomplete types.
    fn of(types: &Arc<Types>, pointee: &c::Type, abi: Abi, encoding: Encoding) -> Option<Self> {
        let byte = c::Type::Basic(Basic::UnsignedChar);
        let ty = if pointee.is_void() { &byte } else { pointee };
        let element = types.ctype(ty, abi);
        let bytes = element.bytes().ok().filter(|bytes| *bytes > 0)?;
        let shape = match (&element.form, Width::of(ty, abi), ty.resolve()) {
            (Form::Function(_) | Form::Opaque(_), ..) => return None,
            (_, Some(width), _) => PointeeShape::Text(Encoding::Wide(width)),
            (_, None, c::Type::Basic(Basic::Char)) => PointeeShape::Text(encoding),
            (_, None, c::Type::Basic(Basic::UnsignedChar)) => PointeeShape::Bytes,
            (Form::Number(_), ..) => PointeeShape::Numbers,
            _ => PointeeShape::Objects,
        };
        let array = c::ArrayType { element: ty.clone(), length: c::Length::Variable };
        let array = types.ctype(&c::Type::Array(Arc::new(array)), abi);
        Some(Self { element, array, bytes, shape })
    }
}

impl Extent {
    fn of(
        types: &Arc<Types>,
        extent: &c::Extent,
        target: &PointeePlan,
        (all, abi): (&[c::Parameter], Abi),
    ) -> Option<Self> {
        Some(Self {
            unit: match extent.unit {
                ExtentUnit::Elements => target.bytes,
                ExtentUnit::Bytes => 1,
            },
            capacity: Size::of(types, &extent.capacity, all, abi)?,
            valid: match &extent.valid {
                Some(valid) => Some(Size::of(types, valid, all, abi)?),
                None => None,
            },
        })
    }

    /// A count with its unit, for messages.
    pub(in crate::dll) fn counted(&self, target: &PointeePlan, count: u64) -> String {
        let unit = match (self.unit, target.shape) {
            (1, _) => "byte",
            (_, PointeeShape::Text(_)) => "character",
            _ => "element",
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

impl Ctype {
    /// The integer type, if it is one.
    fn integer(&self) -> Option<&Number> {
        match &self.form {
            Form::Number(number @ (Number::Integer { .. } | Number::Unsigned64 | Number::Enumeration(_))) => {
                Some(number)
            }
            _ => None,
        }
    }
}

/// A parameter that the function only reads accepts the same strings as if it were declared const.
pub(super) fn read_only(conversion: Conversion, parameter: &c::Parameter) -> Conversion {
    let is_read = parameter.annotation.as_ref().is_some_and(|annotation| annotation.direction == Direction::In);
    match conversion {
        Conversion::Pointer { ctype, .. } if is_read => {
            let strings = super::prototype::strings_read_only(&ctype);
            Conversion::Pointer { ctype, strings }
        }
        other => other,
    }
}
