//! Starts and ends of a worker: starting it, replacing it while healthy, and ending it for good.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Generation, Worker, WorkerState};
use crate::remote::kill_handle::KillReason;
use crate::remote::start::{RunningWorker, start};
use crate::remote::{Recycling, RemoteError};

/// How long a measurement of the worker's memory stays valid.
const MEMORY_PAUSE: Duration = Duration::from_millis(100);

static GENERATIONS: AtomicU64 = AtomicU64::new(0);

impl Worker {
    pub(super) fn start(&self, state: &mut WorkerState) -> Result<(), RemoteError> {
        if state.is_closed {
            return Err(RemoteError::Closed(self.to_string()));
        }
        if self.must_stay_ended(state) {
            return Err(RemoteError::StaysEnded(self.exit_log.of(state.generation).unwrap_or_default()));
        }
        let spares = self.settings.spares.as_ref();
        let spare = spares.and_then(|spares| spares.take(self.kind, &self.settings));
        state.running = Some(match spare {
            Some(running) => running,
            None => start(self.kind, &self.settings)?,
        });
        self.exit_log.forget();
        state.is_restarted = state.generation > 0;
        state.generation = GENERATIONS.fetch_add(1, Ordering::Relaxed) + 1;
        self.latest.store(state.generation, Ordering::Relaxed);
        self.counters.starts.add(1);
        self.counters.running.set(1);
        state.calls_before = self.counters.calls.get();
        state.jobs = 0;
        state.held.clear();
        state.lent.clear();
        state.may_start = false;
        if let Some(spares) = spares {
            if !std::mem::replace(&mut state.is_spared, true) {
                spares.join(self.kind, &self.settings);
            }
            spares.prepare(self.kind, &self.settings);
        }
        Ok(())
    }

    /// Whether it has run before, its settings say that it does not restart, and no restart was requested since.
    fn must_stay_ended(&self, state: &WorkerState) -> bool {
        self.settings.never_restarts && state.generation > 0 && !state.may_start
    }

    /// Whether it has died and will not restart.
    #[must_use]
    pub fn stays_ended(&self) -> bool {
        let state = self.lock();
        state.running.is_none() && self.must_stay_ended(&state)
    }

    /// Whether it is due for recycling. A worker in the middle of a call is not.
    fn is_due_for_recycling(&self, state: &mut WorkerState) -> bool {
        let Some(running) = &state.running else { return false };
        if !state.held.is_empty() || state.jobs > 0 {
            return false;
        }
        let Recycling { calls, memory } = self.settings.recycling;
        if calls.is_some_and(|most| self.counters.calls.get() - state.calls_before >= most) {
            return true;
        }
        let Some(most) = memory else { return false };
        let is_recent = |at: Instant| at.elapsed() < MEMORY_PAUSE;
        if state.memory_looked_at.is_some_and(is_recent) {
            return false;
        }
        state.memory_looked_at = Some(Instant::now());
        running.link.foreign.resident().is_some_and(|bytes| bytes > most)
    }

    /// Takes the running worker out of the state. The worker ends when the returned value is dropped.
    pub(in crate::remote) fn take_running(&self, state: &mut WorkerState) -> Option<RunningWorker> {
        self.counters.running.set(0);
        state.running.take()
    }

    /// Terminates the worker at once if it is still of this generation, regardless of its work. It restarts at the next
    /// request.
    pub fn kill(&self, generation: Generation) {
        let mut state = self.lock();
        if state.generation != generation {
            return;
        }
        let running = self.take_running(&mut state);
        drop(state);
        if let Some(running) = running {
            running.kill_handle.kill(KillReason::Dismissed);
            self.note_end("a call was cancelled, and the worker was terminated with it");
        }
    }

    /// Ends the worker. It restarts at the next request, even if its settings exclude restarts.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.may_start = true;
        let running = self.take_running(&mut state);
        self.exit_log.forget();
        drop(state);
        if running.is_some() {
            self.note_end("it was stopped on request");
        }
        drop(running);
    }

    /// Replaces the worker if it is due for recycling.
    pub(super) fn recycle(&self, state: &mut WorkerState) {
        if !self.is_due_for_recycling(state) {
            return;
        }
        self.counters.recycled.add(1);
        state.may_start = true;
        let recycled = self.take_running(state);
        self.note_end("it was recycled");
        // Its libraries' destructors may take time; if no thread can be started for that, this one waits.
        let _ = thread::Builder::new().spawn(move || drop(recycled));
    }

    /// Restarts the count of calls: steps that follow a restart do not count as use of the worker.
    pub fn set_fresh(&self) {
        self.lock().calls_before = self.counters.calls.get();
    }

    /// Whether it is ever recycled.
    #[must_use]
    pub fn is_recycled(&self) -> bool {
        self.settings.recycling.is_wanted()
    }

    /// Ends the worker for good.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.stop();
        self.leave_spares();
    }

    /// Unregisters it from the spares.
    fn leave_spares(&self) {
        let was_spared = std::mem::take(&mut self.lock().is_spared);
        if let Some(spares) = self.settings.spares.as_ref().filter(|_| was_spared) {
            spares.leave(self.kind, &self.settings);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.leave_spares();
    }
}
