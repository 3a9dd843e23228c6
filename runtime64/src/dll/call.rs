//! Calls: arguments out, a result back.

use std::sync::Arc;

use mlua::{AnyUserData, Lua, MultiValue, Value as LuaValue};
use protocol::{Outcome, Type, Value, limits};

use super::cdata::Cdata;
use super::memory::{Access, Owner, owner};
use super::mismatch::Mismatch;
use super::types::{Conversion, Ctype, Prototype};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, RemoteError, Session, Worker};

mod convert;
mod function;
mod pointer;
mod variadic;

pub(super) use function::Function;
pub(super) use pointer::at_address;

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
}

/// Calls it.
fn call(callee: &impl Callee, lua: &Lua, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    let prototype = callee.prototype();
    let mut session = callee.session()?;
    let owner = owner(callee.worker(), &session);
    let mut values = session.take_arguments();
    let mut further = Vec::new();
    convert_all(callee, arguments, &owner, &mut session, (&mut values, &mut further))?;
    let (function, address) = callee.prepared(&mut session, &further).map_err(Error::before_start)?;
    let outcome = session.invoke(function, address, &values);
    session.give_back(values);
    drop(session);
    let outcome = outcome.map_err(|error| callee.failure(error))?;
    callee.remember(lua, &outcome);
    if matches!(prototype.result, Conversion::Void) {
        return Ok(MultiValue::new());
    }
    let result = convert::to_lua(&prototype.result, lua, outcome.result, &owner)?;
    Ok(MultiValue::from_vec(vec![result]))
}

/// Puts the arguments into `values` as they travel, and the types of those beyond the parameters into `further`, or gives an
/// error that names function, parameter and value.
fn convert_all(
    callee: &impl Callee,
    arguments: &MultiValue,
    owner: &Owner,
    session: &mut Session<'_>,
    (values, further): (&mut Vec<Value>, &mut Vec<Type>),
) -> Result<(), Error> {
    let prototype = callee.prototype();
    let parameters = &prototype.parameters;
    let is_count_wrong = match prototype.is_variadic {
        true => arguments.len() < parameters.len(),
        false => arguments.len() != parameters.len(),
    };
    if is_count_wrong {
        return Err(wrong_count(callee, arguments.len()));
    }
    if arguments.len() > limits::ARGUMENTS {
        let message = format!("{}: {} arguments are more than {}", callee.name(), arguments.len(), limits::ARGUMENTS);
        return Err(callee.located(Error::new(ErrorKind::Range, message)));
    }
    let refused = |index: usize, what: &str, mismatch: Mismatch| {
        callee.located(mismatch.at(format_args!("{}: argument {} ({what})", callee.name(), index + 1)))
    };
    let mut access = Called(session);
    for (index, (parameter, value)) in parameters.iter().zip(arguments).enumerate() {
        let converted = convert::to_wire(&parameter.conversion, value, owner, &mut access);
        values.push(converted.map_err(|mismatch| refused(index, &parameter.text, mismatch))?);
    }
    for (index, value) in arguments.iter().enumerate().skip(parameters.len()) {
        let converted = variadic::to_wire(value, owner, &mut access);
        let (value, ty) = converted.map_err(|mismatch| refused(index, "...", mismatch))?;
        values.push(value);
        further.push(ty);
    }
    Ok(())
}

#[cold]
fn wrong_count(callee: &impl Callee, given: usize) -> Error {
    let prototype = callee.prototype();
    let count = prototype.parameters.len();
    let plural = if count == 1 { "" } else { "s" };
    let least = if prototype.is_variadic { "at least " } else { "" };
    let message = format!("{} takes {least}{count} argument{plural}, {given} given", callee.declaration());
    callee.located(Error::new(ErrorKind::Type, message))
}

/// What a call's arguments may need of the worker that is called.
struct Called<'a, 'b>(&'a mut Session<'b>);

impl Access for Called<'_, '_> {
    fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, Mismatch> {
        self.0.lend(bytes, zeros).map_err(|error| Mismatch::from_remote(&error))
    }

    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), Mismatch> {
        memory.read_in(self.0, offset, into).map_err(|error| Mismatch::from_remote(&error))
    }

    fn read_foreign(&mut self, owner: &Owner, address: u64, into: &mut [u8]) -> Result<(), Mismatch> {
        if !self.0.is_of(&owner.worker) || self.0.generation() != owner.generation {
            return Err(Mismatch::new(ErrorKind::Stale, "it lies in the memory of another worker"));
        }
        self.0.read(address, into).map_err(|error| Mismatch::from_remote(&error))
    }
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
