//! Spare workers: started before they are needed, so that isolation and recovery cost no start-up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::start::{Running, start};
use super::{Settings, WorkerKind, alarm};

/// How long no worker has been started before a spare is: a script that is over by then needs none, and where one worker dies
/// after the other, its start would only delay theirs and the news of their ends.
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
    spares: Vec<Spare>,
    /// How many are being started.
    starting: u32,
}

/// A worker that waits, or is to be started, for those who would take its place.
#[derive(Debug)]
struct Spare {
    kind: WorkerKind,
    settings: Settings,
    /// How many workers it could serve. Without any it ends.
    users: u32,
    running: Option<Running>,
    is_starting: bool,
    /// How many workers have been started whose place it could take.
    starts: u64,
}

impl Spare {
    fn serves(&self, kind: WorkerKind, settings: &Settings) -> bool {
        self.kind == kind && self.settings.starts_as(settings)
    }
}

impl State {
    fn find(&mut self, kind: WorkerKind, settings: &Settings) -> Option<&mut Spare> {
        self.spares.iter_mut().find(|spare| spare.serves(kind, settings))
    }

    /// Whether one is to be started now, so long after so many starts of workers: not if it is there, or a worker has been started
    /// since, or nobody is left whom it could serve.
    fn begin(&mut self, kind: WorkerKind, settings: &Settings, starts: u64) -> bool {
        match self.find(kind, settings) {
            Some(spare) if spare.running.is_none() && !spare.is_starting && spare.starts == starts => {
                spare.is_starting = true;
                self.starting += 1;
                true
            }
            _ => false,
        }
    }
}

impl Spares {
    /// Says that there is a worker that a spare could serve.
    pub(super) fn join(&self, kind: WorkerKind, settings: &Settings) {
        let mut state = self.lock();
        match state.find(kind, settings) {
            Some(spare) => spare.users += 1,
            None => {
                let settings = settings.without_spares();
                state.spares.push(Spare { kind, settings, users: 1, running: None, is_starting: false, starts: 0 });
            }
        }
    }

    /// Says that there is one less. The spare of the last one ends.
    pub(super) fn leave(&self, kind: WorkerKind, settings: &Settings) {
        let mut state = self.lock();
        let Some(place) = state.spares.iter().position(|spare| spare.serves(kind, settings)) else { return };
        state.spares[place].users -= 1;
        let left = (state.spares[place].users == 0).then(|| state.spares.swap_remove(place));
        drop(state);
        drop(left);
    }

    /// A worker that waits, if there is one that was started this way and still lives.
    pub(super) fn take(&self, kind: WorkerKind, settings: &Settings) -> Option<Running> {
        let running = self.lock().find(kind, settings)?.running.take();
        running.filter(|running| !running.control.process.has_ended())
    }

    /// Says that a worker has been started. If none is for a while, another one is started then that waits, if none does.
    pub(super) fn prepare(&self, kind: WorkerKind, settings: &Settings) {
        let started = self.lock().find(kind, settings).map(|spare| {
            spare.starts += 1;
            spare.starts
        });
        let Some(starts) = started else { return };
        // A state that has ended meanwhile is not held on to.
        let (spares, settings) = (Arc::downgrade(&self.0), settings.without_spares());
        alarm::after(PAUSE, move || {
            if let Some(spares) = spares.upgrade().map(Self) {
                spares.start(kind, settings, starts);
            }
        });
    }

    /// Starts one, if that is still wanted.
    fn start(self, kind: WorkerKind, settings: Settings, starts: u64) {
        if !self.lock().begin(kind, &settings, starts) {
            return;
        }
        // Starting one takes longer than the watch may be kept from watching.
        let (spares, wanted) = (self.clone(), settings.clone());
        let started = thread::Builder::new().spawn(move || {
            let running = start(kind, &wanted);
            spares.keep(kind, &wanted, running.ok());
        });
        if started.is_err() {
            self.keep(kind, &settings, None);
        }
    }

    /// Keeps a worker that has been started. Why one could not be started is told where one is needed.
    fn keep(&self, kind: WorkerKind, settings: &Settings, running: Option<Running>) {
        let mut state = self.lock();
        let left = match state.find(kind, settings) {
            Some(spare) => {
                spare.is_starting = false;
                running.and_then(|running| spare.running.replace(running))
            }
            // Nobody is left whom it could serve.
            None => running,
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

    /// Ends those that wait; none is started any more for the workers that there are.
    pub fn end(&self) {
        let mut state = self.lock();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_workers_are_started_no_spare_is() {
        let (spares, kind, settings) = (Spares::default(), WorkerKind::DEFAULT, Settings::default());
        spares.join(kind, &settings);
        spares.prepare(kind, &settings);
        spares.prepare(kind, &settings);
        let begins = |starts| spares.lock().begin(kind, &settings.without_spares(), starts);
        assert!(!begins(1), "another worker has been started since the first");
        assert!(begins(2), "none has since the second");
        assert!(!begins(2), "one at a time");
    }
}
