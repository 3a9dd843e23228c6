//! What annotations tell of a function's parameters, decided once for all its calls.

use std::sync::Arc;

use super::{Conversion, Ctype, Form, Number, Types};
use crate::c::{self, Abi, Basic, Direction, ExtentUnit};
use crate::dll::text::{Encoding, Width};

mod size;
#[cfg(test)]
mod tests;

pub(in crate::dll) use size::Size;

/// How a function is called whose parameters are annotated.
#[derive(Debug)]
pub(in crate::dll) struct Plan {
    /// One for each parameter.
    pub(in crate::dll) roles: Vec<Role>,
    /// How many arguments there are without those that the function only writes.
    pub(in crate::dll) short: usize,
    /// How many there are without the sizes that others tell, too.
    pub(in crate::dll) shortest: usize,
}

/// What a parameter is for.
#[derive(Debug)]
pub(in crate::dll) struct Role {
    pub(in crate::dll) passing: Passing,
    /// The annotation as written.
    pub(in crate::dll) annotation: String,
    /// Whether NULL may be passed.
    pub(in crate::dll) takes_nil: bool,
    /// Whether what the pointer leads to ends with a zero.
    pub(in crate::dll) is_terminated: bool,
    /// What a pointer leads to, where values of Lua can stand for that.
    pub(in crate::dll) target: Option<Target>,
    /// How much of it there is; one element where nothing is said.
    pub(in crate::dll) extent: Option<Extent>,
    /// The parameter whose value is the number of elements or bytes that the argument for this one has.
    pub(in crate::dll) tells: Option<usize>,
    /// Whether another argument tells the value of this parameter.
    pub(in crate::dll) is_inferred: bool,
}

/// Which way a parameter's data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dll) enum Passing {
    /// As without annotation.
    Plain,
    /// The function reads it.
    In,
    /// The function writes it.
    Out,
    /// The function reads and writes it.
    InOut,
}

/// What a pointer leads to.
#[derive(Debug)]
pub(in crate::dll) struct Target {
    pub(in crate::dll) element: Arc<Ctype>,
    /// Any number of elements.
    pub(in crate::dll) array: Arc<Ctype>,
    /// The size of an element in bytes, never 0.
    pub(in crate::dll) bytes: u64,
    /// What several elements are in Lua.
    pub(in crate::dll) shape: Shape,
}

/// What several elements are in Lua.
#[derive(Clone, Copy, Debug)]
pub(in crate::dll) enum Shape {
    /// A string, which ends before the first zero.
    Text(Encoding),
    /// A string of any bytes.
    Bytes,
    /// A table.
    Numbers,
    /// An object.
    Objects,
}

/// How much there is.
#[derive(Debug)]
pub(in crate::dll) struct Extent {
    /// What is counted, in bytes.
    pub(in crate::dll) unit: u64,
    pub(in crate::dll) capacity: Size,
    /// What is valid after the call; all where nothing is said.
    pub(in crate::dll) valid: Option<Size>,
}

/// Which arguments a call is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dll) enum Arguments {
    /// One for each parameter.
    All,
    /// Those that the function reads.
    Read,
    /// Those that the function reads and that no other argument tells.
    Inferred,
}

impl Plan {
    /// What annotations tell; nothing where a function is called as without them.
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
        if roles.iter().all(|role| role.passing == Passing::Plain && role.takes_nil) {
            return None;
        }
        for index in 0..roles.len() {
            if let Some(size) = roles[index].inferred_size()
                && roles[size].passing == Passing::Plain
            {
                roles[index].tells = Some(size);
                roles[size].is_inferred = true;
            }
        }
        let short = roles.iter().filter(|role| role.passing != Passing::Out).count();
        let shortest = short - roles.iter().filter(|role| role.is_inferred).count();
        Some(Box::new(Self { roles, short, shortest }))
    }

    /// Which arguments so many are: the most that it can be. Nothing if they are too few or too many.
    pub(in crate::dll) fn arguments(&self, given: usize, is_variadic: bool) -> Option<Arguments> {
        let all = self.roles.len();
        if given == all || is_variadic && given > all {
            Some(Arguments::All)
        } else if given == self.short {
            Some(Arguments::Read)
        } else {
            (given == self.shortest).then_some(Arguments::Inferred)
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
            takes_nil: true,
            is_terminated: false,
            target: None,
            extent: None,
            tells: None,
            is_inferred: false,
        };
        let (Some(annotation), Some(pointee)) = (&parameter.annotation, parameter.ty.pointee()) else { return role };
        role.annotation = annotation.to_string();
        role.takes_nil = annotation.optional;
        role.is_terminated = annotation.zero_terminated;
        let Some(target) = Target::of(types, pointee, abi, encoding) else { return role };
        let extent = match &annotation.extent {
            // What is counted is what the pointer that is stored leads to.
            Some(_) if annotation.direction == Direction::OutPointer => None,
            Some(extent) => match Extent::of(types, extent, &target, (all, abi)) {
                Some(extent) => Some(extent),
                None => return role,
            },
            // How much there is behind a pointer to void nobody knows.
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

    /// Whether an argument is given for the parameter.
    pub(in crate::dll) fn is_in(&self, given: Arguments) -> bool {
        match given {
            Arguments::All => true,
            Arguments::Read => self.passing != Passing::Out,
            Arguments::Inferred => self.passing != Passing::Out && !self.is_inferred,
        }
    }

    /// The size of a character in bytes, where what comes back ends before the first one that is zero.
    pub(in crate::dll) fn text_unit(&self) -> Option<usize> {
        match self.target.as_ref()?.shape {
            Shape::Text(encoding) if self.extent.is_some() || self.is_terminated => Some(encoding.unit()),
            Shape::Bytes if self.is_terminated => Some(1),
            _ => None,
        }
    }

    /// The parameter that is the size of what the argument for this one holds. How large a buffer for text is to be, no text
    /// tells.
    fn inferred_size(&self) -> Option<usize> {
        let is_text = matches!(&self.target, Some(Target { shape: Shape::Text(_), .. }));
        match (&self.extent, self.passing) {
            (Some(Extent { capacity: Size::Parameter(size), .. }), Passing::In) => Some(*size),
            (Some(Extent { capacity: Size::Parameter(size), .. }), Passing::InOut) if !is_text => Some(*size),
            _ => None,
        }
    }
}

impl Target {
    /// What values of Lua can stand for; nothing for code, and for what is incomplete.
    fn of(types: &Arc<Types>, pointee: &c::Type, abi: Abi, encoding: Encoding) -> Option<Self> {
        let byte = c::Type::Basic(Basic::UnsignedChar);
        let ty = if pointee.is_void() { &byte } else { pointee };
        let element = types.ctype(ty, abi);
        let bytes = element.bytes().ok().filter(|bytes| *bytes > 0)?;
        let shape = match (&element.form, Width::of(ty, abi), ty.resolve()) {
            (Form::Function(_) | Form::Opaque(_), ..) => return None,
            (_, Some(width), _) => Shape::Text(Encoding::Wide(width)),
            (_, None, c::Type::Basic(Basic::Char)) => Shape::Text(encoding),
            (_, None, c::Type::Basic(Basic::UnsignedChar)) => Shape::Bytes,
            (Form::Number(_), ..) => Shape::Numbers,
            _ => Shape::Objects,
        };
        let array = c::ArrayType { element: ty.clone(), length: c::Length::Variable };
        let array = types.ctype(&c::Type::Array(Arc::new(array)), abi);
        Some(Self { element, array, bytes, shape })
    }
}

impl Extent {
    fn of(types: &Arc<Types>, extent: &c::Extent, target: &Target, (all, abi): (&[c::Parameter], Abi)) -> Option<Self> {
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

    /// What is counted, in messages.
    pub(in crate::dll) fn counted(&self, target: &Target, count: u64) -> String {
        let unit = match (self.unit, target.shape) {
            (1, _) => "byte",
            (_, Shape::Text(_)) => "character",
            _ => "element",
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

impl Ctype {
    /// The integer that values of the type are.
    fn integer(&self) -> Option<&Number> {
        match &self.form {
            Form::Number(number @ (Number::Integer { .. } | Number::Unsigned64 | Number::Enumeration(_))) => {
                Some(number)
            }
            _ => None,
        }
    }
}

/// A parameter that is only read takes the strings that it would take if it were declared const.
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
