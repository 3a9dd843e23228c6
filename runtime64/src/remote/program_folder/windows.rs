//! The module that contains this code, according to the loader.
#![allow(unsafe_code, reason = "the loader's functions take an address")]

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr;

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleFileNameW,
    GetModuleHandleExW,
};

/// The longest path on Windows, in UTF-16 units.
const LONGEST_PATH: usize = 1 << 15;

/// The files that may contain this code, the most reliable first.
pub(super) fn files() -> Vec<PathBuf> {
    own_module().into_iter().chain(std::env::current_exe()).collect()
}

/// The DLL or executable that this code is part of.
fn own_module() -> Option<PathBuf> {
    let mut module = ptr::null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    let mut path = vec![0_u16; LONGEST_PATH];
    // SAFETY: with this flag the name is an address, here of this function; its module stays loaded while it runs. The
    // buffer has the given length.
    let length = unsafe {
        if GetModuleHandleExW(flags, (own_module as fn() -> Option<PathBuf>) as *const u16, &raw mut module) == 0 {
            return None;
        }
        GetModuleFileNameW(module, path.as_mut_ptr(), LONGEST_PATH as u32)
    };
    let path = path.get(..length as usize).filter(|path| !path.is_empty())?;
    Some(OsString::from_wide(path).into())
}
