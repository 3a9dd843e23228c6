//! Threads started by the library that call the host, and their calls that need no answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::Value;

use crate::invoke::ErrorNumbers;

/// The maximum number of calls queued for the host. Further calls are dropped, and the host receives their number.
const MOST_QUEUED: usize = 1 << 16;

/// A call that the host will make later.
pub(crate) struct QueuedCall {
    pub(crate) callback: u32,
    pub(crate) errors: ErrorNumbers,
    pub(crate) arguments: Vec<Value>,
}

/// The calls and threads that wait for the host.
#[derive(Default)]
pub(crate) struct ForeignCallbacks {
    /// The number of calls from the library's own threads that the host has made so far.
    served: AtomicU32,
    /// Whether calls are queued; avoids locking if there are none.
    has_queued: AtomicBool,
    /// The number of threads that wait for changes.
    waiting: AtomicU32,
    state: Mutex<CallbackQueue>,
    changed: Condvar,
}

#[derive(Default)]
struct CallbackQueue {
    queue: VecDeque<QueuedCall>,
    lost: u32,
}

impl ForeignCallbacks {
    /// The number of calls from the library's own threads that the host has made so far.
    pub(crate) fn served(&self) -> u32 {
        self.served.load(Ordering::SeqCst)
    }

    /// Counts a call from one of the library's own threads that the host has made.
    pub(crate) fn count_served(&self) {
        self.served.fetch_add(1, Ordering::SeqCst);
        self.announce();
    }

    /// Notifies the waiting threads of a change.
    fn announce(&self) {
        // A waiting thread registers before it checks the state, and checks again before it sleeps.
        if self.waiting.load(Ordering::SeqCst) != 0 {
            drop(self.lock());
            self.changed.notify_all();
        }
    }

    /// Queues a call for the host.
    pub(crate) fn queue(&self, call: QueuedCall) {
        let mut state = self.lock();
        if state.queue.len() < MOST_QUEUED {
            state.queue.push_back(call);
        } else {
            state.lost = state.lost.saturating_add(1);
        }
        self.has_queued.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    pub(crate) fn has_queued(&self) -> bool {
        self.has_queued.load(Ordering::SeqCst)
    }

    /// The calls that are queued now, and the number dropped before them.
    pub(crate) fn take_queued(&self) -> (VecDeque<QueuedCall>, u32) {
        let mut state = self.lock();
        self.has_queued.store(false, Ordering::SeqCst);
        (std::mem::take(&mut state.queue), std::mem::take(&mut state.lost))
    }

    /// Waits until more than `served` calls from the library's own threads were served, or one is queued, or the time
    /// is over.
    pub(crate) fn wait(&self, served: u32, limit: Duration) {
        let deadline = Instant::now() + limit;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = self.lock();
        while state.queue.is_empty() && self.served() == served {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (state, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, CallbackQueue> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
