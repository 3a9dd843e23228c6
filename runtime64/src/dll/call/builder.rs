//! Preparation of a call: message values of its arguments, and the memory and callbacks lent to the worker.

use mlua::MultiValue;
use protocol::{Invoke, Type, Value, limits};

use super::annotated::{self, ExpectedOutputs};
use super::{CallTarget, variadic};
use crate::dll::address_space::AddressSpace;
use crate::dll::callback_registry::LentCallbacks;
use crate::dll::conversion_error::ConversionError;
use crate::dll::marshal;
use crate::dll::memory::Access;
use crate::dll::types::{Conversion, Ctype, Strings};
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, Session};

/// The alignment of memory lent for a call, as with `malloc`.
const ROOM_ALIGN: u64 = 16;

/// A call being prepared: the session of its worker, and everything lent for it.
pub(super) struct CallBuilder<'a> {
    pub(super) session: Session<'a>,
    pub(super) space: &'a AddressSpace,
    /// The callbacks made for the call.
    pub(super) callbacks: LentCallbacks,
    /// The lent memory, if the call outlives the session.
    pub(super) kept: Option<Vec<Allocation>>,
    /// The positions, from 0, of arguments that are results of earlier calls in the same batch.
    pub(super) pending: Vec<usize>,
}

/// A call with converted arguments.
pub(super) struct PreparedCall {
    pub(super) function: u32,
    pub(super) address: u64,
    pub(super) values: Vec<Value>,
    pub(super) out_buffers: OutBuffers,
}

/// The buffers for outputs other than a plain result.
#[derive(Debug, Default)]
pub(super) struct OutBuffers {
    /// The address for the result, if that is a record.
    pub(super) record: u64,
    /// The outputs of annotated parameters.
    pub(super) expected: Option<ExpectedOutputs>,
}

impl PreparedCall {
    pub(super) fn request(&self) -> Invoke<'_> {
        Invoke { function: self.function, address: self.address, arguments: &self.values }
    }
}

impl<'a> CallBuilder<'a> {
    pub(super) fn new(session: Session<'a>, space: &'a AddressSpace) -> Self {
        Self { session, space, callbacks: LentCallbacks::default(), kept: None, pending: Vec::new() }
    }

    /// Like [`new`](Self::new), for a call that outlives the session.
    pub(super) fn outliving(session: Session<'a>, space: &'a AddressSpace) -> Self {
        Self { kept: Some(Vec::new()), ..Self::new(session, space) }
    }

    /// Converts the arguments, and prepares the function in the worker.
    #[inline]
    pub(super) fn prepare(&mut self, callee: &CallTarget<'_>, arguments: &MultiValue) -> Result<PreparedCall, Error> {
        let values = self.session.take_arguments();
        self.prepare_in(callee, arguments, values)
    }

    /// Like [`prepare`](Self::prepare), for one of several calls in one message.
    pub(super) fn prepare_held(
        &mut self,
        callee: &CallTarget<'_>,
        arguments: &MultiValue,
    ) -> Result<PreparedCall, Error> {
        self.prepare_in(callee, arguments, Vec::with_capacity(arguments.len()))
    }

    #[inline]
    fn prepare_in(
        &mut self,
        callee: &CallTarget<'_>,
        arguments: &MultiValue,
        mut values: Vec<Value>,
    ) -> Result<PreparedCall, Error> {
        let record = self.make_room(&callee.prototype.result, &mut values);
        let record = record.map_err(|error| callee.located(error.at(callee.name())))?;
        let mut further = Vec::new();
        let expected = convert_all(callee, arguments, self, (&mut values, &mut further))?;
        let (function, address) = callee.prepared(&mut self.session, &further).map_err(Error::before_start)?;
        Ok(PreparedCall { function, address, values, out_buffers: OutBuffers { record, expected } })
    }

    /// Lends memory for the duration of the call.
    fn lend_room(&mut self, bytes: &[u8], zeros: usize) -> Result<u64, ConversionError> {
        let lent = match &mut self.kept {
            None => self.session.lend_room(bytes, zeros),
            Some(kept) => {
                let length = bytes.len() as u64 + zeros as u64;
                self.session.allocate_lasting(&self.space.worker, length, ROOM_ALIGN).and_then(|memory| {
                    let address = memory.address();
                    self.session.write(address, bytes)?;
                    kept.push(memory);
                    Ok(address)
                })
            }
        };
        lent.map_err(|error| ConversionError::from_remote(&error))
    }

    /// Lends a buffer for a result that is a record; its address precedes the arguments.
    #[inline]
    fn make_room(&mut self, result: &Conversion, values: &mut Vec<Value>) -> Result<u64, ConversionError> {
        let Conversion::Record { ctype, .. } = result else { return Ok(0) };
        let room = self.lend_room(&[], ctype.bytes()? as usize)?;
        values.push(Value::Integer(room as i64));
        Ok(room)
    }
}

impl Access for CallBuilder<'_> {
    fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, ConversionError> {
        if self.kept.is_some() {
            return self.lend_room(bytes, zeros).map(|address| Value::Integer(address as i64));
        }
        self.session.lend(bytes, zeros).map_err(|error| ConversionError::from_remote(&error))
    }

    fn lend_room(&mut self, bytes: &[u8], zeros: usize) -> Result<u64, ConversionError> {
        CallBuilder::lend_room(self, bytes, zeros)
    }

    fn is_pending(&self, position: usize) -> bool {
        self.pending.contains(&position)
    }

    fn lend_text(&mut self, text: &[u8], pointer: &Ctype) -> Result<u64, ConversionError> {
        let strings = Strings::of(pointer);
        match marshal::string_to_wire(text, strings, self)? {
            Value::Integer(address) => Ok(address as u64),
            Value::Bytes(bytes) => self.lend_room(&bytes, 0),
            _ => Ok(0),
        }
    }

    fn callback(
        &mut self,
        function: &mlua::Function,
        pointer: &Ctype,
        space: &AddressSpace,
    ) -> Result<u64, ConversionError> {
        self.callbacks.lend(&mut self.session, function, pointer, space)
    }

    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), ConversionError> {
        memory.read_in(&mut self.session, offset, into).map_err(|error| ConversionError::from_remote(&error))
    }

    fn read_foreign(&mut self, space: &AddressSpace, address: u64, into: &mut [u8]) -> Result<(), ConversionError> {
        if !self.session.is_of(&space.worker) || self.session.generation() != space.generation {
            return Err(ConversionError::new(ErrorKind::Stale, "it is in the memory of another worker"));
        }
        self.session.read(address, into).map_err(|error| ConversionError::from_remote(&error))
    }
}

/// Converts the arguments into `values`, and the types of those beyond the parameters into `further`. Returns the
/// expected outputs of annotated parameters. An error names function, parameter and value.
fn convert_all(
    callee: &CallTarget<'_>,
    arguments: &MultiValue,
    builder: &mut CallBuilder<'_>,
    (values, further): (&mut Vec<Value>, &mut Vec<Type>),
) -> Result<Option<ExpectedOutputs>, Error> {
    let prototype = callee.prototype;
    let parameters = &prototype.parameters;
    let given = prototype.arguments(arguments.len()).ok_or_else(|| wrong_count(callee, arguments.len()))?;
    if arguments.len() > limits::ARGUMENTS {
        let message =
            format!("{}: {} arguments exceed the limit of {}", callee.name(), arguments.len(), limits::ARGUMENTS);
        return Err(callee.located(Error::new(ErrorKind::Range, message)));
    }
    let refused = |index: usize, what: &str, error: ConversionError| {
        callee.located(error.at(format_args!("{}: argument {} ({what})", callee.name(), index + 1)))
    };
    let space = builder.space;
    let mut expected = None;
    if let Some(plan) = &prototype.plan {
        let expanded = annotated::expand(prototype, plan, (given, arguments), space, builder, values);
        expected = Some(expanded.map_err(|error| callee.located(error.at(callee.name())))?);
    } else {
        for (index, (parameter, value)) in parameters.iter().zip(arguments).enumerate() {
            let converted = marshal::to_wire(&parameter.conversion, value, space, builder);
            values.push(converted.map_err(|error| refused(index, &parameter.text, error))?);
        }
    }
    for (index, value) in arguments.iter().enumerate().skip(parameters.len()) {
        let converted = variadic::to_wire(value, prototype.encoding, space, builder);
        let (value, ty) = converted.map_err(|error| refused(index, "...", error))?;
        values.push(value);
        further.push(ty);
    }
    Ok(expected)
}

#[cold]
fn wrong_count(callee: &CallTarget<'_>, given: usize) -> Error {
    let prototype = callee.prototype;
    let count = prototype.parameters.len();
    let plural = if count == 1 { "" } else { "s" };
    let least = if prototype.is_variadic { "at least " } else { "" };
    let shorter = prototype.plan.as_ref().map(|plan| annotated::shorter_forms(prototype, plan)).unwrap_or_default();
    let message = format!("{} takes {least}{count} argument{plural}{shorter}; got {given}", callee.declaration());
    callee.located(Error::new(ErrorKind::Type, message))
}
