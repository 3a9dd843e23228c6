//! The jobs of a worker: one ends it with this process, another limits its memory.

use std::ffi::c_void;
use std::io;
use std::mem;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::System::JobObjects::{
    CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_LIMIT_PROCESS_MEMORY,
    JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject,
};

/// The job of all workers. The system closes it with this process, however that ends, and ends the processes in it.
pub(super) fn of_all() -> Option<&'static OwnedHandle> {
    static JOB: OnceLock<Option<OwnedHandle>> = OnceLock::new();
    JOB.get_or_init(|| {
        // Programs started by a library are independent and may outlive the worker.
        create(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, 0).ok()
    })
    .as_ref()
}

/// Creates a job that limits the memory of each of its processes.
pub(super) fn limited(bytes: u64) -> io::Result<OwnedHandle> {
    create(JOB_OBJECT_LIMIT_PROCESS_MEMORY, usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn create(flags: u32, process_memory: usize) -> io::Result<OwnedHandle> {
    // SAFETY: null pointers request no name and the default protection; the limits are a zeroed local, which is valid,
    // of the size that is passed.
    unsafe {
        let job = CreateJobObjectW(ptr::null(), ptr::null());
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        let job = OwnedHandle::from_raw_handle(job);
        let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = mem::zeroed();
        limits.BasicLimitInformation.LimitFlags = flags;
        limits.ProcessMemoryLimit = process_memory;
        let size = size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32;
        let limits = (&raw const limits).cast::<c_void>();
        match SetInformationJobObject(job.as_raw_handle(), JobObjectExtendedLimitInformation, limits, size) {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(job),
        }
    }
}
