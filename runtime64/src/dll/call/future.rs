//! Futures: calls that run on threads of their own in the worker while the script continues.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mlua::{Lua, MetaMethod, MultiValue, UserData, UserDataMethods, Value as LuaValue};
use protocol::{AwaitJob, CancelJob, JobState, LimitJob, Outcome, StartJob};

use super::exchange::{ExchangeOutcome, converse};
use super::result::{self, Outputs};
use super::{CallBuilder, CallTarget, OutBuffers, begin, target, with_target};
use crate::dll::abandoned_jobs::AbandonedJob;
use crate::dll::address_space::AddressSpace;
use crate::dll::callback_registry::LentCallbacks;
use crate::dll::describe::describe_call;
use crate::dll::duration;
use crate::dll::hook;
use crate::dll::library::Function;
use crate::dll::worker_extension::WorkerExtension;
use crate::error::{Error, ErrorKind};
use crate::remote::{Allocation, RemoteError, Started};

/// The memory and callbacks that a call uses until it returns.
#[derive(Default)]
pub(super) struct Resources {
    _memory: Vec<Allocation>,
    _callbacks: LentCallbacks,
}

/// A pending call, or its outcome.
pub(in crate::dll) struct Future {
    /// The function or pointer.
    function: LuaValue,
    name: String,
    /// The call with its arguments, for errors.
    call: String,
    space: AddressSpace,
    job: u32,
    out_buffers: OutBuffers,
    /// The time at which its callbacks are stopped and the worker is terminated.
    deadline: Option<Instant>,
    state: Mutex<FutureState>,
    /// Whether a request for it is in progress, so that a callback served meanwhile does not send another.
    is_awaited: AtomicBool,
}

enum FutureState {
    /// It is running or waiting in the worker.
    Pending(Resources),
    /// It has returned.
    Done(Box<(Outcome, Outputs)>),
    /// It has failed.
    Failed(Error),
}

/// A started call: address space, job, output buffers, resources, deadline, name.
type StartedJob = (AddressSpace, u32, OutBuffers, Resources, Option<Instant>, String);

/// Starts a call on another thread of the worker.
pub(in crate::dll) fn start(lua: &Lua, function: LuaValue, arguments: &MultiValue) -> mlua::Result<Future> {
    let function = target::resolve_pointer(lua, function)?;
    let started_job = with_target(&function, |callee| start_callee(lua, callee, arguments))?;
    let (space, job, out_buffers, resources, deadline, name) = started_job?;
    let state = Mutex::new(FutureState::Pending(resources));
    let call = describe_call(&name, arguments);
    Ok(Future { function, name, call, space, job, out_buffers, deadline, state, is_awaited: AtomicBool::new(false) })
}

fn start_callee(lua: &Lua, callee: &CallTarget<'_>, arguments: &MultiValue) -> mlua::Result<StartedJob> {
    let (session, time) = begin(callee, lua, callee.worker.call_deadline())?;
    let space = AddressSpace::of(callee.worker, &session);
    let mut builder = CallBuilder::outliving(session, &space);
    if let Some(extension) = WorkerExtension::of(&space.worker) {
        extension.abandoned_jobs.drop_finished(&mut builder.session);
    }
    let ready = builder.prepare(callee, arguments)?;
    if let Some(function) = callee.function() {
        function.function_stats().begin();
    }
    let request = StartJob { function: ready.function, address: ready.address, arguments: &ready.values };
    // The worker enforces the timeout, as only it knows when the call returns.
    let left = time.deadline.map(|deadline| duration::milliseconds(deadline.saturating_duration_since(Instant::now())));
    let limited = left.map_or(Ok(()), |milliseconds| builder.session.call(&LimitJob { milliseconds }));
    let started = limited.and_then(|()| builder.session.call(&request)).map(|job| {
        builder.session.count_job(true);
        job.id
    });
    let CallBuilder { mut session, callbacks, kept, .. } = builder;
    session.give_back(ready.values);
    drop(session);
    let resources = Resources { _memory: kept.unwrap_or_default(), _callbacks: callbacks };
    match started {
        Ok(job) => Ok((space.clone(), job, ready.out_buffers, resources, time.deadline, callee.name())),
        Err(error) => {
            let failure = callee.failure(error).in_call(|| describe_call(&callee.name(), arguments));
            Err(failure.into())
        }
    }
}

impl Future {
    /// Waits for the call and returns its results; indefinitely without a limit.
    pub(super) fn wait(&self, lua: &Lua, limit: Option<Duration>) -> mlua::Result<MultiValue> {
        let interrupt = self.space.worker.interrupt();
        // In a callback whose call has a deadline, the wait ends at that deadline.
        let within = hook::limited(interrupt, limit)?;
        let milliseconds = within.map(duration::milliseconds);
        if let Some(raised) = self.settle(lua, milliseconds) {
            return Err(raised);
        }
        let (outcome, stored) = match &*self.lock() {
            FutureState::Done(done) => (done.0.clone(), done.1.clone()),
            FutureState::Failed(error) => return Err(error.clone().into()),
            FutureState::Pending(_) => {
                hook::time_left(interrupt)?;
                let seconds = limit.unwrap_or_default().as_secs_f64();
                let message = format!("{}: not done after {seconds} seconds; the call continues", self.name);
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

    /// Whether it has returned or failed, without waiting.
    pub(super) fn is_done(&self, lua: &Lua) -> mlua::Result<bool> {
        match self.settle(lua, Some(0)) {
            Some(raised) => Err(raised),
            None => Ok(!matches!(*self.lock(), FutureState::Pending(_))),
        }
    }

    /// Asks the worker about a pending call. Returns the error of a callback that was served meanwhile.
    fn settle(&self, lua: &Lua, milliseconds: Option<u32>) -> Option<mlua::Error> {
        if !matches!(*self.lock(), FutureState::Pending(_)) {
            return None;
        }
        let worker = &self.space.worker;
        let session = match worker.session_of(self.space.generation) {
            Ok(session) => session,
            Err(_) => {
                self.end(FutureState::Failed(self.gone()));
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
                    Ok(stored) => self.end(FutureState::Done(Box::new((outcome, stored)))),
                    Err(error) => self.end(FutureState::Failed(error)),
                }
            }
            (Ok(Some(_)), None) | (Err(RemoteError::EndedMeanwhile), _) => self.end(FutureState::Failed(self.gone())),
            // Only the wait was interrupted, not the call.
            (Err(error @ RemoteError::Interrupted(None)), session) => {
                drop(session);
                return raised.or_else(|| Some(self.failure(error).into()));
            }
            (Err(error), session) => {
                drop(session);
                let failure = self.failure(error);
                self.end(FutureState::Failed(match raised {
                    None => failure,
                    Some(raised) => failure.with_detail(format!("an earlier callback failed: {raised}")),
                }));
                return None;
            }
        }
        raised
    }

    /// Withdraws the call if it has not begun; with `force`, terminates the worker if it has. Returns whether the call
    /// was cancelled.
    fn cancel(&self, force: bool) -> Result<bool, Error> {
        match &*self.lock() {
            FutureState::Pending(_) => {}
            FutureState::Failed(error) => return Ok(error.kind == ErrorKind::Interrupted),
            FutureState::Done(_) => return Ok(false),
        }
        let worker = &self.space.worker;
        let Ok(mut session) = worker.session_of(self.space.generation) else {
            self.end(FutureState::Failed(self.gone()));
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
                self.end(FutureState::Failed(self.failure(error)));
                return Ok(false);
            }
        };
        let how = match state {
            JobState::Withdrawn => "cancelled before it began",
            JobState::Running if force => {
                worker.kill(self.space.generation);
                "cancelled; the worker was terminated"
            }
            JobState::Running | JobState::Done => return Ok(false),
        };
        let error = Error::new(ErrorKind::Interrupted, format!("{}: {how}", self.name));
        self.end(FutureState::Failed(error.in_function(&self.name)));
        Ok(true)
    }

    /// Sets the final state, unless a callback served during the wait has already set it.
    fn end(&self, state: FutureState) {
        let mut current = self.lock();
        if matches!(*current, FutureState::Pending(_)) {
            let before = std::mem::replace(&mut *current, state);
            drop(current);
            drop(before);
        }
    }

    fn awaited(&self) -> Error {
        let message = format!("{}: already being waited for, by the caller of this callback", self.name);
        Error::new(ErrorKind::Callback, message).in_function(&self.name)
    }

    /// The error for a call whose worker has exited; the reason is reported with the exit itself.
    fn gone(&self) -> Error {
        let AddressSpace { worker, generation } = &self.space;
        let message = format!("{}: it was running in {}", self.name, worker.ended(*generation));
        let error = Error::new(ErrorKind::WorkerLost, message).with_started(Started::Yes);
        let error = error.with_report(worker.report_of(*generation));
        error.in_function(&self.name).in_call(|| self.call.clone())
    }

    fn failure(&self, mut error: RemoteError) -> Error {
        // The worker had accepted the call, whatever the request was during which it died.
        if let RemoteError::Lost(death) | RemoteError::TimedOut(death) | RemoteError::Interrupted(Some(death)) =
            &mut error
        {
            death.started = Started::Yes;
        }
        let described = with_target(&self.function, |callee| callee.failure(error));
        described.map_or_else(|error| error, |failure| failure.in_call(|| self.call.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, FutureState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Future {
    /// Keeps the memory of a running call until that returns.
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *self.lock(), FutureState::Failed(Error::new(ErrorKind::Interrupted, "")));
        if let (FutureState::Pending(resources), Some(extension)) = (state, WorkerExtension::of(&self.space.worker)) {
            extension.abandoned_jobs.add(AbandonedJob {
                space: self.space.clone(),
                job: self.job,
                _resources: Box::new(resources),
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
                FutureState::Pending(_) => "pending",
                FutureState::Done(_) => "done",
                FutureState::Failed(_) => "failed",
            };
            Ok(format!("future of {} ({state})", future.name))
        });
    }
}
