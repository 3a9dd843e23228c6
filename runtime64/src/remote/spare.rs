//! Spare workers: started before they are needed, so that isolation and recovery need no start-up time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::start::{RunningWorker, start};
use super::{Settings, WorkerKind, watchdog};

/// The time without a worker start after which a spare starts: a script that finishes within it needs none, and when
/// workers die one after the other, starting a spare would only delay their starts and the reports of their exits.
const PAUSE: Duration = Duration::from_secs(2);

/// The spare workers of one Lua state: at most one for each kind and set of start settings. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Spares(Arc<SharedSpares>);

#[derive(Debug, Default)]
struct SharedSpares {
    state: Mutex<SparesState>,
    /// Notified when a spare has been started.
    changed: Condvar,
}

/// How long closing a state waits for a spare that is starting, so that it ends with the state: under Wine a worker
/// whose host ends meanwhile would first have to finish its start.
const END_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct SparesState {
    spares: Vec<Spare>,
    /// The number of spares that are starting.
    starting: u32,
}

/// A spare worker, waiting or to be started, for the workers that it could replace.
#[derive(Debug)]
struct Spare {
    kind: WorkerKind,
    settings: Settings,
    /// The number of workers it could serve. If there are none, it ends.
    users: u32,
    running: Option<RunningWorker>,
    is_starting: bool,
    /// The number of worker starts that it could have served.
    starts: u64,
}

impl Spare {
    fn serves(&self, kind: WorkerKind, settings: &Settings) -> bool {
        self.kind == kind && self.settings.starts_as(settings)
    }
}

impl SparesState {
    fn find(&mut self, kind: WorkerKind, settings: &Settings) -> Option<&mut Spare> {
        self.spares.iter_mut().find(|spare| spare.serves(kind, settings))
    }

    /// Begins a start if it is still due, as planned after `starts` worker starts: not if the spare exists, a worker
    /// has started since, or there is no worker that it could serve.
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
    /// Registers a worker that a spare could serve.
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

    /// Unregisters a worker. The spare of the last one ends.
    pub(super) fn leave(&self, kind: WorkerKind, settings: &Settings) {
        let mut state = self.lock();
        let Some(place) = state.spares.iter().position(|spare| spare.serves(kind, settings)) else { return };
        state.spares[place].users -= 1;
        let left = (state.spares[place].users == 0).then(|| state.spares.swap_remove(place));
        drop(state);
        drop(left);
    }

    /// Takes the waiting worker with these settings, if there is one and it is still alive.
    pub(super) fn take(&self, kind: WorkerKind, settings: &Settings) -> Option<RunningWorker> {
        let running = self.lock().find(kind, settings)?.running.take();
        running.filter(|running| !running.kill_handle.process.has_ended())
    }

    /// Records the start of a worker. If no further one starts for a while, a spare is started then, if there is none.
    pub(super) fn prepare(&self, kind: WorkerKind, settings: &Settings) {
        let started = self.lock().find(kind, settings).map(|spare| {
            spare.starts += 1;
            spare.starts
        });
        let Some(starts) = started else { return };
        // The weak reference does not keep a state alive that has ended meanwhile.
        let (spares, settings) = (Arc::downgrade(&self.0), settings.without_spares());
        watchdog::after(PAUSE, move || {
            if let Some(spares) = spares.upgrade().map(Self) {
                spares.start(kind, settings, starts);
            }
        });
    }

    /// Starts a spare, if it is still wanted.
    fn start(self, kind: WorkerKind, settings: Settings, starts: u64) {
        if !self.lock().begin(kind, &settings, starts) {
            return;
        }
        // Starting one takes longer than the watchdog may be blocked.
        let (spares, wanted) = (self.clone(), settings.clone());
        let started = thread::Builder::new().spawn(move || {
            let running = start(kind, &wanted);
            spares.keep(kind, &wanted, running.ok());
        });
        if started.is_err() {
            self.keep(kind, &settings, None);
        }
    }

    /// Keeps a started worker. If the start failed, the reason is reported where a worker is needed.
    fn keep(&self, kind: WorkerKind, settings: &Settings, running: Option<RunningWorker>) {
        let mut state = self.lock();
        let left = match state.find(kind, settings) {
            Some(spare) => {
                spare.is_starting = false;
                running.and_then(|running| spare.running.replace(running))
            }
            // There is no worker left that it could serve.
            None => running,
        };
        drop(state);
        // The lock is not held while a worker ends, and a waiting `end` is notified after that.
        drop(left);
        self.lock().starting -= 1;
        self.0.changed.notify_all();
    }

    /// The number of waiting spares.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().spares.iter().filter(|spare| spare.running.is_some()).count()
    }

    /// Ends the waiting spares; no further ones are started for the existing workers.
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

    fn lock(&self) -> MutexGuard<'_, SparesState> {
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
