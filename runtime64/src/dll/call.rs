//! Calls: arguments out, a result back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mlua::{AnyUserData, Lua, MultiValue, Value as LuaValue};
use protocol::{FailureRule, Outcome, SetErrors, Type};

use super::callback::{self, Ended};
use super::cdata::Cdata;
use super::companion::Companion;
use super::describe::{describe, describe_call};
use super::library::Library;
use super::memory::{Owner, owner};
use super::mismatch::Mismatch;
use super::types::{Ctype, Prototype};
use super::usage::Usage;
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::{RemoteError, Session, Worker};

mod annotated;
mod batch;
mod begin;
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
use begin::{Time, begin, enter, in_time, make_ready};
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
#[derive(Debug, Default)]
pub(super) struct Options {
    /// How long it may take, once its worker is ready for it.
    limit: Option<Duration>,
    /// Which results say that it failed, if not those that the function's own rule names.
    rule: Option<FailureRule>,
    /// When the call is to be over that was begun with these.
    deadline: Option<Instant>,
}

impl Options {
    pub(super) fn new(limit: Option<Duration>, rule: Option<FailureRule>) -> Self {
        Self { limit, rule, deadline: None }
    }

    /// Counts the call that was made and a pause after it, so that a further one has the rest of the time. Tells whether there is any.
    pub(super) fn go_on_after(&mut self, pause: Duration) -> bool {
        let Some(limit) = self.limit else { return true };
        // A call that could not be begun has taken no time.
        let left = match self.deadline.take() {
            Some(deadline) => deadline.saturating_duration_since(Instant::now() + pause),
            None => limit.saturating_sub(pause),
        };
        self.limit = Some(left);
        !left.is_zero()
    }
}

/// Calls it.
fn call(callee: &impl Callee, lua: &Lua, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    call_with(callee, lua, arguments, &mut Options::default())
}

/// Calls it in a certain way.
fn call_with<C: Callee + ?Sized>(
    callee: &C,
    lua: &Lua,
    arguments: &MultiValue,
    options: &mut Options,
) -> mlua::Result<MultiValue> {
    let rule = options.rule.unwrap_or_else(|| callee.failure_rule());
    let (session, time) = begin(callee, lua, options.limit.or(callee.worker().call_deadline()))?;
    options.deadline = time.deadline;
    let owner = owner(callee.worker(), &session);
    let mut called = Called::new(session, &owner);
    let ready = called.prepare(callee, arguments)?;
    if let FailureRule::LastError | FailureRule::Errno = rule {
        let cleared = SetErrors { errno: Some(0), last_error: Some(0) };
        called.session.call(&cleared).map_err(|error| callee.failure(error))?;
    }
    let begun = callee.of_library().and_then(|(_, usage)| usage.begin());
    let Called { session, callbacks, .. } = called;
    let mut ended = callback::converse(lua, callee.worker(), &owner, session, &ready.request(), time.deadline);
    drop(callbacks);
    in_time(time, &mut ended);
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
    options: &mut Options,
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
