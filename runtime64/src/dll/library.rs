//! Libraries: found, routed to the worker that can load them, loaded anew in each generation of it.

mod binding;
mod constant;
mod sought;
mod symbol;
mod undeclared;
mod variable;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::{Machine, OpenDefaultLibrary, OpenLibrary, Platform};

use super::abi::abi_of;
use super::failure::{from_image, from_remote};
use super::generational::GenerationalId;
use super::module::Module;
use super::types::{Ctype, Defaults};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::image::{self, Image, Search};
use crate::remote::{self, Generation, RemoteError, Session, Worker, WorkerKind};

pub(super) use binding::{library_of, table_of};
pub(super) use constant::to_lua as constant_to_lua;
pub(super) use sought::Sought;
pub(super) use symbol::{bind as bind_symbol, sought};
pub(super) use undeclared::not_exported;

/// A library, bound to the worker that can load it.
pub(super) struct Library {
    name: String,
    source: Source,
    module: Module,
    worker: Arc<Worker>,
    defaults: Defaults,
    /// The worker's id for it.
    opened: GenerationalId,
    /// Where its variables lie, each in the generation that it was found in, and their types.
    symbols: Mutex<HashMap<String, KnownSymbol>>,
}

/// A variable that was found.
#[derive(Clone, Debug)]
struct KnownSymbol {
    generation: Generation,
    address: u64,
    ctype: Arc<Ctype>,
}

#[derive(Debug)]
enum Source {
    /// The worker's C library and the system's usual ones.
    Default,
    /// A file: where it is for this process and for the worker, and where its dependencies may be.
    File { path: PathBuf, request: OpenLibrary, search: Box<Search> },
}

/// What `dll.load` takes beside the name.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Further folders to look in, for the library and for what it needs.
    pub(super) search: Vec<PathBuf>,
    /// What holds for functions whose declarations do not say it.
    pub(super) defaults: Defaults,
}

impl Library {
    /// Finds a library, reads its header, and has the worker of its kind load it.
    pub(super) fn load(module: &Module, name: &str, options: Options) -> Result<Arc<Self>, Error> {
        let script_directory = module.shared().settings.script_directory.as_deref();
        let prefix = if cfg!(windows) { None } else { remote::wine_prefix() };
        let search = Search::for_script(script_directory, &options.search, prefix.as_deref());
        let in_library = |error: Error| error.in_library(name);
        let found = search.find(name).map_err(|error| in_library(from_image(&error)))?;
        let image = Image::open(&found.path).map_err(|error| in_library(from_image(&error)))?;
        let kind = kind_of(&image);
        let request = OpenLibrary {
            path: worker_path(&found.path, found.system, kind).map_err(in_library)?,
            directories: dependency_directories(&found.path, found.system, &options.search, kind)
                .map_err(in_library)?,
        };
        let library = Arc::new(Self {
            name: name.to_owned(),
            source: Source::File { path: found.path, request, search: Box::new(search) },
            module: module.clone(),
            worker: Arc::clone(module.worker(kind)),
            defaults: options.defaults,
            opened: GenerationalId::default(),
            symbols: Mutex::default(),
        });
        library.id(&mut library.session()?)?;
        module.decide_kind(kind);
        Ok(library)
    }

    /// The C library of a worker, and on Windows the system's usual libraries: `dll.C`.
    pub(super) fn default_of(module: &Module, kind: WorkerKind) -> Arc<Self> {
        Arc::new(Self {
            name: "dll.C".to_owned(),
            source: Source::Default,
            module: module.clone(),
            worker: Arc::clone(module.worker(kind)),
            defaults: Defaults::default(),
            opened: GenerationalId::default(),
            symbols: Mutex::default(),
        })
    }

    /// The name it was loaded by.
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

    /// The library's file, none for `dll.C`.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::Default => None,
            Source::File { path, .. } => Some(path),
        }
    }

    /// The running worker; it is started if need be.
    pub(super) fn session(&self) -> Result<Session<'_>, Error> {
        self.worker.session().map_err(|error| from_remote(error, self.worker.kind(), &self.name).in_library(&self.name))
    }

    /// The worker's id for the library, which is loaded anew in each generation.
    pub(super) fn id(&self, session: &mut Session<'_>) -> Result<u32, Error> {
        if let Some(id) = self.opened.get(session.generation()) {
            return Ok(id);
        }
        let reply = match &self.source {
            Source::Default => session.call(&OpenDefaultLibrary {}),
            Source::File { request, .. } => session.call(request),
        };
        let library = reply.map_err(|error| self.load_failure(error))?;
        self.opened.set(session.generation(), library.id);
        Ok(library.id)
    }

    /// What is known of a symbol in a generation.
    fn known_symbol(&self, symbol: &str, generation: Generation) -> Option<KnownSymbol> {
        let known = self.symbols.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(symbol).filter(|known| known.generation == generation).cloned()
    }

    fn remember_symbol(&self, symbol: &str, known: KnownSymbol) {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner).insert(symbol.to_owned(), known);
    }

    /// Why the worker could not load the library: the dependency that is missing, if one is, or the loader's words.
    fn load_failure(&self, error: RemoteError) -> Error {
        let doing = match error {
            RemoteError::Lost(_) => format!("{}, while it was loaded,", self.name),
            _ => self.name.clone(),
        };
        let refused = matches!(error, RemoteError::Fault(_));
        let error = from_remote(error, self.worker.kind(), &doing).in_library(&self.name);
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

/// The worker that can load an image.
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

/// A library's path as its worker names it. A library of Windows itself goes by its bare name, so that the loader takes
/// the one that it has for this width.
fn worker_path(path: &Path, system: bool, kind: WorkerKind) -> Result<String, Error> {
    if system
        && kind.platform == Platform::Windows
        && let Some(name) = path.file_name()
    {
        return Ok(name.to_string_lossy().into_owned());
    }
    let unusable = |reason: String| Error::new(ErrorKind::Load, format!("'{}': {reason}", path.display()));
    let absolute = std::path::absolute(path).map_err(|error| unusable(error.to_string()))?;
    if kind.needs_wine() {
        return Ok(remote::windows_path(&absolute));
    }
    absolute.into_os_string().into_string().map_err(|_| unusable("the path is not valid Unicode".to_owned()))
}

/// Where the worker's loader may find what a library needs: beside it, and in the folders that the script names.
fn dependency_directories(
    path: &Path,
    system: bool,
    extra: &[PathBuf],
    kind: WorkerKind,
) -> Result<Vec<String>, Error> {
    let beside = path.parent().filter(|_| !system).map(Path::to_path_buf);
    extra.iter().cloned().chain(beside).map(|folder| worker_path(&folder, false, kind)).collect()
}
