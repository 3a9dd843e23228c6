//! One worker: started when first asked, replaced after its death.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use protocol::{Release, Value};

use super::control::Ending;
use super::memory::Allocation;
use super::session::Session;
use super::start::{Running, start};
use super::{Interrupt, RemoteError, RunningStatistics, Settings, Statistics, WorkerKind};

/// Which start of a worker something belongs to. Never 0, and no two workers of this process have the same one.
pub type Generation = u64;

static GENERATIONS: AtomicU64 = AtomicU64::new(0);

/// A worker of one kind.
pub struct Worker {
    kind: WorkerKind,
    settings: Settings,
    state: Mutex<State>,
    /// Memory that was lent to a script and is to be given back with the next request: whoever let go of it could not
    /// wait for the worker.
    releases: Mutex<Vec<(Generation, u64)>>,
    /// What whoever asks it keeps for it.
    companion: OnceLock<Box<dyn Any + Send + Sync>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// The generation that runs, or ran last; 0 before the first.
    pub(super) generation: Generation,
    pub(super) running: Option<Running>,
    pub(super) starts: u64,
    pub(super) requests: u64,
    pub(super) calls: u64,
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
        Self { kind, settings, state: Mutex::default(), releases: Mutex::default(), companion: OnceLock::new() }
    }

    /// What libraries it can load.
    #[must_use]
    pub fn kind(&self) -> WorkerKind {
        self.kind
    }

    /// What calls off what it does.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.settings.interrupt
    }

    /// What whoever asks the worker keeps for it, of the one type that it was first asked for: it lives as long as the worker.
    #[must_use]
    pub fn companion<T: Any + Send + Sync + Default>(&self) -> Option<&T> {
        self.companion.get_or_init(|| Box::<T>::default()).downcast_ref()
    }

    /// The running worker, for one or more requests that must meet the same generation. Starts it if need be.
    ///
    /// # Errors
    /// All of [`RemoteError`]'s variants about the start.
    pub fn session(&self) -> Result<Session<'_>, RemoteError> {
        let mut state = self.lock();
        if state.running.is_none() {
            state.running = Some(start(self.kind, &self.settings)?);
            state.generation = GENERATIONS.fetch_add(1, Ordering::Relaxed) + 1;
            state.starts += 1;
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
        self.statistics().running.and_then(|running| running.arena.ok()).map_or(0, |usage| usage.used)
    }

    /// What is counted about it.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let state = self.lock();
        let running = state.running.as_ref().map(|running| RunningStatistics {
            arena: running.link.shared.as_ref().map(|shared| shared.arena.usage()).map_err(Clone::clone),
        });
        Statistics { starts: state.starts, requests: state.requests, calls: state.calls, running }
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

    /// Ends the worker at once if it is still of this generation, whatever it does. It starts again when asked again.
    pub fn kill(&self, generation: Generation) {
        let state = self.lock();
        if let Some(running) = state.running.as_ref().filter(|_| state.generation == generation) {
            running.control.end(Ending::Dismissed);
        }
    }

    /// Ends the worker. It starts again when asked again.
    pub fn stop(&self) {
        drop(self.lock().running.take());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in another thread leaves no half-changed state: `running` is replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Worker").field("kind", &self.kind).field("state", &self.state).finish_non_exhaustive()
    }
}
