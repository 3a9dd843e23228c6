//! Jobs: calls on separate threads, whose results are kept until the host asks for them.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use protocol::{Fault, FaultKind, Job, JobState, LimitJob, Outcome, Value, limits};

use crate::conversation::outcome;
use crate::invoke::{ErrorNumbers, Prepared};
use crate::{fault, output};

/// The maximum number of jobs that run at a time; the others wait. A thread that blocks in a library costs little but
/// its stack.
const MOST_THREADS: usize = 64;

/// The stack size of a thread: the Windows default, for which libraries are built, and more where addresses are not
/// scarce. Callbacks may nest on it as deeply as Lua permits.
const STACK_BYTES: usize = if cfg!(target_pointer_width = "64") { 4 << 20 } else { 1 << 20 };

/// A call to be made.
pub(crate) struct JobCall {
    pub(crate) function: &'static Prepared,
    pub(crate) address: u64,
    pub(crate) arguments: Vec<Value>,
}

/// The jobs whose results the host has not received yet, and the threads that run them.
#[derive(Default)]
pub(crate) struct Jobs {
    state: Mutex<JobsState>,
    /// Notified when a job is queued or done.
    changed: Condvar,
}

#[derive(Default)]
struct JobsState {
    next: u32,
    queue: VecDeque<(u32, JobCall)>,
    jobs: HashMap<u32, Progress>,
    threads: usize,
    idle: usize,
    /// The deadlines of limited jobs, the earliest first; `None` until a thread watches them.
    limits: Option<BTreeSet<(Instant, u32)>>,
    /// The deadline of the next job started.
    next_due: Option<Instant>,
}

enum Progress {
    Queued,
    Running,
    Done(Result<Outcome, Fault>),
}

impl Jobs {
    /// Assigns an id to a job, and starts a thread for it if none is idle.
    pub(crate) fn announce(jobs: &Arc<Self>) -> Result<Job, Fault> {
        let mut state = jobs.lock();
        if state.jobs.len() >= limits::JOBS {
            return Err(Fault::new(FaultKind::Memory, format!("{} calls are already in progress", limits::JOBS)));
        }
        if state.idle <= state.queue.len() && state.threads < MOST_THREADS {
            let runner = Arc::clone(jobs);
            let started = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || runner.run());
            match started {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => {
                    let message = format!("the worker cannot start a thread for the call: {error}");
                    return Err(Fault {
                        code: error.raw_os_error().map(i64::from),
                        ..Fault::new(FaultKind::Memory, message)
                    });
                }
                // The running threads will get to it.
                Err(_) => {}
            }
        }
        let id = state.next;
        state.next = state.next.wrapping_add(1);
        state.jobs.insert(id, Progress::Queued);
        Ok(Job { id })
    }

    /// Queues an announced call, with its deadline, if any. The host already has its id, since the function may end
    /// the process at once.
    pub(crate) fn start(&self, Job { id }: Job, call: JobCall, due: Option<Instant>) {
        let mut state = self.lock();
        state.queue.push_back((id, call));
        if let (Some(due), Some(limits)) = (due, &mut state.limits) {
            limits.insert((due, id));
        }
        self.changed.notify_all();
    }

    /// Sets a deadline for the next job started, after which the process ends.
    pub(crate) fn limit(jobs: &Arc<Self>, request: &LimitJob) -> Result<(), Fault> {
        let mut state = jobs.lock();
        if state.limits.is_none() {
            let watch = Arc::clone(jobs);
            let started = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || watch.watch_limits());
            started.map_err(|error| Fault {
                code: error.raw_os_error().map(i64::from),
                ..Fault::new(
                    FaultKind::Memory,
                    format!("the worker cannot start a thread to watch the time limit: {error}"),
                )
            })?;
        }
        state.limits.get_or_insert_default();
        state.next_due = Some(Instant::now() + Duration::from_millis(request.milliseconds.into()));
        Ok(())
    }

    /// The deadline of the job that is being started, if it was limited.
    pub(crate) fn take_limit(&self) -> Option<Instant> {
        self.lock().next_due.take()
    }

    /// Watches the deadlines, forever.
    fn watch_limits(&self) {
        let mut state = self.lock();
        loop {
            let JobsState { limits, jobs, .. } = &mut *state;
            let limits = limits.get_or_insert_default();
            let Some((due, job)) = limits.first().copied() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if !matches!(jobs.get(&job), Some(Progress::Queued | Progress::Running)) {
                limits.pop_first();
                continue;
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                fault::expire(job);
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Runs jobs, forever.
    fn run(&self) {
        fault::guard_thread();
        let mut state = self.lock();
        loop {
            let Some((id, call)) = state.queue.pop_front() else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            state.jobs.insert(id, Progress::Running);
            drop(state);
            let mut errors = ErrorNumbers::default();
            let result = call.function.call(call.address, &call.arguments, &mut errors);
            output::flush();
            let result = result.map(|result| outcome(result, errors));
            state = self.lock();
            state.jobs.insert(id, Progress::Done(result));
            self.changed.notify_all();
        }
    }

    /// Waits for a job and forgets it; returns `None` if it is not done in time.
    pub(crate) fn wait(&self, id: u32, limit: Option<Duration>) -> Result<Option<Outcome>, Fault> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut state = self.lock();
        loop {
            match state.jobs.remove(&id) {
                Some(Progress::Done(result)) => return result.map(Some),
                None => return Err(unknown(id)),
                Some(progress) => state.jobs.insert(id, progress),
            };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => return Ok(None),
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Cancels a job, if its function has not been called yet.
    pub(crate) fn cancel(&self, id: u32) -> Result<JobState, Fault> {
        let mut state = self.lock();
        match state.jobs.get(&id) {
            Some(Progress::Queued) => {
                state.jobs.remove(&id);
                state.queue.retain(|(queued, _)| *queued != id);
                // Another thread may be waiting for it.
                self.changed.notify_all();
                Ok(JobState::Withdrawn)
            }
            Some(Progress::Running) => Ok(JobState::Running),
            Some(Progress::Done(_)) => Ok(JobState::Done),
            None => Err(unknown(id)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, JobsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cold]
fn unknown(id: u32) -> Fault {
    Fault::new(FaultKind::Protocol, format!("there is no job number {id}"))
}
