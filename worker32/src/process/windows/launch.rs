//! A worker of the other width, started under Wine.
//!
//! The process that a Linux host starts runs 64-bit programs only. Wine's way to a 32-bit one is its `start.exe`, which creates
//! the process suspended, puts it into a job that ends with `start.exe`, and then lets it go on. If the host is killed
//! between these steps, a suspended process stays for ever. One that is created in the job ends with it at any moment.

use std::env;
use std::ffi::{OsStr, OsString, c_void};
use std::mem;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::ExitCode;
use std::ptr;

use windows_sys::Win32::Foundation::{HANDLE, TRUE};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE};
use windows_sys::Win32::System::JobObjects::{
    CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::{
    CreateProcessW, DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, ExitProcess, GetExitCodeProcess,
    INFINITE, InitializeProcThreadAttributeList, PROC_THREAD_ATTRIBUTE_JOB_LIST, PROCESS_INFORMATION,
    STARTF_USESTDHANDLES, STARTUPINFOEXW, UpdateProcThreadAttribute, WaitForSingleObject,
};

/// If this process was started to launch another one, does so, and ends as that one does. The code is 1 if it cannot be
/// started.
pub(crate) fn launch() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != protocol::link::LAUNCH {
        return None;
    }
    let program: OsString = arguments.next()?;
    // The job must not close before this process ends.
    let Some(job) = job() else { return Some(ExitCode::FAILURE) };
    let Some(process) = start(&program, job.as_raw_handle()) else { return Some(ExitCode::FAILURE) };
    let mut code = 1;
    // SAFETY: the handle is open, and the code is written to a local; nothing of this process is left to be done.
    unsafe {
        WaitForSingleObject(process.as_raw_handle(), INFINITE);
        GetExitCodeProcess(process.as_raw_handle(), &raw mut code);
        ExitProcess(code)
    }
}

/// A job that ends what is in it with this process. Programs that a library starts are its own affair.
fn job() -> Option<OwnedHandle> {
    // SAFETY: null pointers ask for no name and the default protection; the limits are a zeroed local, valid as it is, of
    // the size that is passed.
    unsafe {
        let job = CreateJobObjectW(ptr::null(), ptr::null());
        if job.is_null() {
            return None;
        }
        let job = OwnedHandle::from_raw_handle(job);
        let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = mem::zeroed();
        limits.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
        let size = size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32;
        let limits = (&raw const limits).cast::<c_void>();
        let set = SetInformationJobObject(job.as_raw_handle(), JobObjectExtendedLimitInformation, limits, size);
        (set != 0).then_some(job)
    }
}

/// Starts a program in a job, with this process's standard handles.
fn start(program: &OsStr, job: HANDLE) -> Option<OwnedHandle> {
    let path: Vec<u16> = program.encode_wide().chain([0]).collect();
    let mut line: Vec<u16> = OsStr::new("\"").encode_wide().chain(program.encode_wide()).collect();
    line.extend(OsStr::new("\"\0").encode_wide());
    let jobs = [job];
    let mut bytes = 0;
    // SAFETY: the first call asks for the size alone; the memory has that size and the alignment of a pointer, and is
    // deleted before it goes. All pointers lead to locals that outlive the calls.
    unsafe {
        InitializeProcThreadAttributeList(ptr::null_mut(), 1, 0, &raw mut bytes);
        let mut memory = vec![0_u64; bytes.div_ceil(size_of::<u64>())];
        let attributes = memory.as_mut_ptr().cast();
        if InitializeProcThreadAttributeList(attributes, 1, 0, &raw mut bytes) == 0 {
            return None;
        }
        let (value, none) = (jobs.as_ptr().cast(), ptr::null_mut());
        let kind = PROC_THREAD_ATTRIBUTE_JOB_LIST as usize;
        let mut made: PROCESS_INFORMATION = mem::zeroed();
        let mut created = 0;
        if UpdateProcThreadAttribute(attributes, 0, kind, value, size_of_val(&jobs), none, ptr::null()) != 0 {
            let mut startup: STARTUPINFOEXW = mem::zeroed();
            startup.StartupInfo.cb = size_of::<STARTUPINFOEXW>() as u32;
            startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
            startup.StartupInfo.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
            startup.StartupInfo.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
            startup.StartupInfo.hStdError = GetStdHandle(STD_ERROR_HANDLE);
            startup.lpAttributeList = attributes;
            created = CreateProcessW(
                path.as_ptr(),
                line.as_mut_ptr(),
                ptr::null(),
                ptr::null(),
                TRUE,
                EXTENDED_STARTUPINFO_PRESENT,
                ptr::null(),
                ptr::null(),
                &raw const startup.StartupInfo,
                &raw mut made,
            );
        }
        DeleteProcThreadAttributeList(attributes);
        if created == 0 {
            return None;
        }
        drop(OwnedHandle::from_raw_handle(made.hThread));
        Some(OwnedHandle::from_raw_handle(made.hProcess))
    }
}
