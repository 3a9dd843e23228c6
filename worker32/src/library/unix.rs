//! The dynamic loader of Linux.
#![allow(unsafe_code, reason = "loading a library runs its constructors")]

use std::ffi::{CStr, OsStr, c_void};
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol as Found};
use protocol::{Fault, FaultKind, PathBytes, Symbol};

use crate::fault;

/// A loaded library; never closed.
pub(super) type Module = ManuallyDrop<Library>;

/// The limit on dependencies loaded explicitly for one library, so that no loop is endless.
const MOST_DEPENDENCIES: usize = 64;

/// The loader searches the current directory only if the environment says so, which the host prevents.
pub(super) fn restrict_search() {}

/// Loads a library. Dependencies that the system's rules do not find are searched for in `directories`, for which the
/// loader has no function: each missing one is loaded first, by its path, and the loader then knows its name.
pub(super) fn open(path: &PathBytes, directories: &[PathBytes]) -> Result<Module, Fault> {
    let directories: Vec<&Path> = directories.iter().map(path_of).collect();
    let module = open_with_dependencies(path_of(path), &directories, &mut Vec::new())?;
    fault::prepare_new_library(&|name| address(&module, name));
    Ok(module)
}

fn path_of(bytes: &PathBytes) -> &Path {
    Path::new(OsStr::from_bytes(&bytes.0))
}

fn open_with_dependencies(path: &Path, directories: &[&Path], loaded: &mut Vec<PathBuf>) -> Result<Module, Fault> {
    loop {
        let error = match open_once(path) {
            Ok(module) => return Ok(module),
            Err(error) => error,
        };
        let dependency = missing_file(&error)
            .filter(|name| path.file_name() != Some(OsStr::new(name)))
            .and_then(|name| directories.iter().map(|directory| directory.join(name)).find(|path| path.is_file()));
        let Some(dependency) = dependency.filter(|_| loaded.len() < MOST_DEPENDENCIES) else {
            return Err(Fault::new(FaultKind::Load, error));
        };
        if loaded.contains(&dependency) {
            let message = format!(
                "{error}; {} exists, but has no SONAME by which the loader could identify it: link it with \
                 -Wl,-soname, or set LD_LIBRARY_PATH to its folder",
                dependency.display()
            );
            return Err(Fault::new(FaultKind::Load, message));
        }
        loaded.push(dependency.clone());
        open_with_dependencies(&dependency, directories, loaded)?;
    }
}

fn open_once(path: &Path) -> Result<Module, String> {
    // SAFETY: running the library's constructors in this process is the worker's purpose; their errors affect this
    // process only.
    let opened = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    opened.map(ManuallyDrop::new).map_err(|error| match error {
        libloading::Error::DlOpen { source, .. } => source.to_string(),
        error => error.to_string(),
    })
}

/// The file that the loader could not open, according to its message (`dlerror` provides only this text).
fn missing_file(error: &str) -> Option<&str> {
    let (name, _) = error.split_once(": cannot open shared object file")?;
    Some(name)
}

/// This executable with everything it is linked to, which is the C library, and the mathematical functions.
pub(super) fn default_modules() -> Vec<Module> {
    let mut modules = vec![ManuallyDrop::new(Library::this())];
    modules.extend(open_once(Path::new("libm.so.6")));
    modules
}

/// The address of a symbol, if the module has it.
pub(super) fn resolve(module: &Module, symbol: &Symbol) -> Result<Option<*mut c_void>, Fault> {
    let Symbol::Name(name) = symbol else {
        let message = format!("there is no {symbol}: only Windows libraries have ordinals, this one only has names");
        return Err(Fault::new(FaultKind::Symbol, message));
    };
    // SAFETY: the symbol is only used as an address, which every symbol has.
    let found = unsafe { module.get::<*mut c_void>(name) };
    Ok(found.ok().map(Found::as_raw_ptr).filter(|address| !address.is_null()))
}

/// The address of a symbol of the module or of its dependencies, NULL if there is none.
fn address(module: &Module, name: &CStr) -> *mut c_void {
    // SAFETY: the symbol is only used as an address, which every symbol has.
    let found = unsafe { module.get::<*mut c_void>(name.to_bytes_with_nul()) };
    found.map_or(std::ptr::null_mut(), Found::as_raw_ptr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_modules_hold_the_c_library_and_mathematics() {
        let modules = default_modules();
        let has = |name: &str| {
            let symbol = Symbol::Name(name.to_owned());
            modules.iter().any(|module| matches!(resolve(module, &symbol), Ok(Some(_))))
        };
        for (name, expected) in [("strlen", true), ("cos", true), ("no_such_symbol", false)] {
            assert_eq!(has(name), expected, "{name}");
        }
    }

    #[test]
    fn a_missing_library_is_a_load_fault_with_the_loader_s_words() {
        let fault = open(&"/nowhere/libabsent.so".into(), &[]).map(drop).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Load);
        assert!(fault.message.contains("libabsent.so"), "{}", fault.message);
    }
}
