//! Workers with the same settings: one of each kind, started when first needed.

use std::sync::{Arc, OnceLock};

use super::{Settings, Worker, WorkerKind};

/// One worker of each kind. Libraries of one kind share an address space, as they would in a program of that kind, so
/// that handles of one can be passed to another.
#[derive(Debug)]
pub struct Workers {
    settings: Settings,
    by_kind: [OnceLock<Arc<Worker>>; WorkerKind::ALL.len()],
}

impl Workers {
    /// Creates the workers, none of which is running.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, by_kind: Default::default() }
    }

    /// Returns the worker of a kind without starting it.
    pub fn get(&self, kind: WorkerKind) -> &Arc<Worker> {
        self.by_kind[kind.index()].get_or_init(|| Arc::new(Worker::new(kind, self.settings.clone())))
    }

    /// The workers that [`get`](Self::get) has created.
    pub fn known(&self) -> impl Iterator<Item = &Arc<Worker>> {
        self.by_kind.iter().filter_map(OnceLock::get)
    }

    /// The settings of all of them.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether one of them has died and, by its settings, will not restart.
    #[must_use]
    pub fn stay_ended(&self) -> bool {
        self.known().any(|worker| worker.stays_ended())
    }

    /// Ends all workers for good.
    pub fn close(&self) {
        for kind in WorkerKind::ALL {
            self.get(kind).close();
        }
    }

    /// Ends all workers. They restart at the next request.
    pub fn stop(&self) {
        for worker in self.known() {
            worker.stop();
        }
    }
}
