//! Calls of functions: arguments, the exchange with the worker, results.

use std::time::{Duration, Instant};

use mlua::{Lua, MetaMethod, MultiValue, UserData, UserDataMethods, Value as LuaValue};
use protocol::{FailureRule, Outcome, SetErrors};

use super::address_space::AddressSpace;
use super::cdata::Cdata;
use super::describe::describe_call;
use super::library::Function;
use crate::remote::RemoteError;

mod annotated;
mod batch;
mod begin;
mod builder;
mod exchange;
mod future;
mod restart;
mod result;
mod target;
mod variadic;
mod waiting;

pub(super) use batch::batch;
use begin::{CallTime, begin, enter, in_time, make_ready};
use builder::{CallBuilder, OutBuffers, PreparedCall};
use exchange::{ExchangeOutcome, converse};
pub(super) use exchange::{poll, serve_waiting};
pub(super) use future::start;
use target::{CallTarget, with_target};
pub(super) use waiting::{rest, wait_all, wait_any};

/// The options of one call, and the state of its deadline.
#[derive(Debug, Default)]
pub(super) struct CallSettings {
    /// The timeout, from the moment the worker is ready for the call.
    limit: Option<Duration>,
    /// The rule for failed results, instead of the function's own.
    rule: Option<FailureRule>,
    /// The deadline of the call made last with these options.
    deadline: Option<Instant>,
}

impl CallSettings {
    pub(super) fn new(limit: Option<Duration>, rule: Option<FailureRule>) -> Self {
        Self { limit, rule, deadline: None }
    }

    /// Subtracts the time of the last call and of a pause after it from the timeout, for another attempt. Returns
    /// whether any time is left.
    pub(super) fn go_on_after(&mut self, pause: Duration) -> bool {
        let Some(limit) = self.limit else { return true };
        // A call that could not begin has taken no time.
        let left = match self.deadline.take() {
            Some(deadline) => deadline.saturating_duration_since(Instant::now() + pause),
            None => limit.saturating_sub(pause),
        };
        self.limit = Some(left);
        !left.is_zero()
    }
}

/// Calls the function with default options.
fn call(callee: &CallTarget<'_>, lua: &Lua, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    call_with(callee, lua, arguments, &mut CallSettings::default())
}

/// Calls the function.
fn call_with(
    callee: &CallTarget<'_>,
    lua: &Lua,
    arguments: &MultiValue,
    options: &mut CallSettings,
) -> mlua::Result<MultiValue> {
    let rule = options.rule.unwrap_or_else(|| callee.failure_rule());
    let (session, time) = begin(callee, lua, options.limit.or(callee.worker.call_deadline()))?;
    options.deadline = time.deadline;
    let space = AddressSpace::of(callee.worker, &session);
    let mut builder = CallBuilder::new(session, &space);
    let ready = builder.prepare(callee, arguments)?;
    if let FailureRule::LastError | FailureRule::Errno = rule {
        let cleared = SetErrors { errno: Some(0), last_error: Some(0) };
        builder.session.call(&cleared).map_err(|error| callee.failure(error))?;
    }
    let begun = callee.function().and_then(|function| function.function_stats().begin());
    let CallBuilder { session, callbacks, .. } = builder;
    let mut ended = converse(lua, callee.worker, &space, session, &ready.request(), time.deadline);
    drop(callbacks);
    in_time(time, &mut ended);
    let ExchangeOutcome { session: Some(mut session), reply: Ok(outcome), raised } = ended else {
        return Err(lost(callee, arguments, ended));
    };
    if let Some(function) = callee.function() {
        function.function_stats().end(begun);
        function.library().returned();
    }
    session.give_back(ready.values);
    callee.remember(&outcome);
    let stored = result::stored(callee, &ready.out_buffers, &outcome, &mut session)?;
    if rule.holds(&outcome) && raised.is_none() {
        if let Some(function) = callee.function() {
            function.function_stats().fail();
        }
        return Err(result::failed(callee, &outcome, rule, &mut session).into());
    }
    drop(session);
    match raised {
        Some(error) => Err(error),
        None => result::to_lua(callee, lua, &space, outcome, stored),
    }
}

/// The error of a call without a result. If the worker exited meanwhile, the first error of a callback is the cause;
/// otherwise that error is added to the failure as a detail.
#[cold]
fn lost(callee: &CallTarget<'_>, arguments: &MultiValue, ended: ExchangeOutcome<'_, Outcome>) -> mlua::Error {
    let error = ended.reply.err().unwrap_or(RemoteError::EndedMeanwhile);
    match (error, ended.raised) {
        (RemoteError::EndedMeanwhile, Some(raised)) => raised,
        (error, raised) => {
            let failure = callee.failure(error).in_call(|| describe_call(&callee.name(), arguments));
            match raised {
                None => failure.into(),
                Some(raised) => failure.with_detail(format!("an earlier callback failed: {raised}")).into(),
            }
        }
    }
}

/// Calls a function of a library, or a function through a pointer.
pub(super) fn call_value(
    lua: &Lua,
    function: &LuaValue,
    arguments: &MultiValue,
    options: &mut CallSettings,
) -> mlua::Result<MultiValue> {
    with_target(function, |target| call_with(target, lua, arguments, options))?
}

/// Calls the function that a pointer points to.
pub(super) fn at_address(lua: &Lua, cdata: &Cdata, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    target::with_pointer(cdata, |target, _| call(target, lua, arguments))?
}

impl UserData for Function {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::Call, |lua, function, arguments: MultiValue| {
            call(&CallTarget::of(function), lua, &arguments)
        });
        methods.add_meta_method(MetaMethod::ToString, |_, function, ()| Ok(function.to_string()));
    }
}
