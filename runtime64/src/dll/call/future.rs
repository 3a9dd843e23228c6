//! Futures: calls that the worker makes on a thread of their own while the script goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mlua::{Lua, MetaMethod, MultiValue, UserData, UserDataMethods, Value as LuaValue};
use protocol::{AwaitJob, CancelJob, JobState, LimitJob, Outcome, StartJob};

use super::exchange::{ExchangeOutcome, converse};
use super::result::{self, Stored};
use super::{CallBuilder, CallTarget, OutBuffers, begin, target, with_target};
use crate::dll::abandoned_jobs::AbandonedJob;
use crate::dll::address_space::AddressSpace;
use crate::dll::callback_registry::Lent;
use crate::dll::describe::describe_call;
use crate::dll::duration;
use crate::dll::hook;
use crate::dll::library::Function;
use crate::dll::worker_extension::WorkerExtension;
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, RemoteError, Started};

/// What a call holds until it has returned: memory that its arguments lead to, and callbacks.
#[derive(Default)]
pub(super) struct Held {
    _memory: Vec<Allocation>,
    _callbacks: Lent,
}

/// A call under way, or what it came to.
pub(in crate::dll) struct Future {
    /// What was called.
    function: LuaValue,
    name: String,
    /// The call with its arguments, for errors.
    call: String,
    space: AddressSpace,
    job: u32,
    out_buffers: OutBuffers,
    /// When its worker is ended if it has not returned; callbacks of it are stopped then.
    deadline: Option<Instant>,
    state: Mutex<State>,
    /// Whether the worker is being asked for it: a callback that is served meanwhile does not ask again.
    is_awaited: AtomicBool,
}

enum State {
    /// The worker has it.
    Pending(Held),
    /// It has returned.
    Done(Box<(Outcome, Stored)>),
    /// It has no result, and why.
    Failed(Error),
}

/// A call that was begun: whose it is, its number, what comes of it, what it holds, and when it is to be over.
type Begun = (AddressSpace, u32, OutBuffers, Held, Option<Instant>, String);

/// Has a function called on another thread of the worker.
pub(in crate::dll) fn start(lua: &Lua, function: LuaValue, arguments: &MultiValue) -> mlua::Result<Future> {
    let function = target::fixed(lua, function)?;
    let begun = with_target(&function, |callee| start_callee(lua, callee, arguments))?;
    let (space, job, out_buffers, held, deadline, name) = begun?;
    let state = Mutex::new(State::Pending(held));
    let call = describe_call(&name, arguments);
    Ok(Future { function, name, call, space, job, out_buffers, deadline, state, is_awaited: AtomicBool::new(false) })
}

fn start_callee(lua: &Lua, callee: &CallTarget<'_>, arguments: &MultiValue) -> mlua::Result<Begun> {
    let (session, time) = begin(callee, lua, callee.worker.call_deadline())?;
    let space = AddressSpace::of(callee.worker, &session);
    let mut called = CallBuilder::outliving(session, &space);
    if let Some(extension) = WorkerExtension::of(&space.worker) {
        extension.abandoned_jobs.bury(&mut called.session);
    }
    let ready = called.prepare(callee, arguments)?;
    if let Some(function) = callee.function() {
        function.function_stats().begin();
    }
    let request = StartJob { function: ready.function, address: ready.address, arguments: &ready.values };
    // The worker watches the time: it alone knows when the call has returned.
    let left = time.deadline.map(|deadline| duration::milliseconds(deadline.saturating_duration_since(Instant::now())));
    let limited = left.map_or(Ok(()), |milliseconds| called.session.call(&LimitJob { milliseconds }));
    let started = limited.and_then(|()| called.session.call(&request)).map(|job| {
        called.session.count_job(true);
        job.id
    });
    let CallBuilder { mut session, callbacks, kept, .. } = called;
    session.give_back(ready.values);
    drop(session);
    let held = Held { _memory: kept.unwrap_or_default(), _callbacks: callbacks };
    match started {
        Ok(job) => Ok((space.clone(), job, ready.out_buffers, held, time.deadline, callee.name())),
        Err(error) => {
            let failure = callee.failure(error).in_call(|| describe_call(&callee.name(), arguments));
            Err(failure.into())
        }
    }
}

impl Future {
    /// What the call came to. Without a limit it is waited for, however long that takes.
    pub(super) fn wait(&self, lua: &Lua, limit: Option<Duration>) -> mlua::Result<MultiValue> {
        let interrupt = self.space.worker.interrupt();
        // In a callback whose call has a deadline it is waited at most until that.
        let within = hook::limited(interrupt, limit)?;
        let milliseconds = within.map(duration::milliseconds);
        if let Some(raised) = self.settle(lua, milliseconds) {
            return Err(raised);
        }
        let (outcome, stored) = match &*self.lock() {
            State::Done(done) => (done.0.clone(), done.1.clone()),
            State::Failed(error) => return Err(error.clone().into()),
            State::Pending(_) => {
                hook::time_left(interrupt)?;
                let seconds = limit.unwrap_or_default().as_secs_f64();
                let message = format!("{}: it is not done after {seconds} seconds; it goes on", self.name);
                return Err(Error::new(ErrorKind::Timeout, message).into());
            }
        };
        with_target(&self.function, |callee| {
            callee.remember(&outcome);
            let rule = callee.failure_rule();
            if rule.holds(&outcome) {
                let mut session =
                    callee.worker.session_of(self.space.generation).map_err(|error| callee.failure(error))?;
                return Err(result::failed(callee, &outcome, rule, &mut session).into());
            }
            result::to_lua(callee, lua, &self.space, outcome, stored)
        })?
    }

    /// Whether it has returned or failed. It does not wait.
    pub(super) fn is_done(&self, lua: &Lua) -> mlua::Result<bool> {
        match self.settle(lua, Some(0)) {
            Some(raised) => Err(raised),
            None => Ok(!matches!(*self.lock(), State::Pending(_))),
        }
    }

    /// Asks the worker, if it has not answered yet. Gives what callbacks raised that were served meanwhile.
    fn settle(&self, lua: &Lua, milliseconds: Option<u32>) -> Option<mlua::Error> {
        if !matches!(*self.lock(), State::Pending(_)) {
            return None;
        }
        let worker = &self.space.worker;
        let session = match worker.session_of(self.space.generation) {
            Ok(session) => session,
            Err(_) => {
                self.end(State::Failed(self.gone()));
                return None;
            }
        };
        if self.is_awaited.swap(true, Ordering::Relaxed) {
            drop(session);
            return (milliseconds != Some(0)).then(|| self.awaited().into());
        }
        let request = AwaitJob { job: self.job, milliseconds };
        let ExchangeOutcome { session, reply, raised } =
            converse(lua, worker, &self.space, session, &request, self.deadline);
        self.is_awaited.store(false, Ordering::Relaxed);
        match (reply, session) {
            (Ok(None), _) => {}
            (Ok(Some(outcome)), Some(mut session)) => {
                session.count_job(false);
                let stored = with_target(&self.function, |callee| {
                    if let Some(library) = callee.function().map(Function::library) {
                        library.returned();
                    }
                    result::stored(callee, &self.out_buffers, &outcome, &mut session)
                });
                drop(session);
                match stored.and_then(|stored| stored) {
                    Ok(stored) => self.end(State::Done(Box::new((outcome, stored)))),
                    Err(error) => self.end(State::Failed(error)),
                }
            }
            (Ok(Some(_)), None) | (Err(RemoteError::EndedMeanwhile), _) => self.end(State::Failed(self.gone())),
            // The wait is called off, not the call.
            (Err(error @ RemoteError::Interrupted(None)), session) => {
                drop(session);
                return raised.or_else(|| Some(self.failure(error).into()));
            }
            (Err(error), session) => {
                drop(session);
                let failure = self.failure(error);
                self.end(State::Failed(match raised {
                    None => failure,
                    Some(raised) => failure.with_detail(format!("a callback had failed before: {raised}")),
                }));
                return None;
            }
        }
        raised
    }

    /// Takes the call back if it has not begun; with `force`, ends the worker if it has. Tells whether it has no result now.
    fn cancel(&self, force: bool) -> Result<bool, Error> {
        match &*self.lock() {
            State::Pending(_) => {}
            State::Failed(error) => return Ok(error.kind == ErrorKind::Interrupted),
            State::Done(_) => return Ok(false),
        }
        let worker = &self.space.worker;
        let Ok(mut session) = worker.session_of(self.space.generation) else {
            self.end(State::Failed(self.gone()));
            return Ok(false);
        };
        let state = session.call(&CancelJob { job: self.job });
        if let Ok(JobState::Withdrawn) = state {
            session.count_job(false);
        }
        drop(session);
        let state = match state {
            Ok(state) => state,
            Err(error) => {
                self.end(State::Failed(self.failure(error)));
                return Ok(false);
            }
        };
        let how = match state {
            JobState::Withdrawn => "it was called off before it began",
            JobState::Running if force => {
                worker.kill(self.space.generation);
                "it was called off, and the worker was ended with it"
            }
            JobState::Running | JobState::Done => return Ok(false),
        };
        let error = Error::new(ErrorKind::Interrupted, format!("{}: {how}", self.name));
        self.end(State::Failed(error.in_function(&self.name)));
        Ok(true)
    }

    /// It is no longer under way. A callback that was served while it was waited for may have called it off before.
    fn end(&self, state: State) {
        let mut current = self.lock();
        if matches!(*current, State::Pending(_)) {
            let before = std::mem::replace(&mut *current, state);
            drop(current);
            drop(before);
        }
    }

    fn awaited(&self) -> Error {
        let message = format!("{}: it is waited for already, and this callback is served meanwhile", self.name);
        Error::new(ErrorKind::Callback, message).in_function(&self.name)
    }

    /// The worker has ended, and the call with it; what of is told by whoever met its end.
    fn gone(&self) -> Error {
        let AddressSpace { worker, generation } = &self.space;
        let message = format!("{}: it was under way in {}", self.name, worker.ended(*generation));
        let error = Error::new(ErrorKind::WorkerLost, message).with_started(Started::Yes);
        let error = error.with_report(worker.report_of(*generation));
        error.in_function(&self.name).in_call(|| self.call.clone())
    }

    fn failure(&self, mut error: RemoteError) -> Error {
        // The worker had taken the call on, whatever it was asked when it died.
        if let RemoteError::Lost(death) | RemoteError::TimedOut(death) | RemoteError::Interrupted(Some(death)) =
            &mut error
        {
            death.started = Started::Yes;
        }
        let described = with_target(&self.function, |callee| callee.failure(error));
        described.map_or_else(|error| error, |failure| failure.in_call(|| self.call.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Future {
    /// The memory of a call that still runs stays until it has returned.
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *self.lock(), State::Failed(Error::new(ErrorKind::Interrupted, "")));
        if let (State::Pending(held), Some(extension)) = (state, WorkerExtension::of(&self.space.worker)) {
            extension.abandoned_jobs.add(AbandonedJob {
                space: self.space.clone(),
                job: self.job,
                _held: Box::new(held),
            });
        }
    }
}

impl UserData for Future {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method("wait", |lua, future, limit: LuaValue| {
            let limit = match limit {
                LuaValue::Nil => None,
                limit => Some(duration::of_seconds("future:wait", &limit)?),
            };
            future.wait(lua, limit)
        });
        methods.add_method("done", |lua, future, ()| future.is_done(lua));
        methods.add_method("cancel", |_, future, force: Option<bool>| Ok(future.cancel(force.unwrap_or(false))?));
        methods.add_meta_method(MetaMethod::ToString, |_, future, ()| {
            let state = match &*future.lock() {
                State::Pending(_) => "under way",
                State::Done(_) => "done",
                State::Failed(_) => "failed",
            };
            Ok(format!("future of {} ({state})", future.name))
        });
    }
}
