//! Libraries: found, assigned to the worker that can load them, and loaded again in each of its generations.

mod decoration;
mod function;
mod symbol_query;
mod undeclared;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::{Machine, OpenDefaultLibrary, OpenLibrary, PathBytes, Platform};

use super::abi::abi_of;
use super::breaker::{Breaker, Limits, Refusal};
use super::failure::{from_image, from_remote};
use super::generational::GenerationalId;
use super::module::Module;
use super::types::{Ctype, Defaults};
use super::worker_extension::WorkerExtension;
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::image::{self, Image, Search};
use crate::remote::{self, Generation, RemoteError, Session, Settings, Started, Worker, WorkerKind};

pub(super) use function::{Function, address_of, described, is_function, resolved, type_of};
pub(super) use symbol_query::{SymbolQuery, find_variable};
pub(super) use undeclared::{error as undeclared, not_exported};

/// A library, bound to the worker that can load it.
pub(super) struct Library {
    name: String,
    source: Source,
    module: Module,
    worker: Arc<Worker>,
    defaults: Defaults,
    breaker: Arc<Breaker>,
    /// The timeout for loading it.
    deadline: Option<Duration>,
    /// The worker's id for the library.
    opened: GenerationalId,
    /// Addresses and types of its variables, each with the generation it was found in.
    symbols: Mutex<HashMap<String, KnownSymbol>>,
}

/// A variable that was found.
#[derive(Clone, Debug)]
pub(super) struct KnownSymbol {
    pub(super) generation: Generation,
    pub(super) address: u64,
    pub(super) ctype: Arc<Ctype>,
}

#[derive(Debug)]
enum Source {
    /// The worker's C library and the usual libraries of the system.
    Default,
    /// A file: its paths for this process and for the worker, and the search for its dependencies.
    File { path: PathBuf, request: OpenLibrary, search: Box<Search> },
}

/// The options of `dll.load`.
#[derive(Debug, Default)]
pub(super) struct LoadOptions {
    /// Further folders to search for the library and its dependencies.
    pub(super) search: Vec<PathBuf>,
    /// Defaults for functions whose declarations specify less.
    pub(super) defaults: Defaults,
    /// The limits of the breaker, if set; `Some(None)` disables it.
    pub(super) breaker: Option<Option<Limits>>,
    /// The timeout for loading, if any.
    pub(super) deadline: Option<Duration>,
}

impl Library {
    /// Finds a library, reads its header, and loads it in a worker of its kind.
    pub(super) fn load(module: &Module, file: &OsStr, options: LoadOptions) -> Result<Arc<Self>, Error> {
        let name = &*file.to_string_lossy();
        let script_directory = module.shared().settings.script_directory.as_deref();
        let settings = module.worker_settings().clone();
        let search = Search::for_script(script_directory, &options.search, move || wine_folders(&settings));
        let in_library = |error: Error| error.in_library(name);
        let found = search.find(file).map_err(|error| in_library(from_image(&error)))?;
        let image = Image::open(&found.path).map_err(|error| in_library(from_image(&error)))?;
        let kind = kind_of(&image);
        let request = OpenLibrary {
            path: worker_path(&found.path, found.system, kind).map_err(in_library)?,
            directories: dependency_directories(&found.path, found.system, &options.search, kind)
                .map_err(in_library)?,
        };
        let worker = Arc::clone(module.worker(kind));
        let breaker = breaker_of(&worker, &String::from_utf8_lossy(&request.path.0));
        if let Some(limits) = options.breaker {
            breaker.set_limits(limits);
        }
        let library = Arc::new(Self {
            name: name.to_owned(),
            source: Source::File { path: found.path, request, search: Box::new(search) },
            module: module.clone(),
            worker,
            breaker,
            deadline: options.deadline,
            defaults: options.defaults,
            opened: GenerationalId::default(),
            symbols: Mutex::default(),
        });
        library.admit()?;
        library.id(&mut library.session()?)?;
        library.returned();
        module.decide_kind(kind);
        Ok(library)
    }

    /// `dll.C`: the C library of a worker and, on Windows, the usual libraries of the system.
    pub(super) fn default_of(module: &Module, kind: WorkerKind) -> Arc<Self> {
        let worker = Arc::clone(module.worker(kind));
        let breaker = breaker_of(&worker, "");
        Arc::new(Self {
            name: "dll.C".to_owned(),
            source: Source::Default,
            module: module.clone(),
            worker,
            breaker,
            deadline: None,
            defaults: Defaults::default(),
            opened: GenerationalId::default(),
            symbols: Mutex::default(),
        })
    }

    /// The name passed to `dll.load`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn module(&self) -> &Module {
        &self.module
    }

    pub(super) fn worker(&self) -> &Arc<Worker> {
        &self.worker
    }

    pub(super) fn defaults(&self) -> Defaults {
        self.defaults
    }

    pub(super) fn abi(&self) -> c::Abi {
        abi_of(self.worker.kind())
    }

    /// The library's file; `None` for `dll.C`.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::Default => None,
            Source::File { path, .. } => Some(path),
        }
    }

    /// Refuses a call while the breaker is open because the library has ended its worker too often.
    #[inline]
    pub(super) fn admit(&self) -> Result<(), Error> {
        self.breaker.admit().map_err(|refusal| self.refused(refusal))
    }

    #[cold]
    fn refused(&self, refusal: Refusal) -> Error {
        let Limits { deaths, within, .. } = refusal.limits;
        let left = match refusal.left {
            Some(left) => format!("for another {:.1} s", left.as_secs_f64()),
            None => "until the probe call has returned".to_owned(),
        };
        let message = format!(
            "{}: its calls have ended the worker more than {deaths} times within {} s; further calls are refused \
             {left} (dll.load's option 'breaker' sets the limits)",
            self.name,
            within.as_secs_f64()
        );
        Error::new(ErrorKind::BreakerOpen, message).in_library(&self.name).with_started(Started::No)
    }

    /// Records that a call has returned.
    #[inline]
    pub(super) fn returned(&self) {
        self.breaker.returned();
    }

    /// Counts the failure for the breaker, if it ended the worker.
    pub(super) fn failed(&self, error: &Error) {
        let is_end = matches!(error.kind, ErrorKind::Crash | ErrorKind::WorkerLost | ErrorKind::Timeout);
        if is_end && error.context.started != Some(Started::No) {
            self.breaker.died(self.worker.latest());
        }
    }

    /// A session with the running worker, which is started if necessary.
    pub(super) fn session(&self) -> Result<Session<'_>, Error> {
        self.worker.session().map_err(|error| from_remote(error, &self.worker, &self.name).in_library(&self.name))
    }

    /// The worker's id for the library, which is loaded again in each generation.
    pub(super) fn id(&self, session: &mut Session<'_>) -> Result<u32, Error> {
        if let Some(id) = self.opened.get(session.generation()) {
            return Ok(id);
        }
        let reply = match (&self.source, self.deadline) {
            (Source::Default, _) => session.call(&OpenDefaultLibrary {}),
            (Source::File { request, .. }, None) => session.call(request),
            (Source::File { request, .. }, deadline) => session.call_within(request, deadline),
        };
        let library = reply.map_err(|error| {
            let error = self.load_failure(error);
            self.failed(&error);
            error
        })?;
        self.opened.set(session.generation(), library.id);
        Ok(library.id)
    }

    /// The address and type of a variable, if it was found in this generation.
    pub(super) fn known_symbol(&self, symbol: &str, generation: Generation) -> Option<KnownSymbol> {
        let known = self.symbols.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(symbol).filter(|known| known.generation == generation).cloned()
    }

    pub(super) fn remember_symbol(&self, symbol: &str, known: KnownSymbol) {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner).insert(symbol.to_owned(), known);
    }

    /// The error for a failed load: the missing dependency if there is one, otherwise the loader's message.
    fn load_failure(&self, error: RemoteError) -> Error {
        let doing = match error {
            RemoteError::Lost(ref death) if death.started != Started::No => {
                format!("{}, while loading,", self.name)
            }
            _ => self.name.clone(),
        };
        let refused = matches!(error, RemoteError::Fault(_));
        let error = from_remote(error, &self.worker, &doing).in_library(&self.name);
        let Source::File { path, search, .. } = &self.source else {
            return error;
        };
        let missing = refused.then(|| image::missing_dependency(&Image::open(path).ok()?, search)).flatten();
        match missing {
            Some(missing) => {
                from_image(&image::Error::MissingDependency { path: path.clone(), missing: Box::new(missing) })
                    .with_detail(error.message)
                    .in_library(&self.name)
            }
            None => error,
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => write!(formatter, "dll library {} ({}, {})", self.name, self.worker.kind(), path.display()),
            None => write!(formatter, "{} ({} worker)", self.name, self.worker.kind()),
        }
    }
}

/// The folders of Wine's DLLs, if Wine is found.
fn wine_folders(settings: &Settings) -> Option<image::WineFolders> {
    let wine = remote::Wine::of(settings).ok()?;
    Some(image::WineFolders { prefix: wine.prefix().to_owned(), dlls: wine.dlls().map(Path::to_owned) })
}

fn breaker_of(worker: &Worker, path: &str) -> Arc<Breaker> {
    WorkerExtension::of(worker).map(|extension| extension.breaker(path)).unwrap_or_default()
}

/// The kind of worker that can load an image.
fn kind_of(image: &Image) -> WorkerKind {
    WorkerKind {
        platform: match image.format() {
            image::Format::Elf => Platform::Linux,
            image::Format::Pe => Platform::Windows,
        },
        machine: match image.machine() {
            image::Machine::I386 => Machine::I386,
            image::Machine::X86_64 => Machine::X86_64,
        },
    }
}

/// A library's path as the worker names it. A library of Windows itself is passed by its bare name, so that the loader
/// takes the version for the worker's width.
fn worker_path(path: &Path, system: bool, kind: WorkerKind) -> Result<PathBytes, Error> {
    if system
        && kind.platform == Platform::Windows
        && let Some(name) = path.file_name()
    {
        return Ok((&*name.to_string_lossy()).into());
    }
    let unusable = |reason: String| Error::new(ErrorKind::Load, format!("'{}': {reason}", path.display()));
    let absolute = std::path::absolute(path).map_err(|error| unusable(error.to_string()))?;
    if kind.platform == Platform::Linux {
        return Ok(PathBytes(absolute.into_os_string().into_encoded_bytes()));
    }
    let text = absolute
        .to_str()
        .ok_or_else(|| unusable("the path is not valid Unicode, which a Windows library requires".to_owned()))?;
    Ok(if kind.needs_wine() { (&*remote::windows_path(&absolute)).into() } else { text.into() })
}

/// The folders in which the worker's loader searches for dependencies: the library's own, and those that the script
/// names.
fn dependency_directories(
    path: &Path,
    system: bool,
    extra: &[PathBuf],
    kind: WorkerKind,
) -> Result<Vec<PathBytes>, Error> {
    let beside = path.parent().filter(|_| !system).map(Path::to_path_buf);
    extra.iter().cloned().chain(beside).map(|folder| worker_path(&folder, false, kind)).collect()
}
