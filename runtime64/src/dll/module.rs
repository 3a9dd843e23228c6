//! What the functions of one `dll` module share.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mlua::Lua;

use super::abi::abi_of;
use super::memory::Garbage;
use super::types::Types;
use crate::c;
use crate::error::Error;
use crate::remote::{Settings, Worker, WorkerKind, Workers};

/// The state of the module: what has been declared, and the workers. Modules that [`dll.of`](super::of) makes share it.
pub(super) struct Shared {
    types: Arc<Types>,
    pub(super) workers: Workers,
    pub(super) settings: Settings,
    /// `errno` and the last error of each kind of worker.
    errors: [(AtomicI32, AtomicU32); WorkerKind::ALL.len()],
    /// What is known of objects that may be of no use any more.
    pub(super) garbage: Garbage,
    /// The deaths of workers that a finalizer met, for the next call to tell, and whether there are any.
    deaths: (AtomicBool, Mutex<Vec<Error>>),
}

/// One `dll` module: the shared state, seen from one kind of worker.
#[derive(Clone)]
pub(super) struct Module {
    shared: Arc<Shared>,
    /// Whose types `dll.sizeof` and the rest speak of; the first library that is loaded decides.
    kind: Arc<OnceLock<WorkerKind>>,
}

impl Module {
    pub(super) fn new(settings: Settings) -> Self {
        let shared = Shared {
            types: Arc::default(),
            workers: Workers::new(settings.clone()),
            settings,
            errors: Default::default(),
            garbage: Garbage::default(),
            deaths: Default::default(),
        };
        Self { shared: Arc::new(shared), kind: Arc::default() }
    }

    /// The module of a Lua state.
    pub(super) fn of_state(lua: &Lua) -> Option<Self> {
        lua.app_data_ref::<Self>().map(|module| module.clone())
    }

    /// The same module, speaking of another kind of worker.
    pub(super) fn of(&self, kind: WorkerKind) -> Self {
        Self { shared: Arc::clone(&self.shared), kind: Arc::new(OnceLock::from(kind)) }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// What has been declared.
    pub(super) fn types(&self) -> &Arc<Types> {
        &self.shared.types
    }

    /// The kind of worker that is meant where no library tells.
    pub(super) fn kind(&self) -> WorkerKind {
        self.kind.get().copied().unwrap_or(WorkerKind::DEFAULT)
    }

    /// A library of this kind was loaded: the first one decides what the module speaks of.
    pub(super) fn decide_kind(&self, kind: WorkerKind) {
        self.kind.get_or_init(|| kind);
    }

    /// The ABI of the kind.
    pub(super) fn abi(&self) -> c::Abi {
        abi_of(self.kind())
    }

    pub(super) fn worker(&self, kind: WorkerKind) -> &Arc<Worker> {
        self.shared.workers.get(kind)
    }
}

impl Shared {
    /// Keeps the death of a worker that nobody could be told.
    pub(super) fn keep_death(&self, death: Error) {
        let (is_any, deaths) = &self.deaths;
        deaths.lock().unwrap_or_else(PoisonError::into_inner).push(death);
        is_any.store(true, Ordering::Relaxed);
    }

    /// A death that was not told yet.
    #[inline]
    pub(super) fn untold_death(&self) -> Option<Error> {
        let (is_any, deaths) = &self.deaths;
        if !is_any.load(Ordering::Relaxed) {
            return None;
        }
        let mut deaths = deaths.lock().unwrap_or_else(PoisonError::into_inner);
        let death = deaths.pop();
        is_any.store(!deaths.is_empty(), Ordering::Relaxed);
        death
    }

    /// Keeps the error numbers of a call to a worker of this kind.
    pub(super) fn remember(&self, kind: WorkerKind, errno: i32, last_error: u32) {
        let (kept_errno, kept_last_error) = &self.errors[kind.index()];
        kept_errno.store(errno, Ordering::Relaxed);
        kept_last_error.store(last_error, Ordering::Relaxed);
    }

    /// `errno` after the last call.
    pub(super) fn errno(&self, kind: WorkerKind) -> i32 {
        self.errors[kind.index()].0.load(Ordering::Relaxed)
    }

    /// `GetLastError()` after the last call.
    pub(super) fn last_error(&self, kind: WorkerKind) -> u32 {
        self.errors[kind.index()].1.load(Ordering::Relaxed)
    }
}
