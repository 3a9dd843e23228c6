//! Spare workers: started before they are needed, so that isolation and recovery cost no start-up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::start::{Running, start};
use super::{Settings, WorkerKind, alarm};

/// How long a worker has run before a spare is started for it: a script that is over by then needs none.
const PAUSE: Duration = Duration::from_secs(2);

/// The spare workers of one Lua state: at most one for each kind and way of starting. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Spares(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Is notified when a worker has been started.
    changed: Condvar,
}

/// How long the end of a state waits for a spare that is being started, so that it ends with the state: under Wine a worker
/// whose host goes away meanwhile would first have to finish its start.
const END_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    spares: Vec<Spare>,
    /// How many are being started.
    starting: u32,
}

/// A worker that waits, or is being started.
#[derive(Debug)]
struct Spare {
    kind: WorkerKind,
    settings: Settings,
    running: Option<Running>,
}

impl Spare {
    fn serves(&self, kind: WorkerKind, settings: &Settings) -> bool {
        self.kind == kind && self.settings.starts_as(settings)
    }
}

impl Spares {
    /// A worker that waits, if there is one that was started this way and still lives.
    pub(super) fn take(&self, kind: WorkerKind, settings: &Settings) -> Option<Running> {
        let mut state = self.lock();
        let place = state.spares.iter().position(|spare| spare.serves(kind, settings) && spare.running.is_some())?;
        let spare = state.spares.swap_remove(place);
        drop(state);
        spare.running.filter(|running| running.control.process.wait(Duration::ZERO).is_none())
    }

    /// Has a worker started in a while that waits from then on, if none does.
    pub(super) fn prepare(&self, kind: WorkerKind, settings: &Settings) {
        // A state that has ended meanwhile is not held on to.
        let (spares, settings) = (Arc::downgrade(&self.0), settings.without_spares());
        alarm::after(PAUSE, move || {
            let Some(spares) = spares.upgrade().map(Self) else { return };
            let mut state = spares.lock();
            if state.is_over || state.spares.iter().any(|spare| spare.serves(kind, &settings)) {
                return;
            }
            state.spares.push(Spare { kind, settings: settings.clone(), running: None });
            state.starting += 1;
            drop(state);
            // Starting one takes longer than the watch may be kept from watching.
            thread::spawn(move || {
                let started = start(kind, &settings);
                spares.keep(kind, &settings, started.ok());
            });
        });
    }

    /// Keeps a worker that has been started. Why one could not be started is told where one is needed.
    fn keep(&self, kind: WorkerKind, settings: &Settings, running: Option<Running>) {
        let mut state = self.lock();
        let place = state.spares.iter().position(|spare| spare.serves(kind, settings) && spare.running.is_none());
        let left = match (place, running) {
            (Some(place), Some(running)) => state.spares[place].running.replace(running),
            (Some(place), None) => state.spares.swap_remove(place).running,
            // The state has ended meanwhile.
            (None, running) => running,
        };
        drop(state);
        // Nobody waits for the lock while a worker ends, and whoever waits for the end of this is told after it.
        drop(left);
        self.lock().starting -= 1;
        self.0.changed.notify_all();
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().spares.iter().filter(|spare| spare.running.is_some()).count()
    }

    /// Ends those that wait; none is started any more.
    pub fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        let spares = std::mem::take(&mut state.spares);
        let until = Instant::now() + END_LIMIT;
        while state.starting > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        drop(spares);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
