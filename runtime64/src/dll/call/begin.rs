//! How calls begin: in a worker that is ready for them, which takes a time of its own; and when they are to be over.

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

/// The time of a call that has begun.
pub(super) struct Time {
    /// When it is to be over, if there is a limit.
    pub(super) deadline: Option<Instant>,
    /// What ends its worker then.
    alarm: Option<Deadline>,
}

impl Time {
    /// That of a call that begins now.
    #[inline]
    pub(super) fn begin(session: &Session<'_>, limit: Option<Duration>) -> Self {
        let deadline = limit.map(|limit| Instant::now() + limit);
        Self { deadline, alarm: deadline.and_then(|at| session.limit(at)) }
    }
}

/// How often a call is begun anew whose worker is restarted again while what is to be done after a restart is done.
const RESTARTS: u32 = 3;

/// The worker that a call is made in, and the call's time, which begins when the worker is ready.
#[inline]
pub(super) fn begin<'a>(
    callee: &CallTarget<'a>,
    lua: &Lua,
    limit: Option<Duration>,
) -> mlua::Result<(Session<'a>, Time)> {
    let interrupt = callee.worker.interrupt();
    // In a callback whose call has a deadline there is at most what is left of that.
    let limit = hook::limited(interrupt, limit).map_err(|error| callee.located(error))?;
    let mut session = enter(callee, lua, limit)?;
    make_ready(callee, &mut session, limit)?;
    let limit = hook::limited(interrupt, limit).map_err(|error| callee.located(error))?;
    let time = Time::begin(&session, limit);
    Ok((session, time))
}

/// The worker that a call is made in: a library that is left alone is not called, and what is to be done after a restart is
/// done before.
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
        extension.abandoned_jobs.bury(&mut session);
    }
    Ok(session)
}

/// Does what is to be done after a restart, within a time of its own if calls have one.
#[cold]
fn restarted(lua: &Lua, library: &Library, session: Session<'_>, limit: Option<Duration>) -> mlua::Result<()> {
    let time = Time::begin(&session, limit.map(|limit| limit.max(REQUEST_LIMIT)));
    drop(session);
    hook::within(lua, time.deadline, || restart::restarted(lua, library))
}

/// Has the worker load and prepare what the call needs, before a limit of the call begins. Without one the call itself does that.
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

/// Makes the answer of a call that came too late what it is: its worker is being ended.
pub(super) fn in_time<R>(time: Time, ended: &mut ExchangeOutcome<'_, R>) {
    if time.alarm.is_some_and(Deadline::take_back)
        && ended.reply.is_ok()
        && let Some(mut session) = ended.session.take()
    {
        ended.reply = Err(session.expired());
    }
}
