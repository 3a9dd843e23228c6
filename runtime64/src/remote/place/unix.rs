//! The loader's and the kernel's word for the file that holds this code.
#![allow(unsafe_code, reason = "the loader is asked about an address")]

use std::env;
use std::ffi::{CStr, OsStr, OsString, c_char, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The files that may hold this code, the surest first.
pub(super) fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = own_library().into_iter().collect();
    match env::current_exe() {
        Ok(executable) => files.push(executable),
        // Without /proc there is what whoever started this process has said.
        Err(_) => files.extend(executed_file().into_iter().chain(first_argument())),
    }
    files
}

/// The shared object that this code is part of, if it is not part of the executable.
fn own_library() -> Option<PathBuf> {
    let (own, file) = object_at(own_library as fn() -> Option<PathBuf> as *const c_void)?;
    // SAFETY: the call takes a number and gives one; the address is of the program headers of the executable, or 0.
    let headers = unsafe { libc::getauxval(libc::AT_PHDR) };
    let (executable, _) = object_at(headers as *const c_void)?;
    // The loader's name for the executable is merely how it was called.
    (own != executable).then_some(file)
}

/// Where the object that holds an address begins, and its file.
fn object_at(address: *const c_void) -> Option<(usize, PathBuf)> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the loader looks up any address; where it finds it, it fills the structure with pointers to its own names,
    // which stay for as long as the object is loaded, and this code or its executable is.
    unsafe {
        if libc::dladdr(address, found.as_mut_ptr()) == 0 {
            return None;
        }
        let found = found.assume_init();
        Some((found.dli_fbase.addr(), text(found.dli_fname)?.into()))
    }
}

/// The path that this process was executed by; of a script it is the script's.
fn executed_file() -> Option<PathBuf> {
    // SAFETY: the value is 0 or points to a string that the kernel has put there for the life of the process.
    unsafe { text(libc::getauxval(libc::AT_EXECFN) as *const c_char) }.map(PathBuf::from)
}

/// # Safety
/// The pointer is null or leads to a C string.
unsafe fn text(pointer: *const c_char) -> Option<OsString> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    (!bytes.is_empty()).then(|| OsStr::from_bytes(bytes).to_os_string())
}

/// The program by its name on the command line: a path, or a name that was found in `PATH`.
fn first_argument() -> Option<PathBuf> {
    let name = PathBuf::from(env::args_os().next()?);
    if name.as_os_str().as_bytes().contains(&b'/') {
        return Some(name);
    }
    let path = env::var_os("PATH")?;
    let folders = env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(&name)).find(|file| file.is_file())
}
