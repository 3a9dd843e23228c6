//! A running worker, held for a sequence of requests.

use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use protocol::{Call, CallbackReply, Cause, Invoke, InvokeBatch, StartJob, Value};
use serde::de::DeserializeOwned;

use super::client::{Answer, RequestFailure};
use super::exit_log::GenerationEnd;
use super::kill_handle::KillReason;
use super::start::RunningWorker;
use super::worker::WorkerState;
use super::{Deadline, Generation, RemoteError, Report, Started, Worker, reaper};

mod lending;
mod memory;

/// A running worker, held for a sequence of requests.
#[derive(Debug)]
pub struct Session<'a> {
    worker: &'a Worker,
    state: MutexGuard<'a, WorkerState>,
    /// The time limit of the call that the session is held for, if it has its own.
    limit: Option<Duration>,
}

/// The time limit of a request other than a function call, such as loading a library, if calls have a limit. A longer
/// limit of calls also applies to it.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(10);

impl<'a> Session<'a> {
    pub(super) fn new(worker: &'a Worker, state: MutexGuard<'a, WorkerState>) -> Self {
        Self { worker, state, limit: None }
    }

    /// Whether this worker is the one held.
    #[must_use]
    pub fn is_of(&self, worker: &Worker) -> bool {
        std::ptr::eq(self.worker, worker)
    }

    /// The generation that the session belongs to.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.state.generation
    }

    /// Whether this is the first session since the worker restarted.
    #[inline]
    pub fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.state.is_restarted)
    }

    /// Counts the start or the end of a call that continues while the worker answers other requests: as long as there
    /// is one, the worker is not replaced.
    pub fn count_job(&mut self, is_started: bool) {
        let jobs = &mut self.state.jobs;
        *jobs = if is_started { *jobs + 1 } else { jobs.saturating_sub(1) };
    }

    /// Counts a request, and whether it calls a function: queries about calls in progress do not.
    #[inline]
    fn count<C: Call>(&self) {
        let counters = &self.worker.counters;
        counters.requests.add(1);
        if [Invoke::NUMBER, InvokeBatch::NUMBER, StartJob::NUMBER].contains(&C::NUMBER) {
            counters.calls.add(1);
        }
    }

    /// Sets the time limit of the call that the session is held for, if it differs from that of the worker's calls.
    pub fn set_limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Sends a request other than a function call, and waits for its reply. If calls have a limit, it has a
    /// [longer](REQUEST_LIMIT) one: a call with little time would otherwise terminate each new worker before it has
    /// loaded its library.
    ///
    /// # Errors
    /// [`RemoteError::Fault`] and [`RemoteError::TooLarge`] leave the worker running; after [`RemoteError::Lost`] and
    /// [`RemoteError::Misbehaved`] the next session starts a new one.
    pub fn call<C: Call>(&mut self, request: &C) -> Result<C::Reply, RemoteError> {
        let limit = self.limit.or(self.worker.call_deadline()).map(|limit| limit.max(REQUEST_LIMIT));
        self.call_within(request, limit)
    }

    /// The same for a request with this time limit.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_within<C: Call>(&mut self, request: &C, limit: Option<Duration>) -> Result<C::Reply, RemoteError> {
        self.count::<C>();
        let state = &mut *self.state;
        let Some(running) = &mut state.running else {
            return Err(self.ended_earlier());
        };
        let limit = limit.map(|limit| running.limit(Instant::now() + limit));
        let reply = running.awaited(|client| client.call(request));
        running.link.client.count_traffic(&self.worker.counters);
        match reply {
            Ok(_) if limit.is_some_and(Deadline::take_back) => Err(self.expired()),
            reply => reply.map_err(|failure| self.failed(failure)),
        }
    }

    /// Sends a request that runs functions of a library, and waits for its reply, or for a callback that must be served
    /// first: the session is then released while the callback runs, and the next session [resumes](Self::resume).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn converse<C: Call>(&mut self, request: &C) -> Result<Answer<C::Reply>, RemoteError> {
        self.count::<C>();
        let state = &mut *self.state;
        let Some(running) = &mut state.running else {
            return Err(self.ended_earlier());
        };
        if self.worker.interrupt().is_requested() && self.worker.interrupt().take() {
            return Err(RemoteError::Interrupted(None));
        }
        let answer = running.awaited(|client| client.converse(request, &mut state.called_with));
        running.link.client.count_traffic(&self.worker.counters);
        self.answered(answer)
    }

    /// Sends a callback's result to the worker and continues to wait for the reply.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn resume<R: DeserializeOwned>(&mut self, reply: &CallbackReply) -> Result<Answer<R>, RemoteError> {
        let state = &mut *self.state;
        let Some(running) = &mut state.running else {
            return Err(self.ended_earlier());
        };
        if let Ok(shared) = &mut running.link.shared {
            shared.call_area.resume();
        }
        state.held.pop();
        let answer = running.awaited(|client| client.resume(reply, &mut state.called_with));
        running.link.client.count_traffic(&self.worker.counters);
        self.answered(answer)
    }

    fn answered<R>(&mut self, answer: Result<Answer<R>, RequestFailure>) -> Result<Answer<R>, RemoteError> {
        match answer {
            Ok(answer) => {
                if matches!(answer, Answer::Called(_)) {
                    self.hold();
                }
                Ok(answer)
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// Keeps the memory lent for the call that waits for one of its callbacks.
    fn hold(&mut self) {
        let state = &mut *self.state;
        state.held.push(state.lent.len());
        if let Some(RunningWorker { link, .. }) = &mut state.running
            && let Ok(shared) = &mut link.shared
        {
            shared.call_area.hold();
        }
    }

    /// Takes the list with the arguments of a called callback; [`give_back_called_with`](Self::give_back_called_with)
    /// returns it.
    #[must_use]
    pub fn take_called_with(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.state.called_with)
    }

    /// Returns the list of arguments.
    pub fn give_back_called_with(&mut self, arguments: Vec<Value>) {
        self.state.called_with = arguments;
    }

    /// Terminates the worker at a given time, unless the returned deadline is withdrawn before.
    #[must_use]
    pub fn limit(&self, at: Instant) -> Option<Deadline> {
        self.state.running.as_ref().map(|running| running.limit(at))
    }

    /// Terminates a worker that has sent impossible data.
    #[cold]
    pub fn break_off(&mut self, why: &'static str) -> RemoteError {
        self.failed(RequestFailure::Impossible(why))
    }

    fn running(&self) -> Result<&RunningWorker, RemoteError> {
        self.state.running.as_ref().ok_or_else(|| self.ended_earlier())
    }

    /// The error of a request whose worker has exited earlier in this session.
    #[cold]
    fn ended_earlier(&self) -> RemoteError {
        self.worker.exit_log.error_of(self.state.generation).unwrap_or(RemoteError::Stale)
    }

    /// Terminates a worker whose answer arrived after its deadline.
    #[cold]
    pub fn expired(&mut self) -> RemoteError {
        if let Some(running) = &self.state.running {
            running.kill_handle.kill(KillReason::Expired);
        }
        self.failed(RequestFailure::Ended { crash_report: None, started: Started::Yes })
    }

    /// Converts a failure to an error, and handles the end of the worker if it means that.
    #[cold]
    fn failed(&mut self, failure: RequestFailure) -> RemoteError {
        let has_ended = matches!(failure, RequestFailure::Ended { .. });
        let end = match (failure, &self.state.running) {
            (RequestFailure::Fault(fault), _) => return RemoteError::Fault(fault),
            (RequestFailure::TooLarge(error), _) => return RemoteError::TooLarge(error.to_string()),
            (RequestFailure::Ended { crash_report, started }, Some(running)) => {
                let death = running.bury(crash_report, started);
                // The worker itself enforces the deadlines of calls that run beside those that are waited for.
                let has_expired = death.crash_report.as_ref().is_some_and(|words| words.cause == Cause::Expired);
                match running.kill_handle.kill_reason() {
                    None if has_expired => GenerationEnd::TimedOut(death),
                    Some(KillReason::Expired) => GenerationEnd::TimedOut(death),
                    Some(KillReason::Interrupted) => {
                        self.worker.interrupt().take();
                        GenerationEnd::Interrupted(death)
                    }
                    Some(KillReason::Dismissed) | None => GenerationEnd::Lost(death),
                }
            }
            (failure, _) => GenerationEnd::Misbehaved(failure.to_string(), Report::default()),
        };
        match self.worker.take_running(&mut self.state) {
            Some(ended) if has_ended => reaper::reap(ended),
            misbehaving => drop(misbehaving),
        }
        self.worker.counters.deaths.add(1);
        self.state.lent.clear();
        self.state.held.clear();
        // Kept until an error is raised for it, which the caller may be unable to do.
        self.worker.exit_log.keep(self.state.generation, end.clone());
        end.error()
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}
