//! `ReadProcessMemory` and `WriteProcessMemory`.
#![allow(unsafe_code, reason = "the system calls take raw addresses")]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, HMODULE};
use windows_sys::Win32::System::Diagnostics::Debug::{ReadProcessMemory, WriteProcessMemory};
use windows_sys::Win32::System::ProcessStatus::{
    K32EnumProcessModulesEx, K32GetModuleFileNameExW, K32GetModuleInformation, K32GetProcessMemoryInfo,
    LIST_MODULES_ALL, MODULEINFO, PROCESS_MEMORY_COUNTERS,
};
use windows_sys::Win32::System::Threading::GetProcessId;

use super::{MappedFile, Transfer};

/// A process.
#[derive(Debug)]
pub(super) struct TargetProcess(OwnedHandle);

impl TargetProcess {
    pub(super) fn new(process: OwnedHandle) -> Self {
        Self(process)
    }
}

/// The working set (MSDN, PROCESS_MEMORY_COUNTERS).
pub(super) fn resident(target: &TargetProcess) -> Option<u64> {
    // SAFETY: zeroed counters are valid; their size is passed, and the handle is open.
    let counters = unsafe {
        let mut counters: PROCESS_MEMORY_COUNTERS = std::mem::zeroed();
        counters.cb = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
        let told = K32GetProcessMemoryInfo(target.0.as_raw_handle(), &raw mut counters, counters.cb);
        (told != 0).then_some(counters)
    }?;
    Some(counters.WorkingSetSize as u64)
}

pub(super) fn id(target: &TargetProcess) -> Option<u32> {
    // SAFETY: the handle is open.
    let id = unsafe { GetProcessId(target.0.as_raw_handle()) };
    (id != 0).then_some(id)
}

/// Windows has no text format for it.
pub(super) fn maps(_: &TargetProcess) -> Option<Vec<u8>> {
    None
}

/// The modules that the loader lists, of either width.
pub(super) fn mapped(target: &TargetProcess) -> Option<Vec<MappedFile>> {
    const MOST: usize = 1024;
    let mut modules: [HMODULE; MOST] = [std::ptr::null_mut(); MOST];
    let mut needed = 0;
    // SAFETY: the list has the given size, and the needed size is written to a local.
    let listed = unsafe {
        let room = size_of_val(&modules) as u32;
        let (process, list) = (target.0.as_raw_handle(), modules.as_mut_ptr());
        K32EnumProcessModulesEx(process, list, room, &raw mut needed, LIST_MODULES_ALL)
    };
    let count = (needed as usize / size_of::<HMODULE>()).min(MOST);
    (listed != 0).then(|| modules[..count].iter().filter_map(|module| module_of(target, *module)).collect())
}

fn module_of(target: &TargetProcess, module: HMODULE) -> Option<MappedFile> {
    let process = target.0.as_raw_handle();
    let (mut information, mut path) = (MODULEINFO::default(), [0; 1024]);
    // SAFETY: structure and buffer have the given sizes, and the system checks the module.
    let length = unsafe {
        let bytes = size_of::<MODULEINFO>() as u32;
        if K32GetModuleInformation(process, module, &raw mut information, bytes) == 0 {
            return None;
        }
        K32GetModuleFileNameExW(process, module, path.as_mut_ptr(), path.len() as u32)
    };
    let path = String::from_utf16_lossy(&path[..(length as usize).min(path.len())]);
    Some(MappedFile { base: information.lpBaseOfDll.addr() as u64, bytes: information.SizeOfImage.into(), path })
}

pub(super) fn copy_out(target: &TargetProcess, address: u64, into: &mut [u8]) -> Transfer {
    let (process, length) = (target.0.as_raw_handle(), into.len());
    let mut copied = 0;
    // SAFETY: `into` is borrowed for writing and its length is passed; the address belongs to the other process, and
    // the system checks it.
    let whole = unsafe {
        let from = address as usize as *const c_void;
        ReadProcessMemory(process, from, into.as_mut_ptr().cast(), length, &raw mut copied)
    };
    outcome(whole != 0, length)
}

pub(super) fn copy_in(target: &TargetProcess, address: u64, bytes: &[u8]) -> Transfer {
    let (process, length) = (target.0.as_raw_handle(), bytes.len());
    let mut copied = 0;
    // SAFETY: `bytes` are only read; the address belongs to the other process, and the system checks it.
    let whole = unsafe {
        let to = address as usize as *const c_void;
        WriteProcessMemory(process, to, bytes.as_ptr().cast(), length, &raw mut copied)
    };
    outcome(whole != 0, length)
}

/// The reported count for a range that is partly inaccessible is not relied upon: the caller continues page by page.
fn outcome(whole: bool, length: usize) -> Transfer {
    if whole {
        return Transfer::Copied(length);
    }
    match io::Error::last_os_error().raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_ACCESS_DENIED | ERROR_INVALID_HANDLE) => Transfer::Refused,
        _ => Transfer::Copied(0),
    }
}
