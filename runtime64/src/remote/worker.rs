//! One worker: started at the first request, replaced after its death.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use protocol::{Release, Value};

use super::exit_log::ExitLog;
use super::memory::Allocation;
use super::session::Session;
use super::start::RunningWorker;
use super::statistics::Counters;
use super::{Interrupt, RemoteError, Report, RunningStatistics, Settings, Statistics, WorkerKind};

/// The number of a worker's start. Never 0, and unique among all workers of this process.
pub type Generation = u64;

mod life;

/// A worker of one kind.
pub struct Worker {
    kind: WorkerKind,
    settings: Settings,
    state: Mutex<WorkerState>,
    /// Memory lent to a script, to be released with the next request: the code that dropped it could not wait for the
    /// worker.
    releases: Mutex<Vec<(Generation, u64)>>,
    /// The generation that is running, or ran last, for code that must not wait for the state.
    latest: AtomicU64,
    pub(super) counters: Counters,
    pub(super) exit_log: ExitLog,
    /// Data that the user of the worker associates with it.
    extension: OnceLock<Box<dyn Any + Send + Sync>>,
}

#[derive(Debug, Default)]
pub(super) struct WorkerState {
    /// The generation that is running, or ran last; 0 before the first.
    pub(super) generation: Generation,
    pub(super) running: Option<RunningWorker>,
    /// The number of calls made before this generation started.
    calls_before: u64,
    /// The number of calls in progress that no thread is currently waiting for.
    pub(super) jobs: u64,
    /// Whether a generation after the first has started and [`Session::take_restarted`] was not called since.
    pub(super) is_restarted: bool,
    /// Whether it may start although it does not restart by itself.
    may_start: bool,
    is_closed: bool,
    /// Whether the spares know this worker.
    is_spared: bool,
    memory_looked_at: Option<Instant>,
    /// The list for each call's arguments.
    pub(super) arguments: Vec<Value>,
    /// The list for a callback's arguments.
    pub(super) called_with: Vec<Value>,
    /// Memory allocated for the duration of one call, if none is shared, and the parts of the list that belong to calls
    /// which wait for one of their callbacks.
    pub(super) lent: Vec<u64>,
    pub(super) held: Vec<usize>,
}

impl Worker {
    /// Creates a worker, which starts at the first request.
    #[must_use]
    pub fn new(kind: WorkerKind, settings: Settings) -> Self {
        Self {
            kind,
            settings,
            state: Mutex::default(),
            releases: Mutex::default(),
            latest: AtomicU64::new(0),
            counters: Counters::default(),
            exit_log: ExitLog::default(),
            extension: OnceLock::new(),
        }
    }

    /// The kind of libraries it can load.
    #[must_use]
    pub fn kind(&self) -> WorkerKind {
        self.kind
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.settings.name.as_deref()
    }

    /// The interrupt for its calls.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.settings.interrupt
    }

    /// Data that the user of the worker associates with it, of the type of the first call. It lives as long as the
    /// worker.
    #[must_use]
    pub fn extension<T: Any + Send + Sync + Default>(&self) -> Option<&T> {
        self.extension.get_or_init(|| Box::<T>::default()).downcast_ref()
    }

    /// Its maximum memory, in bytes, if it is limited.
    #[must_use]
    pub fn memory_limit(&self) -> Option<u64> {
        self.settings.process_options.memory_limit
    }

    /// The time limit of each call, if there is one; other requests may take [longer](super::REQUEST_LIMIT).
    #[must_use]
    #[inline]
    pub fn call_deadline(&self) -> Option<Duration> {
        self.settings.call_deadline
    }

    /// Holds the running worker for one or more requests to the same generation. Starts it if necessary, but not before
    /// the end of the last generation has been reported.
    ///
    /// The unreported end; all of [`RemoteError`]'s variants about the start; [`RemoteError::Closed`],
    /// [`RemoteError::StaysEnded`].
    pub fn session(&self) -> Result<Session<'_>, RemoteError> {
        let mut state = self.lock();
        if self.settings.recycling.is_wanted() {
            self.recycle(&mut state);
        }
        if state.running.is_none() {
            if let Some(end) = self.exit_log.unreported() {
                return Err(end);
            }
            self.start(&mut state)?;
        }
        Ok(Session::new(self, state))
    }

    /// Holds the running worker, if it still is of this generation.
    ///
    /// # Errors
    /// [`RemoteError::Stale`].
    pub fn session_of(&self, generation: Generation) -> Result<Session<'_>, RemoteError> {
        let state = self.lock();
        if state.generation == generation && state.running.is_some() {
            Ok(Session::new(self, state))
        } else {
            Err(RemoteError::Stale)
        }
    }

    /// Allocates zeroed memory in the running worker, and returns its generation. `align` is a power of two. If memory
    /// is shared, a request is sent only when the arena must grow.
    ///
    /// # Errors
    /// [`RemoteError::ArenaFull`] when the limit is reached, [`RemoteError::Fault`] when the worker has no room; those
    /// of [`session`](Self::session).
    pub fn allocate(self: &Arc<Self>, bytes: u64, align: u64) -> Result<(Allocation, Generation), RemoteError> {
        let mut session = self.session()?;
        let generation = session.generation();
        Ok((session.allocate_lasting(self, bytes, align)?, generation))
    }

    /// Releases lent memory at the next allocation.
    pub(super) fn release_later(&self, generation: Generation, address: u64) {
        self.releases.lock().unwrap_or_else(PoisonError::into_inner).push((generation, address));
    }

    pub(super) fn release_lent(&self, session: &mut Session<'_>) -> Result<(), RemoteError> {
        let releases = std::mem::take(&mut *self.releases.lock().unwrap_or_else(PoisonError::into_inner));
        let current = session.generation();
        for (_, address) in releases.into_iter().filter(|(generation, _)| *generation == current) {
            session.call(&Release { address })?;
        }
        Ok(())
    }

    /// The memory used by its objects, if memory is shared, in bytes.
    #[must_use]
    pub fn arena_use(&self) -> u64 {
        let state = self.lock();
        let shared = state.running.as_ref().and_then(|running| running.link.shared.as_ref().ok());
        shared.map_or(0, |shared| shared.arena.usage().used)
    }

    /// Its statistics. Does not wait for a call in progress.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let state = match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let running = state.as_ref().and_then(|state| state.running.as_ref()).map(|running| RunningStatistics {
            arena: running.link.shared.as_ref().map(|shared| shared.arena.usage()).map_err(Clone::clone),
            refusal: running.link.shared.as_ref().ok().and_then(|shared| shared.arena.refusal()),
            resident: running.link.foreign.resident(),
        });
        self.counters.statistics(running)
    }

    /// The generation that is running, or ran last; 0 before the first.
    #[must_use]
    pub fn latest(&self) -> Generation {
        self.latest.load(Ordering::Relaxed)
    }

    /// Marks the worker as restarted for the next call, after the steps that follow a restart have failed.
    pub fn set_restarted(&self) {
        self.lock().is_restarted = true;
    }

    /// Describes the lost worker of a reference to this generation, with the reason if it is known.
    #[must_use]
    pub fn ended(&self, generation: Generation) -> String {
        let why = self.exit_log.of(generation).map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("a worker that has exited{why}; its memory is gone")
    }

    /// The flag that an error which describes the end of a generation sets when it is raised.
    #[must_use]
    pub fn report_of(&self, generation: Generation) -> Option<Report> {
        self.exit_log.report_of(generation)
    }

    /// Keeps the reason for the end of the generation that is running, or ran last.
    pub fn note_end(&self, reason: &str) {
        self.exit_log.note(self.latest(), reason);
    }

    /// Announces that a request is about to be sent: if the worker sleeps, it wakes up meanwhile.
    pub fn wake_early(&self) {
        if let Some(running) = &mut self.lock().running {
            running.link.client.wake_early();
        }
    }

    /// The generation that is running, if any.
    #[must_use]
    pub fn running(&self) -> Option<Generation> {
        let state = self.lock();
        state.running.as_ref().map(|_| state.generation)
    }

    fn lock(&self) -> MutexGuard<'_, WorkerState> {
        // A panic in another thread leaves no half-changed state: `running` is replaced as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Formats the worker's name for messages.
impl fmt::Display for Worker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.settings.name {
            Some(name) => write!(formatter, "worker '{name}' ({})", self.kind),
            None => write!(formatter, "the {} worker", self.kind),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Worker").field("kind", &self.kind).field("state", &self.state).finish_non_exhaustive()
    }
}
