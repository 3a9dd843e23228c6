//! Calls: arguments out, a result back.

use std::sync::Arc;
use std::time::Instant;

use mlua::{AnyUserData, Lua, MultiValue, Value as LuaValue};
use protocol::{FailureRule, Outcome, SetErrors, Type};

use super::callback::{self, Ended};
use super::cdata::Cdata;
use super::companion::Companion;
use super::describe::{describe, describe_call};
use super::hook;
use super::isolate;
use super::library::Library;
use super::memory::{Owner, owner};
use super::mismatch::Mismatch;
use super::types::{Ctype, Prototype};
use super::usage::Usage;
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::{Deadline, RemoteError, Session, Worker};

mod annotated;
mod batch;
mod called;
mod convert;
mod function;
mod future;
mod orphans;
mod pointer;
mod result;
mod variadic;
mod waiting;

pub(super) use batch::batch;
use called::{Called, Ready, Rooms};
pub(super) use convert::{argument_to_lua, to_wire};
pub(super) use function::Function;
pub(super) use future::start;
pub(super) use orphans::Orphans;
pub(super) use pointer::at_address;
pub(super) use waiting::{rest, wait_all, wait_any};

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
    fn remember(&self, outcome: &Outcome) {
        if let Some(companion) = Companion::of(self.worker()) {
            companion.error_numbers.set(outcome.errno, outcome.last_error);
        }
    }

    /// The library that is called, if it is known, and what is counted of the function.
    fn of_library(&self) -> Option<(&Library, &Usage)> {
        None
    }

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
    let deadline = options.deadline.or_else(|| due(callee.worker()));
    let (session, limit) = begin(callee, lua, deadline)?;
    let owner = owner(callee.worker(), &session);
    let mut called = Called::new(session, &owner);
    let ready = called.prepare(callee, arguments)?;
    if let FailureRule::LastError | FailureRule::Errno = rule {
        let cleared = SetErrors { errno: Some(0), last_error: Some(0) };
        called.session.call(&cleared).map_err(|error| callee.failure(error))?;
    }
    let begun = callee.of_library().and_then(|(_, usage)| usage.begin());
    let Called { session, callbacks, .. } = called;
    let mut ended = callback::converse(lua, callee.worker(), &owner, session, &ready.request(), deadline);
    drop(callbacks);
    in_time(limit, &mut ended);
    let Ended { session: Some(mut session), reply: Ok(outcome), raised } = ended else {
        return Err(lost(callee, arguments, ended));
    };
    if let Some((library, usage)) = callee.of_library() {
        usage.end(begun);
        library.returned();
    }
    session.give_back(ready.values);
    callee.remember(&outcome);
    let stored = result::stored(callee, &ready.rooms, &outcome, &mut session)?;
    if rule.holds(&outcome) && raised.is_none() {
        if let Some((_, usage)) = callee.of_library() {
            usage.fail();
        }
        return Err(result::failed(callee, &outcome, rule, &mut session).into());
    }
    drop(session);
    match raised {
        Some(error) => Err(error),
        None => result::to_lua(callee, lua, &owner, outcome, stored),
    }
}

/// When a call that begins now is to be over, if its worker has a limit.
fn due(worker: &Worker) -> Option<Instant> {
    worker.call_deadline().map(|limit| Instant::now() + limit)
}

/// How often a call is begun anew whose worker is restarted again while what is to be done after a restart is done.
const RESTARTS: u32 = 3;

/// The worker that a call is made in, and the plan for its end: a library that is left alone is not called, and what is to be
/// done after a restart is done before. All of it is part of the call's time.
#[inline]
fn begin<'a, C: Callee + ?Sized>(
    callee: &'a C,
    lua: &Lua,
    deadline: Option<Instant>,
) -> mlua::Result<(Session<'a>, Option<Deadline>)> {
    let library = callee.of_library().map(|(library, _)| library);
    if let Some(library) = library {
        library.admit()?;
    }
    let mut session = callee.session()?;
    let mut limit = deadline.and_then(|at| session.limit(at));
    let Some(library) = library else { return Ok((session, limit)) };
    for _ in 0..RESTARTS {
        if !session.take_restarted() {
            break;
        }
        drop(session);
        hook::within(lua, deadline, || isolate::restarted(lua, library))?;
        session = callee.session()?;
        drop(limit);
        limit = deadline.and_then(|at| session.limit(at));
    }
    if library.worker().is_recycled()
        && let Some(companion) = Companion::of(library.worker())
    {
        companion.orphans.bury(&mut session);
    }
    Ok((session, limit))
}

/// Makes the answer of a call that came too late what it is: its worker is being ended.
fn in_time<R>(limit: Option<Deadline>, ended: &mut Ended<'_, R>) {
    if limit.is_some_and(Deadline::take_back)
        && ended.reply.is_ok()
        && let Some(mut session) = ended.session.take()
    {
        ended.reply = Err(session.expired());
    }
}

/// Why a call has no result. If the worker ended meanwhile, what a callback met first is the cause; otherwise it is told
/// beside the failure.
#[cold]
fn lost<C: Callee + ?Sized>(callee: &C, arguments: &MultiValue, ended: Ended<'_, Outcome>) -> mlua::Error {
    let error = ended.reply.err().unwrap_or(RemoteError::EndedMeanwhile);
    match (error, ended.raised) {
        (RemoteError::EndedMeanwhile, Some(raised)) => raised,
        (error, raised) => {
            let failure = callee.failure(error).in_call(|| describe_call(&callee.name(), arguments));
            match raised {
                None => failure.into(),
                Some(raised) => failure.with_detail(format!("a callback had failed before: {raised}")).into(),
            }
        }
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
