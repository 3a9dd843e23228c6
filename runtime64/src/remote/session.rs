//! A worker that runs, held for a sequence of requests.

use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use protocol::{Call, CallbackReply, Cause, Invoke, InvokeBatch, StartJob, Value};
use serde::de::DeserializeOwned;

use super::client::{Answer, Failure};
use super::control::Ending;
use super::ends::End;
use super::start::Running;
use super::worker::State;
use super::{Deadline, Generation, RemoteError, Report, Started, Worker, remains};

mod lending;
mod memory;

/// A worker that runs, held for a sequence of requests.
#[derive(Debug)]
pub struct Session<'a> {
    worker: &'a Worker,
    state: MutexGuard<'a, State>,
    /// How long the call may take that the session is held for, if it has a limit of its own.
    limit: Option<Duration>,
}

/// How long a request may take that is no call of a function, such as to load a library, where calls have a limit. A limit of
/// calls that is longer holds for it too.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(10);

impl<'a> Session<'a> {
    pub(super) fn new(worker: &'a Worker, state: MutexGuard<'a, State>) -> Self {
        Self { worker, state, limit: None }
    }

    /// Whether it is this worker that is held.
    #[must_use]
    pub fn is_of(&self, worker: &Worker) -> bool {
        std::ptr::eq(self.worker, worker)
    }

    /// Which generation is being asked.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.state.generation
    }

    /// Whether this is the first to ask since the worker was started anew.
    #[inline]
    pub fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.state.is_restarted)
    }

    /// Counts a call that goes on while the worker answers other requests, or one that does no longer: for as long as there is
    /// one, the worker is not replaced.
    pub fn count_job(&mut self, is_started: bool) {
        let jobs = &mut self.state.jobs;
        *jobs = if is_started { *jobs + 1 } else { jobs.saturating_sub(1) };
    }

    /// Counts a request, and whether it calls a function: questions about calls under way are none.
    #[inline]
    fn count<C: Call>(&self) {
        let counters = &self.worker.counters;
        counters.requests.add(1);
        if [Invoke::NUMBER, InvokeBatch::NUMBER, StartJob::NUMBER].contains(&C::NUMBER) {
            counters.calls.add(1);
        }
    }

    /// Says how long the call may take that the session is held for, if that is not what its worker's calls may.
    pub fn set_limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Sends a request that is no call of a function, and waits for its reply. Where calls have a limit, it has a
    /// [longer](REQUEST_LIMIT) one: a call with little time would otherwise end each new worker before that has loaded its library.
    ///
    /// # Errors
    /// [`RemoteError::Fault`] and [`RemoteError::TooLarge`] leave the worker running; after [`RemoteError::Lost`] and
    /// [`RemoteError::Misbehaved`] the next session starts a new one.
    pub fn call<C: Call>(&mut self, request: &C) -> Result<C::Reply, RemoteError> {
        let limit = self.limit.or(self.worker.call_deadline()).map(|limit| limit.max(REQUEST_LIMIT));
        self.call_within(request, limit)
    }

    /// The same for a request that may take so long.
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
    /// first: the session is then let go of while that runs, and the next one [resumes](Self::resume).
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

    /// Tells the worker a callback's result and goes on waiting for the reply.
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

    fn answered<R>(&mut self, answer: Result<Answer<R>, Failure>) -> Result<Answer<R>, RemoteError> {
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

    /// Keeps what was lent for the call that waits for a callback of its.
    fn hold(&mut self) {
        let state = &mut *self.state;
        state.held.push(state.lent.len());
        if let Some(Running { link, .. }) = &mut state.running
            && let Ok(shared) = &mut link.shared
        {
            shared.call_area.hold();
        }
    }

    /// The arguments that a callback was called with, in a list that is to be given back.
    #[must_use]
    pub fn take_called_with(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.state.called_with)
    }

    /// Gives that list back.
    pub fn give_back_called_with(&mut self, arguments: Vec<Value>) {
        self.state.called_with = arguments;
    }

    /// Ends the worker at a moment, if it is not told before then that it need not be.
    #[must_use]
    pub fn limit(&self, at: Instant) -> Option<Deadline> {
        self.state.running.as_ref().map(|running| running.limit(at))
    }

    /// Ends a worker that says what cannot be.
    #[cold]
    pub fn break_off(&mut self, why: &'static str) -> RemoteError {
        self.failed(Failure::Impossible(why))
    }

    fn running(&self) -> Result<&Running, RemoteError> {
        self.state.running.as_ref().ok_or_else(|| self.ended_earlier())
    }

    /// What a request comes to whose worker has ended earlier in this session.
    #[cold]
    fn ended_earlier(&self) -> RemoteError {
        self.worker.ends.error_of(self.state.generation).unwrap_or(RemoteError::Stale)
    }

    /// Ends a worker whose answer came when its time was over already: it is being ended.
    #[cold]
    pub fn expired(&mut self) -> RemoteError {
        if let Some(running) = &self.state.running {
            running.control.end(Ending::Expired);
        }
        self.failed(Failure::Ended { last_words: None, started: Started::Yes })
    }

    /// What a failure means, and the end of the worker if it means that.
    #[cold]
    fn failed(&mut self, failure: Failure) -> RemoteError {
        let has_ended = matches!(failure, Failure::Ended { .. });
        let end = match (failure, &self.state.running) {
            (Failure::Fault(fault), _) => return RemoteError::Fault(fault),
            (Failure::TooLarge(error), _) => return RemoteError::TooLarge(error.to_string()),
            (Failure::Ended { last_words, started }, Some(running)) => {
                let death = running.bury(last_words, started);
                // The worker itself watches the time of what goes on beside the calls that are waited for.
                let has_expired = death.last_words.as_ref().is_some_and(|words| words.cause == Cause::Expired);
                match running.control.ending() {
                    None if has_expired => End::TimedOut(death),
                    Some(Ending::Expired) => End::TimedOut(death),
                    Some(Ending::Interrupted) => {
                        self.worker.interrupt().take();
                        End::Interrupted(death)
                    }
                    Some(Ending::Dismissed) | None => End::Lost(death),
                }
            }
            (failure, _) => End::Misbehaved(failure.to_string(), Report::default()),
        };
        match self.worker.let_go(&mut self.state) {
            Some(ended) if has_ended => remains::let_go(ended),
            misbehaving => drop(misbehaving),
        }
        self.worker.counters.deaths.add(1);
        self.state.lent.clear();
        self.state.held.clear();
        // Until an error is raised for it, which the caller may be unable to.
        self.worker.ends.keep(self.state.generation, end.clone());
        end.error()
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}
