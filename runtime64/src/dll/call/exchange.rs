//! The exchange of messages during a request that runs library functions, including the callbacks served meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mlua::Lua;
use protocol::{Call, Poll};
use serde::de::DeserializeOwned;

use crate::dll::address_space::AddressSpace;
use crate::dll::callback_dispatch::serve;
use crate::dll::duration;
use crate::dll::failure::from_remote;
use crate::dll::hook;
use crate::dll::module::Module;
use crate::dll::worker_extension::WorkerExtension;
use crate::error::Error;
use crate::remote::{Answer, RemoteError, Session, Worker};

/// The outcome of a request.
pub(in crate::dll) struct ExchangeOutcome<'a, R> {
    /// The worker, if it is still running. Memory lent for the call is released when the session is dropped.
    pub(in crate::dll) session: Option<Session<'a>>,
    /// The worker's reply.
    pub(in crate::dll) reply: Result<R, RemoteError>,
    /// The first error in a callback.
    pub(in crate::dll) raised: Option<mlua::Error>,
}

/// Sends a request and serves callbacks until the reply arrives. The worker is not held while Lua code runs, which is
/// stopped at the deadline; terminating the worker then is up to the caller.
pub(in crate::dll) fn converse<'a, C: Call>(
    lua: &Lua,
    worker: &'a Arc<Worker>,
    space: &AddressSpace,
    mut session: Session<'a>,
    request: &C,
    deadline: Option<Instant>,
) -> ExchangeOutcome<'a, C::Reply> {
    let answer = session.converse(request);
    match answer {
        Ok(Answer::Reply(reply)) => ExchangeOutcome { session: Some(session), reply: Ok(reply), raised: None },
        answer => serve_until_answered(lua, worker, space, session, answer, deadline),
    }
}

fn serve_until_answered<'a, R: DeserializeOwned>(
    lua: &Lua,
    worker: &'a Arc<Worker>,
    space: &AddressSpace,
    mut session: Session<'a>,
    mut answer: Result<Answer<R>, RemoteError>,
    deadline: Option<Instant>,
) -> ExchangeOutcome<'a, R> {
    let mut raised = None;
    loop {
        let called = match answer {
            Ok(Answer::Reply(reply)) => return ExchangeOutcome { session: Some(session), reply: Ok(reply), raised },
            Ok(Answer::Called(called)) => called,
            Err(error) => return ExchangeOutcome { session: Some(session), reply: Err(error), raised },
        };
        let arguments = session.take_called_with();
        drop(session);
        let (reply, error) = hook::within(lua, deadline, || serve(lua, space, &called, &arguments));
        match (&raised, error) {
            (None, first) => raised = first,
            // Only the first error is raised.
            (Some(_), Some(further)) => reaches_nobody(&further),
            (Some(_), None) => {}
        }
        session = match worker.session_of(space.generation) {
            Ok(session) => session,
            Err(_) => return ExchangeOutcome { session: None, reply: Err(RemoteError::EndedMeanwhile), raised },
        };
        session.give_back_called_with(arguments);
        answer = session.resume(&reply);
    }
}

/// Drops an error: if it describes the end of a worker, the next call reports that.
fn reaches_nobody(error: &mlua::Error) {
    if let Some(error) = error.downcast_ref::<Error>() {
        error.reached_nobody();
    }
}

/// Makes a worker send its waiting callbacks, and serves them. Waits for one if there is none. Returns their number.
pub(in crate::dll) fn poll(lua: &Lua, worker: &Arc<Worker>, limit: Duration) -> mlua::Result<u32> {
    // In a callback whose call has a deadline, the wait ends at that deadline.
    let milliseconds = duration::milliseconds(hook::at_most(worker.interrupt(), limit)?);
    let failure = |error| from_remote(error, worker, "dll.poll");
    let session = worker.session().map_err(failure)?;
    let space = AddressSpace::of(worker, &session);
    let ExchangeOutcome { session, reply, raised } =
        converse(lua, worker, &space, session, &Poll { milliseconds }, None);
    drop(session);
    match raised {
        Some(error) => Err(error),
        None => Ok(reply.map_err(failure)?.count),
    }
}

/// Serves the callbacks that wait for the host in any of a module's workers, and returns their number.
pub(in crate::dll) fn serve_waiting(lua: &Lua, module: &Module) -> mlua::Result<u32> {
    let mut served = 0;
    for worker in module.shared().all_workers() {
        let extension = WorkerExtension::of(&worker);
        let callbacks = extension.map(|extension| &extension.callbacks);
        // A worker that is not running or has no bound callbacks is skipped.
        if let Some(generation) = worker.running()
            && callbacks.is_some_and(|callbacks| callbacks.is_any_bound(generation))
        {
            served += poll(lua, &worker, Duration::ZERO)?;
        }
    }
    Ok(served)
}
