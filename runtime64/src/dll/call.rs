//! Calls: arguments out, a result back.

use std::sync::Arc;
use std::time::Instant;

use mlua::{AnyUserData, Lua, MultiValue, Value as LuaValue};
use protocol::{FailureRule, Invoke, Outcome, SetErrors, Type, Value, limits};

use super::callback::{self, Ended};
use super::cdata::Cdata;
use super::describe::describe;
use super::memory::{Access, Owner, owner};
use super::mismatch::Mismatch;
use super::types::{Conversion, Ctype, Prototype, Strings};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, RemoteError, Session, Worker};

mod annotated;
mod batch;
mod convert;
mod function;
mod future;
mod pointer;
mod result;
mod variadic;

use annotated::Expected;
pub(super) use batch::batch;
pub(super) use convert::{argument_to_lua, to_wire};
pub(super) use function::Function;
pub(super) use future::{Orphans, start, wait_all};
pub(super) use pointer::at_address;

/// How memory is aligned that is lent for the length of a call: as `malloc` aligns it.
const ROOM_ALIGN: u64 = 16;

/// Something that can be called.
trait Callee {
    /// How it is called.
    fn prototype(&self) -> &Prototype;

    /// Where it lies.
    fn worker(&self) -> &Arc<Worker>;

    /// Its name, or what stands for one, in messages.
    fn name(&self) -> String;

    /// What it takes, as C, in messages.
    fn declaration(&self) -> String;

    /// The running worker that it can be called in.
    fn session(&self) -> Result<Session<'_>, Error>;

    /// The worker's id for it, and the address where that does not tell it. `further` are the types of the arguments beyond
    /// the parameters, none for functions without such.
    fn prepared(&self, session: &mut Session<'_>, further: &[Type]) -> Result<(u32, u64), Error>;

    /// Keeps the error numbers that the call left.
    fn remember(&self, lua: &Lua, outcome: &Outcome);

    /// What a failure of the worker means.
    fn failure(&self, error: RemoteError) -> Error;

    /// The error with the place it happened in.
    fn located(&self, error: Error) -> Error;

    /// Which of its results say that it failed.
    fn failure_rule(&self) -> FailureRule {
        FailureRule::Never
    }
}

/// How one call is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// When the worker is ended if the call has not returned.
    pub(super) deadline: Option<Instant>,
    /// Which results say that it failed, if not those that the function's own rule names.
    pub(super) rule: Option<FailureRule>,
}

/// Calls it.
fn call(callee: &impl Callee, lua: &Lua, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    call_with(callee, lua, arguments, Options::default())
}

/// Calls it in a certain way.
fn call_with<C: Callee + ?Sized>(
    callee: &C,
    lua: &Lua,
    arguments: &MultiValue,
    options: Options,
) -> mlua::Result<MultiValue> {
    let rule = options.rule.unwrap_or_else(|| callee.failure_rule());
    let mut called = Called::new(callee.session()?, callee.worker());
    let ready = called.prepare(callee, arguments)?;
    if let FailureRule::LastError | FailureRule::Errno = rule {
        let cleared = SetErrors { errno: Some(0), last_error: Some(0) };
        called.session.call(&cleared).map_err(|error| callee.failure(error))?;
    }
    let limit = options.deadline.and_then(|at| called.session.limit(at));
    let Called { session, owner, callbacks, .. } = called;
    let ended = callback::converse(lua, callee.worker(), &owner, session, &ready.request(), options.deadline);
    drop(limit);
    drop(callbacks);
    let Ended { session: Some(mut session), reply: Ok(outcome), raised } = ended else {
        return Err(lost(callee, ended));
    };
    session.give_back(ready.values);
    callee.remember(lua, &outcome);
    let stored = result::stored(callee, &ready.rooms, &outcome, &mut session)?;
    if rule.holds(&outcome) && raised.is_none() {
        return Err(result::failed(callee, &outcome, rule, &mut session).into());
    }
    drop(session);
    match raised {
        Some(error) => Err(error),
        None => result::to_lua(callee, lua, &owner, outcome, stored),
    }
}

/// Why a call has no result. If the worker ended meanwhile, what a callback met first is the cause; otherwise it is told
/// beside the failure.
#[cold]
fn lost<C: Callee + ?Sized>(callee: &C, ended: Ended<'_, Outcome>) -> mlua::Error {
    let error = ended.reply.err().unwrap_or(RemoteError::EndedMeanwhile);
    match (error, ended.raised) {
        (RemoteError::EndedMeanwhile, Some(raised)) => raised,
        (error, None) => callee.failure(error).into(),
        (error, Some(raised)) => {
            callee.failure(error).with_detail(format!("a callback had failed before: {raised}")).into()
        }
    }
}

/// Puts the arguments into `values` as they travel, and the types of those beyond the parameters into `further`, or gives an
/// error that names function, parameter and value. Tells what annotations have come back beside the result.
fn convert_all<C: Callee + ?Sized>(
    callee: &C,
    arguments: &MultiValue,
    called: &mut Called<'_>,
    (values, further): (&mut Vec<Value>, &mut Vec<Type>),
) -> Result<Option<Expected>, Error> {
    let prototype = callee.prototype();
    let parameters = &prototype.parameters;
    let given = prototype.arguments(arguments.len()).ok_or_else(|| wrong_count(callee, arguments.len()))?;
    if arguments.len() > limits::ARGUMENTS {
        let message = format!("{}: {} arguments are more than {}", callee.name(), arguments.len(), limits::ARGUMENTS);
        return Err(callee.located(Error::new(ErrorKind::Range, message)));
    }
    let refused = |index: usize, what: &str, mismatch: Mismatch| {
        callee.located(mismatch.at(format_args!("{}: argument {} ({what})", callee.name(), index + 1)))
    };
    let owner = &called.owner.clone();
    let mut expected = None;
    if let Some(plan) = &prototype.plan {
        let expanded = annotated::expand(prototype, plan, (given, arguments), owner, called, values);
        expected = Some(expanded.map_err(|mismatch| callee.located(mismatch.at(callee.name())))?);
    } else {
        for (index, (parameter, value)) in parameters.iter().zip(arguments).enumerate() {
            let converted = to_wire(&parameter.conversion, value, owner, called);
            values.push(converted.map_err(|mismatch| refused(index, &parameter.text, mismatch))?);
        }
    }
    for (index, value) in arguments.iter().enumerate().skip(parameters.len()) {
        let converted = variadic::to_wire(value, prototype.encoding, owner, called);
        let (value, ty) = converted.map_err(|mismatch| refused(index, "...", mismatch))?;
        values.push(value);
        further.push(ty);
    }
    Ok(expected)
}

#[cold]
fn wrong_count<C: Callee + ?Sized>(callee: &C, given: usize) -> Error {
    let prototype = callee.prototype();
    let count = prototype.parameters.len();
    let plural = if count == 1 { "" } else { "s" };
    let least = if prototype.is_variadic { "at least " } else { "" };
    let shorter = prototype.plan.as_ref().map(|plan| annotated::shorter_forms(prototype, plan)).unwrap_or_default();
    let message = format!("{} takes {least}{count} argument{plural}{shorter}, {given} given", callee.declaration());
    callee.located(Error::new(ErrorKind::Type, message))
}

/// A call that is being prepared: the worker that it is made in, held, and what was lent to it.
struct Called<'a> {
    session: Session<'a>,
    owner: Owner,
    /// The callbacks that live as long as the call.
    callbacks: callback::Lent,
    /// The memory that is lent, where the call outlives the session.
    kept: Option<Vec<Allocation>>,
    /// Which arguments are results of earlier calls that travel together with this one, from 0.
    later: Vec<usize>,
}

/// A call whose arguments travel as they are here.
struct Ready {
    function: u32,
    address: u64,
    values: Vec<Value>,
    rooms: Rooms,
}

/// Where a call puts what does not come with its answer.
#[derive(Debug, Default)]
struct Rooms {
    /// The result, if it is a record.
    record: u64,
    /// What annotated parameters lead to.
    expected: Option<Expected>,
}

impl Ready {
    fn request(&self) -> Invoke<'_> {
        Invoke { function: self.function, address: self.address, arguments: &self.values }
    }
}

impl<'a> Called<'a> {
    fn new(session: Session<'a>, worker: &Arc<Worker>) -> Self {
        let owner = owner(worker, &session);
        Self { session, owner, callbacks: callback::Lent::default(), kept: None, later: Vec::new() }
    }

    /// The same for a call that outlives the session.
    fn outliving(session: Session<'a>, worker: &Arc<Worker>) -> Self {
        Self { kept: Some(Vec::new()), ..Self::new(session, worker) }
    }

    /// Converts the arguments, and finds the function.
    #[inline]
    fn prepare<C: Callee + ?Sized>(&mut self, callee: &C, arguments: &MultiValue) -> Result<Ready, Error> {
        let values = self.session.take_arguments();
        self.prepare_in(callee, arguments, values)
    }

    /// The same, for one of several calls that travel together.
    fn prepare_held(&mut self, callee: &dyn Callee, arguments: &MultiValue) -> Result<Ready, Error> {
        self.prepare_in(callee, arguments, Vec::with_capacity(arguments.len()))
    }

    #[inline]
    fn prepare_in<C: Callee + ?Sized>(
        &mut self,
        callee: &C,
        arguments: &MultiValue,
        mut values: Vec<Value>,
    ) -> Result<Ready, Error> {
        let record = self.make_room(&callee.prototype().result, &mut values);
        let record = record.map_err(|mismatch| callee.located(mismatch.at(callee.name())))?;
        let mut further = Vec::new();
        let expected = convert_all(callee, arguments, self, (&mut values, &mut further))?;
        let (function, address) = callee.prepared(&mut self.session, &further).map_err(Error::before_start)?;
        Ok(Ready { function, address, values, rooms: Rooms { record, expected } })
    }

    /// Makes room that lasts as long as the call.
    fn lend_room(&mut self, bytes: &[u8], zeros: usize) -> Result<u64, Mismatch> {
        let lent = match &mut self.kept {
            None => self.session.lend_room(bytes, zeros),
            Some(kept) => {
                let length = bytes.len() as u64 + zeros as u64;
                self.session.allocate_lasting(&self.owner.worker, length, ROOM_ALIGN).and_then(|memory| {
                    let address = memory.address();
                    self.session.write(address, bytes)?;
                    kept.push(memory);
                    Ok(address)
                })
            }
        };
        lent.map_err(|error| Mismatch::from_remote(&error))
    }

    /// Makes room for a result that is a record, whose address comes before the arguments.
    #[inline]
    fn make_room(&mut self, result: &Conversion, values: &mut Vec<Value>) -> Result<u64, Mismatch> {
        let Conversion::Record { ctype, .. } = result else { return Ok(0) };
        let room = self.lend_room(&[], ctype.bytes()? as usize)?;
        values.push(Value::Integer(room as i64));
        Ok(room)
    }
}

impl Access for Called<'_> {
    fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, Mismatch> {
        if self.kept.is_some() {
            return self.lend_room(bytes, zeros).map(|address| Value::Integer(address as i64));
        }
        self.session.lend(bytes, zeros).map_err(|error| Mismatch::from_remote(&error))
    }

    fn lend_room(&mut self, bytes: &[u8], zeros: usize) -> Result<u64, Mismatch> {
        Called::lend_room(self, bytes, zeros)
    }

    fn later(&self, position: usize) -> bool {
        self.later.contains(&position)
    }

    fn lend_text(&mut self, text: &[u8], pointer: &Ctype) -> Result<u64, Mismatch> {
        let strings = Strings::of(pointer);
        match convert::string_to_wire(text, strings, self)? {
            Value::Integer(address) => Ok(address as u64),
            Value::Bytes(bytes) => self.lend_room(&bytes, 0),
            _ => Ok(0),
        }
    }

    fn callback(&mut self, function: &mlua::Function, pointer: &Ctype, owner: &Owner) -> Result<u64, Mismatch> {
        self.callbacks.lend(&mut self.session, function, pointer, owner)
    }

    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), Mismatch> {
        memory.read_in(&mut self.session, offset, into).map_err(|error| Mismatch::from_remote(&error))
    }

    fn read_foreign(&mut self, owner: &Owner, address: u64, into: &mut [u8]) -> Result<(), Mismatch> {
        if !self.session.is_of(&owner.worker) || self.session.generation() != owner.generation {
            return Err(Mismatch::new(ErrorKind::Stale, "it lies in the memory of another worker"));
        }
        self.session.read(address, into).map_err(|error| Mismatch::from_remote(&error))
    }
}

/// Calls a function of a library, or through a pointer, in a certain way.
pub(super) fn call_value(
    lua: &Lua,
    function: &LuaValue,
    arguments: &MultiValue,
    options: Options,
) -> mlua::Result<MultiValue> {
    with_callee(function, |callee| call_with(callee, lua, arguments, options))?
}

/// Does something with what can be called.
fn with_callee<R>(function: &LuaValue, act: impl FnOnce(&dyn Callee) -> R) -> Result<R, Error> {
    if let LuaValue::UserData(userdata) = function {
        if let Ok(function) = userdata.borrow::<Function>() {
            return Ok(act(&*function));
        }
        if let Ok(cdata) = userdata.borrow::<Cdata>() {
            let cdata = cdata.clone();
            return pointer::with_target(&cdata, |target| act(target));
        }
    }
    let message = format!("a function of a library, or a pointer to one, is needed, not {}", describe(function));
    Err(Error::new(ErrorKind::Type, message))
}

/// Whether a value is a function of a library.
pub(super) fn is_function(value: &LuaValue) -> bool {
    matches!(value, LuaValue::UserData(userdata) if userdata.is::<Function>())
}

/// The type of a function of a library; nothing for other userdata.
pub(super) fn type_of(userdata: &AnyUserData) -> Option<Arc<c::FunctionType>> {
    userdata.borrow::<Function>().ok().map(|function| Arc::clone(function.ty()))
}

/// The name of a function of a library; nothing for other userdata.
pub(super) fn name_of(userdata: &AnyUserData) -> Option<String> {
    userdata.borrow::<Function>().ok().map(|function| function.name())
}

/// The address of a function of a library as a pointer to a function of that type; nothing for other userdata.
pub(super) fn address_of(userdata: &AnyUserData, needed: &Ctype, owner: &Owner) -> Result<Option<u64>, Mismatch> {
    let Ok(function) = userdata.borrow::<Function>() else { return Ok(None) };
    let own = c::Type::Function(Arc::clone(function.ty()));
    let target = needed.ty.pointee().unwrap_or(&needed.ty);
    if !target.is_void() && *target.resolve() != own {
        let reason = format!("{} is needed, not {}; dll.cast converts, if you know that it is right", needed.ty, own);
        return Err(Mismatch::new(ErrorKind::Type, reason));
    }
    function.address_in(owner).map(Some)
}

/// The address of a function of a library in the worker that runs now, and whose it is; nothing for other userdata.
pub(super) fn resolved(userdata: &AnyUserData) -> Result<Option<(u64, Owner)>, Error> {
    match userdata.borrow::<Function>() {
        Ok(function) => function.resolve().map(Some),
        Err(_) => Ok(None),
    }
}

/// What C data that is no function has to say to a call.
fn not_callable(cdata: &Cdata) -> Error {
    let message = format!(
        "{}: it cannot be called; only functions, pointers to them, and structs whose metatype has __call can",
        cdata.ctype.ty
    );
    Error::new(ErrorKind::Type, message)
}
