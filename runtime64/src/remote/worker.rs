//! One worker: started when first asked, replaced after its death.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use protocol::{Release, Value};

use super::ends::Ends;
use super::memory::Allocation;
use super::session::Session;
use super::start::Running;
use super::statistics::Counters;
use super::{Interrupt, RemoteError, Report, RunningStatistics, Settings, Statistics, WorkerKind};

/// Which start of a worker something belongs to. Never 0, and no two workers of this process have the same one.
pub type Generation = u64;

mod life;

/// A worker of one kind.
pub struct Worker {
    kind: WorkerKind,
    settings: Settings,
    state: Mutex<State>,
    /// Memory that was lent to a script and is to be given back with the next request: whoever let go of it could not
    /// wait for the worker.
    releases: Mutex<Vec<(Generation, u64)>>,
    /// The generation that runs, or ran last, for those who must not wait for the state.
    latest: AtomicU64,
    pub(super) counters: Counters,
    pub(super) ends: Ends,
    /// What whoever asks it keeps for it.
    extension: OnceLock<Box<dyn Any + Send + Sync>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// The generation that runs, or ran last; 0 before the first.
    pub(super) generation: Generation,
    pub(super) running: Option<Running>,
    /// How many calls had been made when this generation started.
    calls_before: u64,
    /// How many calls are under way that nobody waits for at this moment.
    pub(super) jobs: u64,
    /// Whether a generation after the first has started that nobody has asked about.
    pub(super) is_restarted: bool,
    /// Whether it may start though it does not restart by itself.
    may_start: bool,
    is_closed: bool,
    /// Whether spares know of it.
    is_spared: bool,
    memory_looked_at: Option<Instant>,
    /// The list that each call's arguments are put into.
    pub(super) arguments: Vec<Value>,
    /// The list that a callback's arguments are put into.
    pub(super) called_with: Vec<Value>,
    /// Memory that was allocated for the length of one call, where none is shared, and how much of the list is of calls
    /// that wait for a callback of theirs.
    pub(super) lent: Vec<u64>,
    pub(super) held: Vec<usize>,
}

impl Worker {
    /// A worker that is started when first asked.
    #[must_use]
    pub fn new(kind: WorkerKind, settings: Settings) -> Self {
        Self {
            kind,
            settings,
            state: Mutex::default(),
            releases: Mutex::default(),
            latest: AtomicU64::new(0),
            counters: Counters::default(),
            ends: Ends::default(),
            extension: OnceLock::new(),
        }
    }

    /// What libraries it can load.
    #[must_use]
    pub fn kind(&self) -> WorkerKind {
        self.kind
    }

    /// The name it was given, if it was.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.settings.name.as_deref()
    }

    /// What calls off what it does.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.settings.interrupt
    }

    /// What whoever asks the worker keeps for it, of the one type that it was first asked for: it lives as long as the worker.
    #[must_use]
    pub fn extension<T: Any + Send + Sync + Default>(&self) -> Option<&T> {
        self.extension.get_or_init(|| Box::<T>::default()).downcast_ref()
    }

    /// How much memory it may have, in bytes, if that is limited.
    #[must_use]
    pub fn memory_limit(&self) -> Option<u64> {
        self.settings.conditions.memory_limit
    }

    /// How long each call may take, if there is a limit; other requests may take [longer](super::REQUEST_LIMIT).
    #[must_use]
    #[inline]
    pub fn call_deadline(&self) -> Option<Duration> {
        self.settings.call_deadline
    }

    /// The running worker, for one or more requests that must meet the same generation. Starts it if need be, but not before the
    /// end of the last generation has been reported.
    ///
    /// # Errors
    /// The end that is not reported yet; all of [`RemoteError`]'s variants about the start; [`RemoteError::Closed`],
    /// [`RemoteError::StaysEnded`].
    pub fn session(&self) -> Result<Session<'_>, RemoteError> {
        let mut state = self.lock();
        if self.settings.recycling.is_wanted() {
            self.recycle(&mut state);
        }
        if state.running.is_none() {
            if let Some(end) = self.ends.unreported() {
                return Err(end);
            }
            self.start(&mut state)?;
        }
        Ok(Session::new(self, state))
    }

    /// The running worker, if it is still of this generation.
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

    /// Allocates zeroed memory in the worker that runs now, and tells which generation that is. `align` is a power of
    /// two. Where memory is shared, the worker is asked only when the arena must grow.
    ///
    /// # Errors
    /// [`RemoteError::ArenaFull`] when the limit is reached, [`RemoteError::Fault`] when the worker has no room; those of
    /// [`session`](Self::session).
    pub fn allocate(self: &Arc<Self>, bytes: u64, align: u64) -> Result<(Allocation, Generation), RemoteError> {
        let mut session = self.session()?;
        let generation = session.generation();
        Ok((session.allocate_lasting(self, bytes, align)?, generation))
    }

    /// Has memory that was lent given back, when the worker is next asked for more.
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

    /// How much memory its objects take, as far as it shares memory, in bytes.
    #[must_use]
    pub fn arena_use(&self) -> u64 {
        let state = self.lock();
        let shared = state.running.as_ref().and_then(|running| running.link.shared.as_ref().ok());
        shared.map_or(0, |shared| shared.arena.usage().used)
    }

    /// What is counted about it. It does not wait for a call that is under way.
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

    /// The generation that runs, or ran last; 0 before the first.
    #[must_use]
    pub fn latest(&self) -> Generation {
        self.latest.load(Ordering::Relaxed)
    }

    /// Has the next call find that the worker was restarted: what is to be done then has failed.
    pub fn set_restarted(&self) {
        self.lock().is_restarted = true;
    }

    /// What to say of something that a generation has taken with it, with the reason if it is known.
    #[must_use]
    pub fn ended(&self, generation: Generation) -> String {
        let why = self.ends.of(generation).map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("a worker that has ended{why}; what was there is gone")
    }

    /// What an error that describes the end of a generation sets when it is raised.
    #[must_use]
    pub fn report_of(&self, generation: Generation) -> Option<Report> {
        self.ends.report_of(generation)
    }

    /// Keeps why the generation has ended that runs, or ran last.
    pub fn note_end(&self, reason: &str) {
        self.ends.note(self.latest(), reason);
    }

    /// Says that it is about to be asked for something: if it sleeps, it wakes up meanwhile.
    pub fn rouse(&self) {
        if let Some(running) = &mut self.lock().running {
            running.link.client.rouse();
        }
    }

    /// The generation that runs, if one does.
    #[must_use]
    pub fn running(&self) -> Option<Generation> {
        let state = self.lock();
        state.running.as_ref().map(|_| state.generation)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in another thread leaves no half-changed state: `running` is replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to call it in a message.
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
