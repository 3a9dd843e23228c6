//! The start of a call: getting its worker ready, which does not count towards its timeout, and setting its deadline.

use std::time::{Duration, Instant};

use mlua::Lua;

use super::CallTarget;
use super::exchange::ExchangeOutcome;
use super::restart;
use crate::dll::hook;
use crate::dll::library::{Function, Library};
use crate::dll::worker_extension::WorkerExtension;
use crate::error::Error;
use crate::remote::{Deadline, REQUEST_LIMIT, Session};

/// The deadline of a call that has begun.
pub(super) struct CallTime {
    /// The deadline, if there is one.
    pub(super) deadline: Option<Instant>,
    /// The alarm that terminates the worker at the deadline.
    alarm: Option<Deadline>,
}

impl CallTime {
    /// The deadline of a call that begins now.
    #[inline]
    pub(super) fn begin(session: &Session<'_>, limit: Option<Duration>) -> Self {
        let deadline = limit.map(|limit| Instant::now() + limit);
        Self { deadline, alarm: deadline.and_then(|at| session.limit(at)) }
    }
}

/// The maximum number of attempts to begin a call whose worker is restarted again while the restart function runs.
const RESTARTS: u32 = 3;

/// The session for a call, and its deadline, which counts from the moment the worker is ready.
#[inline]
pub(super) fn begin<'a>(
    callee: &CallTarget<'a>,
    lua: &Lua,
    limit: Option<Duration>,
) -> mlua::Result<(Session<'a>, CallTime)> {
    let interrupt = callee.worker.interrupt();
    // In a callback whose call has a deadline, that deadline applies too.
    let limit = hook::limited(interrupt, limit).map_err(|error| callee.located(error))?;
    let mut session = enter(callee, lua, limit)?;
    make_ready(callee, &mut session, limit)?;
    let limit = hook::limited(interrupt, limit).map_err(|error| callee.located(error))?;
    let time = CallTime::begin(&session, limit);
    Ok((session, time))
}

/// The session for a call. Fails if the library's breaker is open; runs the restart function first if necessary.
#[inline]
pub(super) fn enter<'a>(callee: &CallTarget<'a>, lua: &Lua, limit: Option<Duration>) -> mlua::Result<Session<'a>> {
    let library = callee.function().map(Function::library);
    if let Some(library) = library {
        library.admit()?;
    }
    let mut session = callee.session()?;
    let Some(library) = library else { return Ok(session) };
    for _ in 0..RESTARTS {
        if !session.take_restarted() {
            break;
        }
        restarted(lua, library, session, limit)?;
        session = callee.session()?;
    }
    if library.worker().is_recycled()
        && let Some(extension) = WorkerExtension::of(library.worker())
    {
        extension.abandoned_jobs.drop_finished(&mut session);
    }
    Ok(session)
}

/// Runs the restart function, with a timeout of its own if calls have one.
#[cold]
fn restarted(lua: &Lua, library: &Library, session: Session<'_>, limit: Option<Duration>) -> mlua::Result<()> {
    let time = CallTime::begin(&session, limit.map(|limit| limit.max(REQUEST_LIMIT)));
    drop(session);
    hook::within(lua, time.deadline, || restart::restarted(lua, library))
}

/// Makes the worker load and prepare everything the call needs before its timeout starts. Without a timeout, the call
/// itself does that.
#[inline]
pub(super) fn make_ready(
    callee: &CallTarget<'_>,
    session: &mut Session<'_>,
    limit: Option<Duration>,
) -> Result<(), Error> {
    let Some(limit) = limit else { return Ok(()) };
    session.set_limit(limit);
    callee.prepared(session, &[]).map(drop).map_err(Error::before_start)
}

/// Replaces a reply that arrived after the deadline with an error: the worker is being terminated.
pub(super) fn in_time<R>(time: CallTime, ended: &mut ExchangeOutcome<'_, R>) {
    if time.alarm.is_some_and(Deadline::take_back)
        && ended.reply.is_ok()
        && let Some(mut session) = ended.session.take()
    {
        ended.reply = Err(session.expired());
    }
}
