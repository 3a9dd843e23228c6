//! Calls of functions whose parameters are annotated: what the function writes comes back as results, and sizes that other
//! arguments tell may be left out.
//!
//! [`expand`] makes all arguments of the few that were given, with room for what is written. After the call
//! [`Expected::read`] copies that out of the worker, and [`Written::to_lua`] makes values of it when the worker is let go of.

use mlua::{MultiValue, Value as LuaValue};
use protocol::Value;

use crate::dll::address_space::AddressSpace;
use crate::dll::cdata;
use crate::dll::conversion_error::ConversionError;
use crate::dll::marshal::{table_to_wire, to_wire};
use crate::dll::memory::Access;
use crate::dll::types::{Arguments, Conversion, Extent, Parameter, Passing, Plan, Prototype, Role, Target};
use crate::error::ErrorKind;

mod content;
mod inferred_sizes;
mod results;
mod sizes;

pub(super) use results::{Expected, Written};

use results::Room;
use sizes::Sizes;

/// Makes the arguments of a function as they travel, behind what `values` hold already, and tells what is to come back.
/// `given` says which arguments there are.
pub(super) fn expand(
    prototype: &Prototype,
    plan: &Plan,
    (given, arguments): (Arguments, &MultiValue),
    space: &AddressSpace,
    access: &mut dyn Access,
    values: &mut Vec<Value>,
) -> Result<Expected, ConversionError> {
    let first = values.len();
    let drafts = Vec::with_capacity(plan.roles.len());
    let mut expansion = Expansion { prototype, plan, space, access, values, first, drafts };
    let mut rest = arguments.iter().enumerate();
    for (index, role) in plan.roles.iter().enumerate() {
        let argument = if role.is_in(given) { rest.next() } else { None };
        expansion.add(index, argument)?;
    }
    for index in 0..plan.roles.len() {
        expansion.infer_size(index)?;
    }
    let mut out_buffers = Vec::new();
    // The size of one room may be what another one begins with.
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
    Ok(Expected::new(plan, out_buffers, &values[first..], &unknown))
}

/// The forms of a call with fewer arguments than parameters, in messages: ", or 1: (int n)".
#[cold]
pub(super) fn shorter_forms(prototype: &Prototype, plan: &Plan) -> String {
    let all = plan.roles.len();
    let forms = [(plan.short, all, Arguments::Read), (plan.shortest, plan.short, Arguments::Inferred)];
    let mut text = String::new();
    for (count, _, given) in forms.into_iter().filter(|(count, longer, _)| count < longer) {
        let parameters = plan.roles.iter().zip(&prototype.parameters).filter(|(role, _)| role.is_in(given));
        let shown: Vec<&str> = parameters.map(|(_, parameter)| parameter.text.as_str()).collect();
        text.push_str(&format!(", or {count}: ({})", shown.join(", ")));
    }
    text
}

/// Arguments that are being made.
struct Expansion<'a, 'b> {
    prototype: &'a Prototype,
    plan: &'a Plan,
    space: &'b AddressSpace,
    access: &'b mut dyn Access,
    values: &'b mut Vec<Value>,
    /// Which of the values is the first argument.
    first: usize,
    drafts: Vec<Draft>,
}

/// What is known of an argument before all are.
#[derive(Debug, Default)]
struct Draft {
    /// Which of the given ones it is, from 1.
    position: Option<usize>,
    /// What the room for it begins with.
    content: Option<Vec<u8>>,
    /// What it holds, in what its extent counts.
    held: Option<Held>,
    /// Whether NULL is given where a value would come back.
    is_null: bool,
    /// Whether the value takes its place in the worker, as the result of an earlier call.
    is_later: bool,
}

/// How much an argument holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    count: u64,
    /// Whether a zero follows that the function may count, too.
    is_terminated: bool,
}

impl Expansion<'_, '_> {
    /// Converts what is given for a parameter, as far as it is known without the others.
    fn add(&mut self, index: usize, argument: Option<(usize, &LuaValue)>) -> Result<(), ConversionError> {
        let Some((position, value)) = argument else {
            self.values.push(Value::Nil);
            self.drafts.push(Draft::default());
            return Ok(());
        };
        let is_later = self.access.later(position);
        let mut draft = Draft { position: Some(position + 1), is_later, ..Draft::default() };
        let converted = self.convert(index, value, &mut draft);
        self.drafts.push(draft);
        let converted = converted.map_err(|error| self.located(index, error))?;
        self.values.push(converted);
        Ok(())
    }

    fn convert(&mut self, index: usize, value: &LuaValue, draft: &mut Draft) -> Result<Value, ConversionError> {
        let role = &self.plan.roles[index];
        match (role.passing, &role.target) {
            _ if draft.is_later => {
                to_wire(&self.prototype.parameters[index].conversion, value, self.space, self.access)
            }
            (Passing::In, Some(target)) if !value.is_userdata() => self.input(index, target, value, draft),
            (Passing::InOut, Some(target)) if !value.is_userdata() && !value.is_nil() => {
                let (bytes, held) = content::of_value(role, target, value, self.space, self.access)?;
                draft.content = Some(bytes);
                draft.held = held;
                Ok(Value::Nil)
            }
            _ => {
                draft.is_null = role.passing == Passing::InOut && value.is_nil();
                self.pointer(index, value, draft)
            }
        }
    }

    /// An argument that is only read: tables, and strings whose size is told, are lent.
    fn input(
        &mut self,
        index: usize,
        target: &Target,
        value: &LuaValue,
        draft: &mut Draft,
    ) -> Result<Value, ConversionError> {
        let role = &self.plan.roles[index];
        match (value, &role.extent) {
            (LuaValue::Table(_) | LuaValue::String(_), Some(_)) => {
                let (bytes, held) = content::of_value(role, target, value, self.space, self.access)?;
                draft.held = held;
                let zeros = if value.is_string() { target.bytes as usize } else { 0 };
                self.access.lend(&bytes, zeros)
            }
            (LuaValue::Table(table), None) => match &self.prototype.parameters[index].conversion {
                Conversion::Pointer { ctype, strings } => {
                    table_to_wire((ctype, *strings), table, self.space, self.access)
                }
                other => to_wire(other, value, self.space, self.access),
            },
            _ => self.pointer(index, value, draft),
        }
    }

    /// An argument as without annotations. What an object has, its extent must not go beyond.
    fn pointer(&mut self, index: usize, value: &LuaValue, draft: &mut Draft) -> Result<Value, ConversionError> {
        let role = &self.plan.roles[index];
        let converted = to_wire(&self.prototype.parameters[index].conversion, value, self.space, self.access)?;
        if converted == Value::Nil && !role.takes_nil {
            return Err(nil_refused(role));
        }
        let Some(extent) = &role.extent else { return Ok(converted) };
        let there = cdata::of(value).and_then(|cdata| cdata.bytes_there());
        draft.held = there.map(|bytes| Held { count: bytes / extent.unit, is_terminated: false });
        Ok(converted)
    }

    /// Makes room for what the function writes, and tells what is to come back; nothing where a pointer is given.
    fn make_room(&mut self, index: usize) -> Result<Option<Room>, ConversionError> {
        let role = &self.plan.roles[index];
        let draft = &mut self.drafts[index];
        if draft.content.is_some() {
            // The room is as large as it must be, whatever it begins with.
            draft.held = None;
        }
        if draft.is_null {
            return Ok(Some(Room { index, address: 0, capacity: 0 }));
        }
        let is_written = role.passing == Passing::Out && draft.position.is_none();
        let content = match draft.content.take() {
            Some(content) => content,
            None if is_written => Vec::new(),
            None => return Ok(None),
        };
        let Some(target) = &role.target else { return Ok(None) };
        let room = self.room(index, role, target, &content).map_err(|error| self.located(index, error))?;
        self.values[self.first + index] = Value::Integer(room.address as i64);
        Ok(Some(room))
    }

    fn room(&mut self, index: usize, role: &Role, target: &Target, content: &[u8]) -> Result<Room, ConversionError> {
        let (unit, capacity) = match &role.extent {
            Some(extent) => (extent.unit, self.capacity(role, extent)?),
            None if role.is_terminated && role.passing == Passing::InOut => {
                (target.bytes, content.len() as u64 / target.bytes + 1)
            }
            None => (target.bytes, 1),
        };
        let bytes = capacity.checked_mul(unit).and_then(|bytes| usize::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| ConversionError::new(ErrorKind::Memory, "there is no memory for so much"))?;
        let Some(zeros) = bytes.checked_sub(content.len()) else {
            let held = content.len() as u64 / unit;
            let counted =
                |count: u64| role.extent.as_ref().map_or(String::new(), |extent| extent.counted(target, count));
            let reason = format!("{} do not fit: '{}' makes room for {capacity}", counted(held), role.annotation);
            return Err(ConversionError::new(ErrorKind::Range, reason));
        };
        let address = self.access.lend_room(content, zeros)?;
        Ok(Room { index, address, capacity })
    }

    /// How much room an annotation asks for, in what it counts.
    fn capacity(&mut self, role: &Role, extent: &Extent) -> Result<u64, ConversionError> {
        match self.sizes().of(&extent.capacity)? {
            Some(capacity) if capacity >= 0 => Ok(capacity.unsigned_abs()),
            Some(negative) => {
                let reason = format!("how much room '{}' asks for would be {negative}", role.annotation);
                Err(ConversionError::new(ErrorKind::Range, reason))
            }
            None => {
                let reason = format!("how much room '{}' asks for is not known with these arguments", role.annotation);
                Err(ConversionError::new(ErrorKind::Type, reason))
            }
        }
    }

    /// What is passed must have as much as the annotation says.
    fn check_capacity(&mut self, index: usize) -> Result<(), ConversionError> {
        let role = &self.plan.roles[index];
        let (Some(extent), Some(target), Some(held)) = (&role.extent, &role.target, self.drafts[index].held) else {
            return Ok(());
        };
        let Some(wanted) = self.sizes().of(&extent.capacity)?.and_then(|wanted| u64::try_from(wanted).ok()) else {
            return Ok(());
        };
        let zero = if held.is_terminated { target.bytes / extent.unit } else { 0 };
        if wanted <= held.count + zero {
            return Ok(());
        }
        let there = extent.counted(target, held.count);
        let reason = format!("it has {there}, and '{}' says {wanted}", role.annotation);
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

    /// The parameters whose values take their places in the worker.
    fn unknown(&self) -> Vec<usize> {
        self.drafts.iter().enumerate().filter(|(_, draft)| draft.is_later).map(|(index, _)| index).collect()
    }

    /// What is wrong with an argument, with its place.
    fn located(&self, index: usize, error: ConversionError) -> ConversionError {
        let Parameter { text, .. } = &self.prototype.parameters[index];
        match self.drafts[index].position {
            Some(position) => error.within(format!("argument {position} ({text})")),
            None => error.within(format!("'{text}'")),
        }
    }
}

#[cold]
fn nil_refused(role: &Role) -> ConversionError {
    let reason =
        format!("'{}' says that NULL will not do, so nil is refused; the '_opt_' forms allow it", role.annotation);
    ConversionError::new(ErrorKind::Type, reason)
}
