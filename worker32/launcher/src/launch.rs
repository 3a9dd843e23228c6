//! The worker's process, in a job that ends with this one.
//!
//! The process that a Linux host starts can only run 64-bit programs directly. Wine starts 32-bit ones through its
//! `start.exe`, which creates the process suspended, assigns it to a job that ends with `start.exe`, and then resumes
//! it. If the host is killed between these steps, a suspended process remains forever. A process created inside the
//! job ends with it at any moment.

use core::mem;
use core::ptr;

use windows_sys::Win32::Foundation::{HANDLE, TRUE};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE};
use windows_sys::Win32::System::Environment::GetCommandLineW;
use windows_sys::Win32::System::JobObjects::{
    CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::{
    CreateProcessW, EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess, GetExitCodeProcess, INFINITE,
    InitializeProcThreadAttributeList, PROC_THREAD_ATTRIBUTE_JOB_LIST, PROCESS_INFORMATION, STARTF_USESTDHANDLES,
    STARTUPINFOEXW, TerminateProcess, UpdateProcThreadAttribute, WaitForSingleObject,
};

/// The exit code of a launcher that could not start the worker.
pub(crate) const NOT_STARTED: u32 = 1;

/// Starts the worker named by the command line, and exits when it does, with its exit code. Returns only if the
/// worker could not be started.
pub(crate) fn launch() -> u32 {
    let Some(job) = job() else { return NOT_STARTED };
    // SAFETY: the command line is zero-terminated, and no other thread uses it.
    let Some(process) = start(unsafe { after_first_word(GetCommandLineW().cast_mut()) }, job) else {
        return NOT_STARTED;
    };
    let mut code = NOT_STARTED;
    // SAFETY: the handle is open, and the code is written to a local. This process has nothing left to do, and none
    // of its libraries needs a notification: the host waits for its exit.
    unsafe {
        WaitForSingleObject(process, INFINITE);
        GetExitCodeProcess(process, &raw mut code);
        TerminateProcess(GetCurrentProcess(), code);
    }
    code
}

/// Creates a job whose processes end with this one. Programs started by a library are not included.
fn job() -> Option<HANDLE> {
    // SAFETY: null pointers request no name and the default protection; the limits are a zeroed local, which is
    // valid, of the size that is passed.
    unsafe {
        let job = CreateJobObjectW(ptr::null(), ptr::null());
        let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = mem::zeroed();
        limits.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
        let size = size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32;
        let is_set = SetInformationJobObject(job, JobObjectExtendedLimitInformation, (&raw const limits).cast(), size);
        // If no job was created, setting it fails too.
        (is_set != 0).then_some(job)
    }
}

/// The rest of a command line after its first word, which may be quoted.
///
/// # Safety
/// The line is zero-terminated.
unsafe fn after_first_word(mut line: *mut u16) -> *mut u16 {
    const QUOTE: u16 = b'"' as u16;
    let is_space = |character: u16| character == b' '.into() || character == b'\t'.into();
    let mut is_quoted = false;
    // SAFETY: the pointer is advanced from a character that is not the terminating zero.
    unsafe {
        while *line != 0 && (is_quoted || !is_space(*line)) {
            is_quoted ^= *line == QUOTE;
            line = line.add(1);
        }
        while is_space(*line) {
            line = line.add(1);
        }
    }
    line
}

/// Starts a command line in a job, with this process's standard handles.
fn start(line: *mut u16, job: HANDLE) -> Option<HANDLE> {
    // One attribute takes 48 bytes; Windows rejects a list that is too short.
    let mut memory = [0_u64; 32];
    let attributes = memory.as_mut_ptr().cast();
    let mut bytes = size_of_val(&memory);
    let jobs = [job];
    // SAFETY: the list has the alignment of a pointer, and its size is passed. All pointers refer to locals that
    // outlive the calls, the line to writable memory; zeroed structs are valid.
    unsafe {
        let kind = PROC_THREAD_ATTRIBUTE_JOB_LIST as usize;
        let (value, size, none) = (jobs.as_ptr().cast(), size_of_val(&jobs), ptr::null_mut());
        if InitializeProcThreadAttributeList(attributes, 1, 0, &raw mut bytes) == 0
            || UpdateProcThreadAttribute(attributes, 0, kind, value, size, none, ptr::null()) == 0
        {
            return None;
        }
        let mut startup: STARTUPINFOEXW = mem::zeroed();
        startup.StartupInfo.cb = size_of::<STARTUPINFOEXW>() as u32;
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        startup.StartupInfo.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
        startup.StartupInfo.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
        startup.StartupInfo.hStdError = GetStdHandle(STD_ERROR_HANDLE);
        startup.lpAttributeList = attributes;
        let mut made: PROCESS_INFORMATION = mem::zeroed();
        let is_created = CreateProcessW(
            ptr::null(),
            line,
            ptr::null(),
            ptr::null(),
            TRUE,
            EXTENDED_STARTUPINFO_PRESENT,
            ptr::null(),
            ptr::null(),
            &raw const startup.StartupInfo,
            &raw mut made,
        );
        (is_created != 0).then_some(made.hProcess)
    }
}
