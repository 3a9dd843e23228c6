//! Windows.
#![allow(unsafe_code, reason = "processes are created through the operating system's functions")]

use std::ffi::OsStr;
use std::io;
use std::iter;
use std::mem;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr;
use std::time::Duration;

use protocol::link::{self, Endpoint, WorkerEnd};
use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, ERROR_INTERNAL_ERROR, HANDLE, HANDLE_FLAG_INHERIT, NTSTATUS,
    STATUS_CONTROL_C_EXIT, STILL_ACTIVE, SetHandleInformation, TRUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::SYNCHRONIZE;
use windows_sys::Win32::System::Console::{GetStdHandle, STD_ERROR_HANDLE, STD_OUTPUT_HANDLE, SetConsoleCtrlHandler};
use windows_sys::Win32::System::IO::CancelIoEx;
use windows_sys::Win32::System::Threading::{
    ABOVE_NORMAL_PRIORITY_CLASS, BELOW_NORMAL_PRIORITY_CLASS, CREATE_NEW_PROCESS_GROUP, CREATE_UNICODE_ENVIRONMENT,
    CreateProcessW, EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess, GetExitCodeProcess, IDLE_PRIORITY_CLASS,
    PROCESS_INFORMATION, STARTF_USESTDHANDLES, STARTUPINFOEXW, TerminateProcess, WaitForSingleObject,
};
use windows_sys::core::BOOL;

use super::Exit;
use crate::remote::{Priority, ProcessOptions, Wine};

mod attributes;
mod console;
mod environment;
mod jobs;

use attributes::AttributeList;

/// The number of attempts to create a process before Wine's report of a failure is accepted: on a busy machine the new
/// process may exit before the first instruction of the program, which Wine reports as an internal error.
const TRIES: u32 = 3;

/// A worker's process.
#[derive(Debug)]
pub(in crate::remote) struct Process {
    process: OwnedHandle,
    /// The job that limits its memory.
    _job: Option<OwnedHandle>,
}

impl Process {
    /// Starts `executable` with a channel as its standard input. Here Wine is the system itself.
    pub(in crate::remote) fn start(
        executable: &Path,
        _wine: Option<&Wine>,
        options: &ProcessOptions,
    ) -> io::Result<(Self, Endpoint)> {
        let (mut endpoint, worker_end) = link::pair()?;
        // SAFETY: the function has no precondition; without a console the handles are null or invalid.
        let (output, errors) = unsafe { (GetStdHandle(STD_OUTPUT_HANDLE), GetStdHandle(STD_ERROR_HANDLE)) };
        let standard = [worker_end.requests.as_raw_handle(), output, errors];
        let mut inherited = vec![worker_end.requests.as_raw_handle()];
        for handle in [output, errors] {
            // Each handle may be listed only once, and handles of a console need not be listed.
            if is_inheritable(handle) && !inherited.contains(&handle) {
                inherited.push(handle);
            }
        }
        let own_job = options.memory_limit.map(jobs::limited).transpose()?;
        let jobs: Vec<HANDLE> = jobs::of_all().iter().chain(&own_job.as_ref()).map(|job| job.as_raw_handle()).collect();
        let create = || create(executable, standard, (&inherited, &jobs), options);
        let mut created = create();
        for _ in 1..TRIES {
            match &created {
                Err(error) if error.raw_os_error() == Some(ERROR_INTERNAL_ERROR as i32) => created = create(),
                _ => break,
            }
        }
        let process = Self { process: created.map_err(|error| options.explain(error))?, _job: own_job };
        // If the worker has already exited, the greeting notices it.
        let _ = process.give(&worker_end.replies).and_then(|replies| endpoint.send_reply_handle(replies));
        Ok((process, endpoint))
    }

    /// Returns a new handle of the process, for waiting and for accessing its memory.
    pub(in crate::remote) fn handle(&self) -> io::Result<OwnedHandle> {
        self.process.try_clone()
    }

    /// Duplicates a handle into the process, which then owns it, and returns its value there.
    pub(in crate::remote) fn give(&self, handle: &OwnedHandle) -> io::Result<u64> {
        self.duplicate(handle.as_raw_handle(), 0, DUPLICATE_SAME_ACCESS)
    }

    /// The same for a handle of this process, which permits only waiting.
    pub(in crate::remote) fn give_this_process(&self) -> io::Result<u64> {
        // SAFETY: the pseudo handle of the current process is always valid.
        self.duplicate(unsafe { GetCurrentProcess() }, SYNCHRONIZE, 0)
    }

    fn duplicate(&self, handle: HANDLE, access: u32, options: u32) -> io::Result<u64> {
        let mut given: HANDLE = ptr::null_mut();
        // SAFETY: both processes and the handle are open; the value is written to a local. The other process owns the
        // duplicate.
        let done = unsafe {
            let (from, to) = (GetCurrentProcess(), self.process.as_raw_handle());
            DuplicateHandle(from, handle, to, &raw mut given, access, 0, options)
        };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(given.addr() as u64) }
    }

    /// Nothing to do here: the worker is in a job from the start.
    pub(in crate::remote) fn begun(&self) {}

    /// The channel closes when its endpoint is dropped; an idle worker then exits.
    pub(in crate::remote) fn close(&self) {}

    /// Kills the process.
    pub(in crate::remote) fn kill(&self) {
        // SAFETY: the handle is open and has all access rights since its creation.
        unsafe { TerminateProcess(self.process.as_raw_handle(), 1) };
    }

    /// Whether it has exited.
    pub(in crate::remote) fn has_ended(&self) -> bool {
        self.wait(Duration::ZERO).is_some()
    }

    /// Waits for the exit, for at most `limit`.
    pub(in crate::remote) fn wait(&self, limit: Duration) -> Option<Exit> {
        let milliseconds = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX - 1);
        // If it has exited, no wait is needed: each wait is a round trip to Wine's server.
        let code = match self.code()? {
            STILL_ACTIVE => self.has_ended_in(milliseconds).then(|| self.code())??,
            code => code,
        };
        Some(Exit::Code(code.cast_unsigned().into()))
    }

    /// The exit code of the process, or [`STILL_ACTIVE`], which may also be its exit code.
    fn code(&self) -> Option<NTSTATUS> {
        let mut code = 0;
        // SAFETY: the handle is open; the code is written to a local.
        let is_told = unsafe { GetExitCodeProcess(self.process.as_raw_handle(), &raw mut code) } != 0;
        is_told.then_some(code.cast_signed())
    }

    fn has_ended_in(&self, milliseconds: u32) -> bool {
        // SAFETY: the handle is open.
        unsafe { WaitForSingleObject(self.process.as_raw_handle(), milliseconds) == WAIT_OBJECT_0 }
    }
}

/// Cancels a read of a channel that another thread waits in: a process that exits while Wine creates it may leave its
/// pipes open.
#[derive(Debug)]
pub(in crate::remote) struct Hangup(Option<OwnedHandle>);

impl Hangup {
    pub(in crate::remote) fn of(channel: &Endpoint) -> Self {
        Self(channel.receiver.as_handle().try_clone_to_owned().ok())
    }

    /// Makes the read fail. A read that begins later is not affected.
    pub(in crate::remote) fn call_off(&self) {
        if let Some(pipe) = &self.0 {
            // SAFETY: the handle is open; a null pointer selects every request in progress.
            unsafe { CancelIoEx(pipe.as_raw_handle(), ptr::null()) };
        }
    }
}

/// On Windows no limit on the size of files ends a process.
pub fn outlive_file_size_limit() {}

/// Makes Ctrl-C end this process at once, overriding earlier handlers.
pub fn end_at_interrupt() {
    unsafe extern "system" fn end(_: u32) -> BOOL {
        exit_at_once(STATUS_CONTROL_C_EXIT)
    }
    // SAFETY: the handler runs on a separate thread and touches nothing of this program.
    unsafe { SetConsoleCtrlHandler(Some(end), TRUE) };
}

/// Ends this process at once: nothing is flushed, no destructor runs. Its workers end with it.
pub fn exit_at_once(code: i32) -> ! {
    // SAFETY: the handle denotes this process and is always valid; no code of it runs after the call.
    unsafe { TerminateProcess(GetCurrentProcess(), code.cast_unsigned()) };
    std::process::abort()
}

/// Makes a handle inheritable, if possible.
fn is_inheritable(handle: HANDLE) -> bool {
    // SAFETY: the function checks the handle.
    !handle.is_null() && unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) } != 0
}

/// Creates the process inside the job that ends it with this process: it is never outside, whenever this process ends.
fn create(
    executable: &Path,
    standard: [HANDLE; 3],
    (inherited, jobs): (&[HANDLE], &[HANDLE]),
    options: &ProcessOptions,
) -> io::Result<OwnedHandle> {
    for handle in inherited {
        if !is_inheritable(*handle) {
            return Err(io::Error::last_os_error());
        }
    }
    let program = wide(executable.as_os_str());
    // A path cannot contain a quotation mark on Windows, so quoting is the only escaping needed.
    let mut line: Vec<u16> = iter::once(u16::from(b'"')).chain(executable.as_os_str().encode_wide()).collect();
    line.extend(format!("\" {}\0", WorkerEnd::ARGUMENT).encode_utf16());
    let environment = environment::block(&options.environment);
    let directory = options.directory.as_deref().map(|directory| wide(directory.as_os_str()));
    let mut attributes = AttributeList::new(inherited, jobs)?;
    // SAFETY: zeroed values are valid for both structs; every pointer points to a local that outlives the call, the
    // strings are zero-terminated, and the two handles are owned only after the call reports that it has created them.
    unsafe {
        let mut startup: STARTUPINFOEXW = mem::zeroed();
        startup.StartupInfo.cb = size_of::<STARTUPINFOEXW>() as u32;
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        [startup.StartupInfo.hStdInput, startup.StartupInfo.hStdOutput, startup.StartupInfo.hStdError] = standard;
        startup.lpAttributeList = attributes.list();
        let flags = console::flag()
            | CREATE_NEW_PROCESS_GROUP
            | CREATE_UNICODE_ENVIRONMENT
            | EXTENDED_STARTUPINFO_PRESENT
            | priority_class(options.priority);
        let mut made: PROCESS_INFORMATION = mem::zeroed();
        let created = CreateProcessW(
            program.as_ptr(),
            line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            TRUE,
            flags,
            environment.as_ref().map_or(ptr::null(), |block| block.as_ptr().cast()),
            directory.as_ref().map_or(ptr::null(), Vec::as_ptr),
            &raw const startup.StartupInfo,
            &raw mut made,
        );
        if created == 0 {
            return Err(io::Error::last_os_error());
        }
        let process = OwnedHandle::from_raw_handle(made.hProcess);
        drop(OwnedHandle::from_raw_handle(made.hThread));
        Ok(process)
    }
}

fn priority_class(priority: Priority) -> u32 {
    match priority {
        Priority::Idle => IDLE_PRIORITY_CLASS,
        Priority::Low => BELOW_NORMAL_PRIORITY_CLASS,
        // Without a class, a process has that of its creator.
        Priority::Normal => 0,
        Priority::High => ABOVE_NORMAL_PRIORITY_CLASS,
    }
}

fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}
