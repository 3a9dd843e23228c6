//! Calls of functions with annotated parameters: outputs are returned as further results, and sizes implied by other
//! arguments may be omitted.
//!
//! [`expand`] converts the given arguments to those of all parameters, with buffers for outputs. After the call
//! [`ExpectedOutputs::read`] copies the outputs from the worker, and [`Output::to_lua`] converts them once the session is
//! dropped.

use mlua::{MultiValue, Value as LuaValue};
use protocol::Value;

use crate::dll::address_space::AddressSpace;
use crate::dll::cdata;
use crate::dll::conversion_error::ConversionError;
use crate::dll::marshal::{table_to_wire, to_wire};
use crate::dll::memory::Access;
use crate::dll::types::{Conversion, Extent, GivenArguments, Parameter, Passing, Plan, PointeePlan, Prototype, Role};
use crate::error::ErrorKind;

mod content;
mod inferred_sizes;
mod results;
mod sizes;

pub(super) use results::{ExpectedOutputs, Output};

use results::OutBuffer;
use sizes::Sizes;

/// Appends the converted arguments of a function to `values`, and returns the expected outputs. `given` specifies which
/// arguments are passed.
pub(super) fn expand(
    prototype: &Prototype,
    plan: &Plan,
    (given, arguments): (GivenArguments, &MultiValue),
    space: &AddressSpace,
    access: &mut dyn Access,
    values: &mut Vec<Value>,
) -> Result<ExpectedOutputs, ConversionError> {
    let first = values.len();
    let pending = Vec::with_capacity(plan.roles.len());
    let mut expansion = Expansion { prototype, plan, space, access, values, first, pending };
    let mut rest = arguments.iter().enumerate();
    for (index, role) in plan.roles.iter().enumerate() {
        let argument = if role.is_in(given) { rest.next() } else { None };
        expansion.add(index, argument)?;
    }
    for index in 0..plan.roles.len() {
        expansion.infer_size(index)?;
    }
    let mut out_buffers = Vec::new();
    // The size of one buffer may depend on the initial content of another.
    for is_sized in [false, true] {
        for index in 0..plan.roles.len() {
            if plan.roles[index].extent.is_some() == is_sized {
                out_buffers.extend(expansion.make_room(index)?);
            }
        }
    }
    for index in 0..plan.roles.len() {
        expansion.check_capacity(index)?;
    }
    out_buffers.sort_unstable_by_key(|room| room.index);
    let unknown = expansion.unknown();
    Ok(ExpectedOutputs::new(plan, out_buffers, &values[first..], &unknown))
}

/// The alternative forms of a call with fewer arguments, for messages: ", or 1: (int n)".
#[cold]
pub(super) fn shorter_forms(prototype: &Prototype, plan: &Plan) -> String {
    let all = plan.roles.len();
    let forms = [
        (plan.read_count, all, GivenArguments::Read),
        (plan.inferred_count, plan.read_count, GivenArguments::Inferred),
    ];
    let mut text = String::new();
    for (count, _, given) in forms.into_iter().filter(|(count, longer, _)| count < longer) {
        let parameters = plan.roles.iter().zip(&prototype.parameters).filter(|(role, _)| role.is_in(given));
        let shown: Vec<&str> = parameters.map(|(_, parameter)| parameter.text.as_str()).collect();
        text.push_str(&format!(", or {count}: ({})", shown.join(", ")));
    }
    text
}

/// The arguments of a call during conversion.
struct Expansion<'a, 'b> {
    prototype: &'a Prototype,
    plan: &'a Plan,
    space: &'b AddressSpace,
    access: &'b mut dyn Access,
    values: &'b mut Vec<Value>,
    /// The index of the first argument in `values`.
    first: usize,
    pending: Vec<PendingArgument>,
}

/// The state of an argument until all are converted.
#[derive(Debug, Default)]
struct PendingArgument {
    /// Its position among the given arguments, from 1.
    position: Option<usize>,
    /// The initial content of its buffer.
    content: Option<Vec<u8>>,
    /// Its length in units of its extent.
    length: Option<Length>,
    /// Whether NULL was passed for an output.
    is_null: bool,
    /// Whether the value is filled in by the worker, as the result of an earlier call.
    is_filled_in: bool,
}

/// The length of an argument.
#[derive(Clone, Copy, Debug)]
struct Length {
    count: u64,
    /// Whether a terminating zero follows, which the function may count too.
    is_terminated: bool,
}

impl Expansion<'_, '_> {
    /// Converts the argument of a parameter, as far as possible without the others.
    fn add(&mut self, index: usize, argument: Option<(usize, &LuaValue)>) -> Result<(), ConversionError> {
        let Some((position, value)) = argument else {
            self.values.push(Value::Nil);
            self.pending.push(PendingArgument::default());
            return Ok(());
        };
        let is_filled_in = self.access.is_pending(position);
        let mut state = PendingArgument { position: Some(position + 1), is_filled_in, ..PendingArgument::default() };
        let converted = self.convert(index, value, &mut state);
        self.pending.push(state);
        let converted = converted.map_err(|error| self.located(index, error))?;
        self.values.push(converted);
        Ok(())
    }

    fn convert(
        &mut self,
        index: usize,
        value: &LuaValue,
        state: &mut PendingArgument,
    ) -> Result<Value, ConversionError> {
        let role = &self.plan.roles[index];
        match (role.passing, &role.target) {
            _ if state.is_filled_in => {
                to_wire(&self.prototype.parameters[index].conversion, value, self.space, self.access)
            }
            (Passing::In, Some(target)) if !value.is_userdata() => self.input(index, target, value, state),
            (Passing::InOut, Some(target)) if !value.is_userdata() && !value.is_nil() => {
                let (bytes, length) = content::of_value(role, target, value, self.space, self.access)?;
                state.content = Some(bytes);
                state.length = length;
                Ok(Value::Nil)
            }
            _ => {
                state.is_null = role.passing == Passing::InOut && value.is_nil();
                self.pointer(index, value, state)
            }
        }
    }

    /// Converts an input: tables, and strings with an annotated size, are lent.
    fn input(
        &mut self,
        index: usize,
        target: &PointeePlan,
        value: &LuaValue,
        state: &mut PendingArgument,
    ) -> Result<Value, ConversionError> {
        let role = &self.plan.roles[index];
        match (value, &role.extent) {
            (LuaValue::Table(_) | LuaValue::String(_), Some(_)) => {
                let (bytes, length) = content::of_value(role, target, value, self.space, self.access)?;
                state.length = length;
                let zeros = if value.is_string() { target.bytes as usize } else { 0 };
                self.access.lend(&bytes, zeros)
            }
            (LuaValue::Table(table), None) => match &self.prototype.parameters[index].conversion {
                Conversion::Pointer { ctype, strings } => {
                    table_to_wire((ctype, *strings), table, self.space, self.access)
                }
                other => to_wire(other, value, self.space, self.access),
            },
            _ => self.pointer(index, value, state),
        }
    }

    /// Converts an argument as without annotations. Its extent must not exceed the size of an object.
    fn pointer(
        &mut self,
        index: usize,
        value: &LuaValue,
        state: &mut PendingArgument,
    ) -> Result<Value, ConversionError> {
        let role = &self.plan.roles[index];
        let converted = to_wire(&self.prototype.parameters[index].conversion, value, self.space, self.access)?;
        if converted == Value::Nil && !role.accepts_nil {
            return Err(nil_refused(role));
        }
        let Some(extent) = &role.extent else { return Ok(converted) };
        let there = cdata::of(value).and_then(|cdata| cdata.bytes_there());
        state.length = there.map(|bytes| Length { count: bytes / extent.unit, is_terminated: false });
        Ok(converted)
    }

    /// Makes the buffer for an output; `None` if a pointer was passed.
    fn make_room(&mut self, index: usize) -> Result<Option<OutBuffer>, ConversionError> {
        let role = &self.plan.roles[index];
        let state = &mut self.pending[index];
        if state.content.is_some() {
            // The buffer gets the annotated size, whatever its initial content.
            state.length = None;
        }
        if state.is_null {
            return Ok(Some(OutBuffer { index, address: 0, capacity: 0 }));
        }
        let is_written = role.passing == Passing::Out && state.position.is_none();
        let content = match state.content.take() {
            Some(content) => content,
            None if is_written => Vec::new(),
            None => return Ok(None),
        };
        let Some(target) = &role.target else { return Ok(None) };
        let room = self.room(index, role, target, &content).map_err(|error| self.located(index, error))?;
        self.values[self.first + index] = Value::Integer(room.address as i64);
        Ok(Some(room))
    }

    fn room(
        &mut self,
        index: usize,
        role: &Role,
        target: &PointeePlan,
        content: &[u8],
    ) -> Result<OutBuffer, ConversionError> {
        let (unit, capacity) = match &role.extent {
            Some(extent) => (extent.unit, self.capacity(role, extent)?),
            None if role.is_terminated && role.passing == Passing::InOut => {
                (target.bytes, content.len() as u64 / target.bytes + 1)
            }
            None => (target.bytes, 1),
        };
        let bytes = capacity.checked_mul(unit).and_then(|bytes| usize::try_from(bytes).ok());
        let bytes =
            bytes.ok_or_else(|| ConversionError::new(ErrorKind::Memory, "out of memory for an output buffer"))?;
        let Some(zeros) = bytes.checked_sub(content.len()) else {
            let length = content.len() as u64 / unit;
            let counted =
                |count: u64| role.extent.as_ref().map_or(String::new(), |extent| extent.counted(target, count));
            let reason =
                format!("{} do not fit: the capacity given by '{}' is {capacity}", counted(length), role.annotation);
            return Err(ConversionError::new(ErrorKind::Range, reason));
        };
        let address = self.access.lend_room(content, zeros)?;
        Ok(OutBuffer { index, address, capacity })
    }

    /// The annotated capacity, in units of the extent.
    fn capacity(&mut self, role: &Role, extent: &Extent) -> Result<u64, ConversionError> {
        match self.sizes().of(&extent.capacity)? {
            Some(capacity) if capacity >= 0 => Ok(capacity.unsigned_abs()),
            Some(negative) => {
                let reason = format!("the capacity given by '{}' is negative: {negative}", role.annotation);
                Err(ConversionError::new(ErrorKind::Range, reason))
            }
            None => {
                let reason =
                    format!("the capacity given by '{}' cannot be computed from these arguments", role.annotation);
                Err(ConversionError::new(ErrorKind::Type, reason))
            }
        }
    }

    /// Checks that an argument is at least as long as annotated.
    fn check_capacity(&mut self, index: usize) -> Result<(), ConversionError> {
        let role = &self.plan.roles[index];
        let (Some(extent), Some(target), Some(length)) = (&role.extent, &role.target, self.pending[index].length)
        else {
            return Ok(());
        };
        let Some(wanted) = self.sizes().of(&extent.capacity)?.and_then(|wanted| u64::try_from(wanted).ok()) else {
            return Ok(());
        };
        let zero = if length.is_terminated { target.bytes / extent.unit } else { 0 };
        if wanted <= length.count + zero {
            return Ok(());
        }
        let there = extent.counted(target, length.count);
        let reason = format!("it has {there}, but '{}' requires {wanted}", role.annotation);
        Err(self.located(index, ConversionError::new(ErrorKind::Range, reason)))
    }

    fn sizes(&mut self) -> Sizes<'_, impl FnMut(u64, &mut [u8]) -> Result<(), ConversionError>> {
        let unknown = self.unknown();
        let Self { values, access, space, first, .. } = self;
        Sizes {
            arguments: &values[*first..],
            unknown,
            result: None,
            read: |address, into: &mut [u8]| access.read_foreign(space, address, into),
        }
    }

    /// The parameters whose values are filled in by the worker.
    fn unknown(&self) -> Vec<usize> {
        self.pending.iter().enumerate().filter(|(_, state)| state.is_filled_in).map(|(index, _)| index).collect()
    }

    /// Adds the argument's position to an error.
    fn located(&self, index: usize, error: ConversionError) -> ConversionError {
        let Parameter { text, .. } = &self.prototype.parameters[index];
        match self.pending[index].position {
            Some(position) => error.within(format!("argument {position} ({text})")),
            None => error.within(format!("'{text}'")),
        }
    }
}

#[cold]
fn nil_refused(role: &Role) -> ConversionError {
    let reason = format!("nil is not accepted: '{}' excludes NULL; the '_opt_' forms allow it", role.annotation);
    ConversionError::new(ErrorKind::Type, reason)
}
