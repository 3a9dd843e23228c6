//! What ends a worker that does not answer its first requests: a channel's own time limits do not exist on every platform.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::remote::client::Failure;
use crate::remote::control::Control;
use crate::remote::process::Hangup;
use crate::remote::{Started, alarm};

/// How often it is looked whether a worker that has yet to answer still lives.
const LOOK: Duration = Duration::from_millis(500);

/// Why a worker could not be settled with.
pub(super) enum Unsettled {
    /// It did not answer in time, and was ended.
    Silent,
    Failed(Failure),
}

/// What has been seen of a worker that did not answer.
#[derive(Clone, Copy)]
enum Unanswered {
    /// It has ended.
    Ended,
    /// It was given its time.
    Silent,
}

/// Looks after a worker that is started, on the thread of the [alarm], which must run. Dropped or settled, it looks no more.
pub(super) struct Watchdog(Arc<Mutex<Option<Watched>>>);

struct Watched {
    control: Arc<Control>,
    hangup: Hangup,
    deadline: Instant,
    unanswered: Option<Unanswered>,
}

impl Watchdog {
    pub(super) fn start(control: &Arc<Control>, hangup: Hangup, limit: Duration) -> Self {
        let (control, deadline) = (Arc::clone(control), Instant::now() + limit);
        let watched = Arc::new(Mutex::new(Some(Watched { control, hangup, deadline, unanswered: None })));
        look_later(&watched, LOOK.min(limit));
        Self(watched)
    }

    /// What has become of the first requests.
    pub(super) fn settle<T>(self, outcome: Result<T, Failure>) -> Result<T, Unsettled> {
        let unanswered = take(&self.0).and_then(|watched| watched.unanswered);
        outcome.map_err(|failure| match (unanswered, failure) {
            (Some(Unanswered::Silent), _) => Unsettled::Silent,
            // A read that was called off says nothing of why.
            (Some(Unanswered::Ended), Failure::Broken(_)) => {
                Unsettled::Failed(Failure::Ended { last_words: None, started: Started::No })
            }
            (_, failure) => Unsettled::Failed(failure),
        })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        take(&self.0);
    }
}

fn take(watched: &Mutex<Option<Watched>>) -> Option<Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn look_later(watched: &Arc<Mutex<Option<Watched>>>, pause: Duration) {
    let watched = Arc::clone(watched);
    alarm::after(pause, move || {
        let next = watched.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(Watched::look);
        if let Some(pause) = next {
            look_later(&watched, pause);
        }
    });
}

impl Watched {
    /// Ends what has had its time, and gives when to look next.
    fn look(&mut self) -> Duration {
        if self.unanswered.is_some() {
            // The end of the process closes the channel; where it does not, whoever waits there is told. A read that begins
            // later is not called off by this.
            self.hangup.call_off();
            return LOOK;
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.unanswered = match left.is_zero() {
            true => Some(Unanswered::Silent),
            false => self.control.process.has_ended().then_some(Unanswered::Ended),
        };
        if self.unanswered.is_some() {
            self.control.process.kill();
            return LOOK;
        }
        LOOK.min(left)
    }
}
