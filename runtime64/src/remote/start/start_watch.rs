//! The watch over a worker's first requests: a channel has no time limits of its own on every platform.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::remote::client::RequestFailure;
use crate::remote::kill_handle::KillHandle;
use crate::remote::process::Hangup;
use crate::remote::{Started, watchdog};

/// The interval of checking whether a worker that has not answered is still alive.
const LOOK: Duration = Duration::from_millis(500);

/// The reason why a worker could not be set up.
pub(super) enum Unsettled {
    /// It did not answer in time, and was killed.
    Silent,
    Failed(RequestFailure),
}

/// The observed state of a worker that did not answer.
#[derive(Clone, Copy)]
enum Unanswered {
    /// It has exited.
    Ended,
    /// Its time limit has passed.
    Silent,
}

/// Monitors a starting worker on the thread of the [watchdog], which must be running, until it is dropped or settled.
pub(super) struct StartWatch(Arc<Mutex<Option<StartingWorker>>>);

struct StartingWorker {
    kill_handle: Arc<KillHandle>,
    hangup: Hangup,
    deadline: Instant,
    unanswered: Option<Unanswered>,
}

impl StartWatch {
    pub(super) fn start(kill_handle: &Arc<KillHandle>, hangup: Hangup, limit: Duration) -> Self {
        let (kill_handle, deadline) = (Arc::clone(kill_handle), Instant::now() + limit);
        let watched = Arc::new(Mutex::new(Some(StartingWorker { kill_handle, hangup, deadline, unanswered: None })));
        look_later(&watched, LOOK.min(limit));
        Self(watched)
    }

    /// Returns the outcome of the first requests.
    pub(super) fn settle<T>(self, outcome: Result<T, RequestFailure>) -> Result<T, Unsettled> {
        let unanswered = take(&self.0).and_then(|watched| watched.unanswered);
        outcome.map_err(|failure| match (unanswered, failure) {
            (Some(Unanswered::Silent), _) => Unsettled::Silent,
            // A cancelled read does not show the cause.
            (Some(Unanswered::Ended), RequestFailure::Broken(_)) => {
                Unsettled::Failed(RequestFailure::Ended { crash_report: None, started: Started::No })
            }
            (_, failure) => Unsettled::Failed(failure),
        })
    }
}

impl Drop for StartWatch {
    fn drop(&mut self) {
        take(&self.0);
    }
}

fn take(watched: &Mutex<Option<StartingWorker>>) -> Option<StartingWorker> {
    watched.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn look_later(watched: &Arc<Mutex<Option<StartingWorker>>>, pause: Duration) {
    let watched = Arc::clone(watched);
    watchdog::after(pause, move || {
        let next = watched.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(StartingWorker::look);
        if let Some(pause) = next {
            look_later(&watched, pause);
        }
    });
}

impl StartingWorker {
    /// Kills a worker whose time limit has passed, and returns the time until the next check.
    fn look(&mut self) -> Duration {
        if self.unanswered.is_some() {
            // The end of the process closes the channel; if it does not, the waiting read is cancelled. A read that
            // begins later is not affected by this.
            self.hangup.call_off();
            return LOOK;
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.unanswered = match left.is_zero() {
            true => Some(Unanswered::Silent),
            false => self.kill_handle.process.has_ended().then_some(Unanswered::Ended),
        };
        if self.unanswered.is_some() {
            self.kill_handle.process.kill();
            return LOOK;
        }
        LOOK.min(left)
    }
}
