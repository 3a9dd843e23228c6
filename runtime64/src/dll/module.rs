//! The state shared by the functions of one `dll` module.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use mlua::Lua;

use super::abi::abi_of;
use super::memory::Garbage;
use super::types::Types;
use super::worker_group::WorkerGroup;
use crate::c;
use crate::remote::{Settings, Spares, Worker, WorkerKind};

/// The state shared by all modules of one Lua state: declarations and workers.
pub(super) struct Shared {
    types: Arc<Types>,
    pub(super) settings: Settings,
    /// Decides when unused objects are collected.
    pub(super) garbage: Garbage,
    /// The groups in use, the default group first.
    groups: Mutex<Vec<Weak<WorkerGroup>>>,
    spares: Spares,
    opened: AtomicU64,
}

/// One `dll` module: the shared state, the workers for its libraries, and a default kind of worker.
#[derive(Clone)]
pub(super) struct Module {
    shared: Arc<Shared>,
    worker_group: Arc<WorkerGroup>,
    /// The kind whose types `dll.sizeof` and similar functions use; set by the first library loaded.
    kind: Arc<OnceLock<WorkerKind>>,
}

impl Module {
    pub(super) fn new(mut settings: Settings) -> Self {
        let spares = settings.spares.get_or_insert_default().clone();
        let shared = Arc::new(Shared {
            types: Arc::default(),
            settings: settings.clone(),
            garbage: Garbage::default(),
            groups: Mutex::default(),
            spares,
            opened: AtomicU64::new(0),
        });
        let worker_group = shared.worker_group(settings);
        Self { shared, worker_group, kind: Arc::default() }
    }

    /// The module of a Lua state.
    pub(super) fn of_state(lua: &Lua) -> Option<Self> {
        lua.app_data_ref::<Self>().map(|module| module.clone())
    }

    /// The same module with another kind of worker.
    pub(super) fn of(&self, kind: WorkerKind) -> Self {
        Self { kind: Arc::new(OnceLock::from(kind)), ..self.clone() }
    }

    /// The settings of this module's workers.
    pub(super) fn worker_settings(&self) -> &Settings {
        self.worker_group.workers.settings()
    }

    /// A module with workers of its own and, if given, a fixed kind of worker.
    pub(super) fn isolated(&self, settings: Settings, kind: Option<WorkerKind>) -> Self {
        let kind = kind.map_or_else(OnceLock::new, OnceLock::from);
        Self {
            shared: Arc::clone(&self.shared),
            worker_group: self.shared.worker_group(settings),
            kind: Arc::new(kind),
        }
    }

    /// A weak reference to the shared state.
    pub(super) fn weak(&self) -> Weak<Shared> {
        Arc::downgrade(&self.shared)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The workers of this module's libraries.
    pub(super) fn worker_group(&self) -> &Arc<WorkerGroup> {
        &self.worker_group
    }

    /// The declared types.
    pub(super) fn types(&self) -> &Arc<Types> {
        &self.shared.types
    }

    /// The kind of worker used where no library determines it.
    pub(super) fn kind(&self) -> WorkerKind {
        self.kind.get().copied().unwrap_or(WorkerKind::DEFAULT)
    }

    /// Sets the kind of worker, unless an earlier library has set it.
    pub(super) fn decide_kind(&self, kind: WorkerKind) {
        self.kind.get_or_init(|| kind);
    }

    /// The ABI of the kind of worker.
    pub(super) fn abi(&self) -> c::Abi {
        abi_of(self.kind())
    }

    pub(super) fn worker(&self, kind: WorkerKind) -> &Arc<Worker> {
        self.worker_group.workers.get(kind)
    }
}

impl Shared {
    /// Creates a worker group.
    fn worker_group(&self, settings: Settings) -> Arc<WorkerGroup> {
        let worker_group = Arc::new(WorkerGroup::new(settings));
        let mut worker_groups = self.groups();
        worker_groups.retain(|known| known.strong_count() > 0);
        worker_groups.push(Arc::downgrade(&worker_group));
        worker_group
    }

    /// A name for a worker opened without one.
    pub(super) fn next_name(&self) -> String {
        format!("worker {}", self.opened.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// All workers in use, of every group.
    pub(super) fn all_workers(&self) -> Vec<Arc<Worker>> {
        self.workers_of_groups().into_iter().map(|(_, worker)| worker).collect()
    }

    /// All workers in use, each with the id of its group.
    pub(super) fn workers_of_groups(&self) -> Vec<(u64, Arc<Worker>)> {
        let worker_groups: Vec<_> = self.groups().iter().filter_map(Weak::upgrade).collect();
        let each = |worker_group: &Arc<WorkerGroup>| {
            worker_group.workers.known().map(|worker| (worker_group.id(), Arc::clone(worker))).collect::<Vec<_>>()
        };
        worker_groups.iter().flat_map(each).collect()
    }

    /// The number of spare workers that are ready.
    pub(super) fn spares(&self) -> usize {
        self.spares.waiting()
    }

    /// Stops all workers. They start again on their next use, without spares.
    pub(super) fn stop(&self) {
        self.spares.end();
        for worker in self.all_workers() {
            worker.stop();
        }
    }

    fn groups(&self) -> MutexGuard<'_, Vec<Weak<WorkerGroup>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spare workers end with the state, as nothing can use them any more.
impl Drop for Shared {
    fn drop(&mut self) {
        self.spares.end();
    }
}
