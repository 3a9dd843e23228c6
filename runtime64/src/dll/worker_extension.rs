//! The state that the module keeps for each worker, for the worker's lifetime.

use super::abandoned_jobs::AbandonedJobs;
use super::breaker::Breaker;
use super::callback_table::Callbacks;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::function_stats::FunctionStats;
use crate::remote::Worker;

/// The state kept for one worker.
#[derive(Default)]
pub(super) struct WorkerExtension {
    /// The Lua function that each callback is bound to.
    pub(super) callbacks: Callbacks,
    /// The pending calls that no future waits for any more.
    pub(super) abandoned_jobs: AbandonedJobs,
    /// `errno` and the last error after the last call.
    pub(super) error_numbers: ErrorNumbers,
    /// The breaker of each library by path; the path is empty for the default library.
    libraries: Mutex<BTreeMap<String, Arc<Breaker>>>,
    /// The counters of each function, by the names of library and function.
    functions: Mutex<BTreeMap<(String, String), Arc<FunctionStats>>>,
}

/// `errno` and the last error after a call.
#[derive(Default)]
pub(super) struct ErrorNumbers {
    errno: AtomicI32,
    last_error: AtomicU32,
}

impl ErrorNumbers {
    /// Stores the values after a call.
    pub(super) fn set(&self, errno: i32, last_error: u32) {
        self.errno.store(errno, Ordering::Relaxed);
        self.last_error.store(last_error, Ordering::Relaxed);
    }

    pub(super) fn errno(&self) -> i32 {
        self.errno.load(Ordering::Relaxed)
    }

    /// The result of `GetLastError()`.
    pub(super) fn last_error(&self) -> u32 {
        self.last_error.load(Ordering::Relaxed)
    }
}

impl WorkerExtension {
    /// The breaker of a library.
    pub(super) fn breaker(&self, path: &str) -> Arc<Breaker> {
        let mut libraries = self.libraries.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(libraries.entry(path.to_owned()).or_default())
    }

    /// The counters of a function.
    pub(super) fn function_stats(&self, library: &str, function: &str) -> Arc<FunctionStats> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(functions.entry((library.to_owned(), function.to_owned())).or_default())
    }

    /// The counters of all functions, by the names of library and function.
    pub(super) fn function_stats_by_name(&self) -> BTreeMap<(String, String), Arc<FunctionStats>> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state kept for a worker.
    #[inline]
    pub(super) fn of(worker: &Worker) -> Option<&Self> {
        worker.extension()
    }
}
