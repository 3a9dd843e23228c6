//! The file that contains this code, according to the loader and the kernel.
#![allow(unsafe_code, reason = "the loader's functions take an address")]

use std::env;
use std::ffi::{CStr, OsStr, OsString, c_char, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The files that may contain this code, the most reliable first.
pub(super) fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = own_library().into_iter().collect();
    match env::current_exe() {
        Ok(executable) => files.push(executable),
        // Without /proc there is only the information from the parent process.
        Err(_) => files.extend(executed_file().into_iter().chain(first_argument())),
    }
    files
}

/// The shared object that this code is part of, if it is not part of the executable.
fn own_library() -> Option<PathBuf> {
    let (own, file) = object_at(own_library as fn() -> Option<PathBuf> as *const c_void)?;
    // SAFETY: the call takes and returns a number; it is the address of the executable's program headers, or 0.
    let headers = unsafe { libc::getauxval(libc::AT_PHDR) };
    let (executable, _) = object_at(headers as *const c_void)?;
    // The loader's name for the executable is only the name by which it was called.
    (own != executable).then_some(file)
}

/// The start and the file of the loaded object that contains an address.
fn object_at(address: *const c_void) -> Option<(usize, PathBuf)> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the loader accepts any address; if it finds it, it fills the structure with pointers to its own names,
    // which stay valid for as long as the object is loaded, as this code or its executable is.
    unsafe {
        if libc::dladdr(address, found.as_mut_ptr()) == 0 {
            return None;
        }
        let found = found.assume_init();
        Some((found.dli_fbase.addr(), text(found.dli_fname)?.into()))
    }
}

/// The path by which this process was executed; for a script it is the script's path.
fn executed_file() -> Option<PathBuf> {
    // SAFETY: the value is 0 or points to a string that the kernel keeps there for the life of the process.
    unsafe { text(libc::getauxval(libc::AT_EXECFN) as *const c_char) }.map(PathBuf::from)
}

/// # Safety
/// The pointer must be null or point to a C string.
unsafe fn text(pointer: *const c_char) -> Option<OsString> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    (!bytes.is_empty()).then(|| OsStr::from_bytes(bytes).to_os_string())
}

/// The program by its name on the command line: a path, or a name that is searched in `PATH`.
fn first_argument() -> Option<PathBuf> {
    let name = PathBuf::from(env::args_os().next()?);
    if name.as_os_str().as_bytes().contains(&b'/') {
        return Some(name);
    }
    let path = env::var_os("PATH")?;
    let folders = env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(&name)).find(|file| file.is_file())
}
