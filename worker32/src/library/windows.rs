//! The loader of Windows.
#![allow(unsafe_code, reason = "loading a library runs its DllMain")]

use std::ffi::{OsStr, c_void};
use std::mem::ManuallyDrop;
use std::os::windows::ffi::OsStrExt;

use libloading::os::windows::{
    LOAD_LIBRARY_SEARCH_DEFAULT_DIRS, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, LOAD_LIBRARY_SEARCH_SYSTEM32, Library,
    Symbol as Found,
};
use protocol::{Fault, FaultKind, PathBytes, Symbol};
use windows_sys::Win32::Foundation::ERROR_DLL_INIT_FAILED;
use windows_sys::Win32::System::LibraryLoader::{AddDllDirectory, SetDefaultDllDirectories, SetDllDirectoryW};

use crate::fault;

/// A loaded library; never freed.
pub(super) type Module = ManuallyDrop<Library>;

/// The loader's error for a library whose DllMain has returned FALSE.
const REFUSED: i32 = ERROR_DLL_INIT_FAILED as i32;

/// The libraries behind `dll.C` on Windows: the C runtime and the libraries available to every program.
const DEFAULT: [&str; 6] = ["msvcrt.dll", "kernel32.dll", "user32.dll", "gdi32.dll", "advapi32.dll", "ole32.dll"];

/// Makes the loader search the worker's folder, the system's and those that are added, also when a library itself
/// loads another one: never the current directory or PATH, where anyone may have placed a file of the same name.
pub(super) fn restrict_search() {
    const EMPTY: [u16; 1] = [0];
    // SAFETY: the string is zero-terminated. It removes the current directory from the search of a library that
    // requests the old search order by its flags. A system that is too old for the first call rejects it.
    unsafe {
        SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
        SetDllDirectoryW(EMPTY.as_ptr());
    }
}

/// Loads a library. Its dependencies are searched for beside it, in `directories` and in the system's directory,
/// never in the current directory or in PATH. A bare name refers to one of the system's own.
pub(super) fn open(path: &PathBytes, directories: &[PathBytes]) -> Result<Module, Fault> {
    for directory in directories {
        let wide: Vec<u16> = OsStr::new(text_of(directory)?).encode_wide().chain([0]).collect();
        // SAFETY: the string is zero-terminated. A directory that does not exist is rejected, which is harmless.
        unsafe { AddDllDirectory(wide.as_ptr()) };
    }
    let path = text_of(path)?;
    let flags = if path.contains(['\\', '/']) {
        LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS
    } else {
        LOAD_LIBRARY_SEARCH_SYSTEM32
    };
    // SAFETY: running the library's DllMain in this process is the worker's purpose; its errors affect this process
    // only.
    unsafe { Library::load_with_flags(path, flags) }.map(ManuallyDrop::new).map_err(|error| {
        let source = match error {
            libloading::Error::LoadLibraryExW { source } => source,
            error => return Fault::new(FaultKind::Load, error.to_string()),
        };
        // The crate exposes the number only in its Debug output.
        let number = format!("{source:?}").parse::<i32>().ok();
        if let Some(number) = number {
            fault::end_if_crashed(number as u32);
        }
        let message = match number {
            Some(REFUSED) => {
                "DllMain returned FALSE, that of the library or of one of its dependencies: initialization failed \
                              (ERROR_DLL_INIT_FAILED)"
                    .to_owned()
            }
            _ => source.to_string(),
        };
        Fault { kind: FaultKind::Load, message, code: number.map(i64::from) }
    })
}

fn text_of(path: &PathBytes) -> Result<&str, Fault> {
    std::str::from_utf8(&path.0).map_err(|_| {
        let path = String::from_utf8_lossy(&path.0);
        Fault::new(FaultKind::Load, format!("'{path}': a Windows path must be valid Unicode"))
    })
}

/// The default libraries that exist on this system.
pub(super) fn default_modules() -> Vec<Module> {
    DEFAULT.iter().filter_map(|name| open(&(*name).into(), &[]).ok()).collect()
}

/// The address of a symbol, if the module has it. The loader follows forwarders, and loads their targets.
#[allow(clippy::unnecessary_wraps, reason = "on Unix some symbols are invalid")]
pub(super) fn resolve(module: &Module, symbol: &Symbol) -> Result<Option<*mut c_void>, Fault> {
    // SAFETY: the symbol is only used as an address, which every symbol has.
    let found = unsafe {
        match symbol {
            Symbol::Name(name) => module.get::<*mut c_void>(name),
            Symbol::Ordinal(ordinal) => module.get_ordinal::<*mut c_void>(*ordinal),
        }
    };
    Ok(found.ok().map(Found::as_raw_ptr).filter(|address| !address.is_null()))
}
