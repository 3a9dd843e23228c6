//! Spare workers: started before they are needed, so that isolation and recovery cost no start-up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::start::{Running, start};
use super::{Settings, WorkerKind, alarm};

/// How long a worker has run before a spare is started for it: a script that is over by then needs none.
const PAUSE: Duration = Duration::from_secs(2);

/// The spare workers of one Lua state: at most one for each kind and way of starting. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Spares(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    spares: Vec<Spare>,
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
            drop(state);
            // Starting one takes longer than the watch may be kept from watching.
            let weak = Arc::downgrade(&spares.0);
            thread::spawn(move || {
                let started = start(kind, &settings);
                // Without a state to serve the worker ends as it is let go of.
                if let Some(spares) = weak.upgrade().map(Self) {
                    spares.keep(kind, &settings, started.ok());
                }
            });
        });
    }

    /// Keeps a worker that has been started. Why one could not be started is told where one is needed.
    fn keep(&self, kind: WorkerKind, settings: &Settings, running: Option<Running>) {
        let mut state = self.lock();
        let place = state.spares.iter().position(|spare| spare.serves(kind, settings) && spare.running.is_none());
        if let Some(place) = place {
            match running {
                Some(running) => state.spares[place].running = Some(running),
                None => drop(state.spares.swap_remove(place)),
            }
        }
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
        drop(state);
        drop(spares);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
