//! Loaded libraries: opening, and symbol resolution.
//!
//! A library is never unloaded: the functions prepared from it stay valid for the life of the worker, and its
//! destructors run when the process ends.

use std::ffi::c_void;

use protocol::{Fault, FaultKind, OpenLibrary, PathBytes, Symbol};

use crate::fault;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Restricts the loader's search to intended folders. Must be called before any library is loaded.
pub(crate) fn restrict_search() {
    system::restrict_search();
}

/// The libraries of this process, numbered in load order.
#[derive(Default)]
pub(crate) struct Libraries {
    loaded: Vec<Loaded>,
}

/// One numbered library. The default library consists of several modules, searched in order.
struct Loaded {
    /// The requested path; `None` for the default library.
    path: Option<PathBytes>,
    modules: Vec<system::Module>,
}

impl Libraries {
    /// Loads a library, or finds it loaded.
    pub(crate) fn open(&mut self, request: &OpenLibrary) -> Result<u32, Fault> {
        if let Some(id) = self.position(Some(&request.path)) {
            return Ok(id);
        }
        let module = fault::while_loading(|| system::open(&request.path, &request.directories))?;
        self.keep(Loaded { path: Some(request.path.clone()), modules: vec![module] })
    }

    /// The C library and, on Windows, the system's common ones.
    pub(crate) fn open_default(&mut self) -> Result<u32, Fault> {
        if let Some(id) = self.position(None) {
            return Ok(id);
        }
        let modules = system::default_modules();
        self.keep(Loaded { path: None, modules })
    }

    /// The first of the symbols that the library exports, and its address.
    pub(crate) fn resolve(&self, library: u32, symbols: &[Symbol]) -> Result<(Symbol, *mut c_void), Fault> {
        let loaded = self
            .loaded
            .get(library as usize)
            .ok_or_else(|| Fault::new(FaultKind::Protocol, format!("there is no library number {library}")))?;
        for symbol in symbols {
            for module in &loaded.modules {
                if let Some(address) = system::resolve(module, symbol)? {
                    return Ok((symbol.clone(), address));
                }
            }
        }
        let tried: Vec<String> = symbols.iter().map(Symbol::to_string).collect();
        Err(Fault::new(FaultKind::Symbol, format!("none of these symbols is exported: {}", tried.join(", "))))
    }

    fn position(&self, path: Option<&PathBytes>) -> Option<u32> {
        self.loaded.iter().position(|loaded| loaded.path.as_ref() == path).map(|position| position as u32)
    }

    fn keep(&mut self, loaded: Loaded) -> Result<u32, Fault> {
        let id = u32::try_from(self.loaded.len())
            .map_err(|_| Fault::new(FaultKind::Protocol, "too many libraries are loaded"))?;
        self.loaded.push(loaded);
        Ok(id)
    }
}
