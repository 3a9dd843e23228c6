//! Two unnamed pipes, or, for a worker that a Linux host runs under Wine, one inherited socket.
#![allow(
    unsafe_code,
    reason = "handles are inherited, duplicated and replaced through the operating system's functions"
)]

use std::ffi::{c_char, c_int};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;

use interprocess::os::windows::unnamed_pipe::CreationOptions;
use interprocess::unnamed_pipe::Recver;
use windows_sys::Win32::Foundation::{DuplicateHandle, GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::System::Pipes::PeekNamedPipe;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::Endpoint;

unsafe extern "C" {
    fn _open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn _dup2(from: c_int, to: c_int) -> c_int;
    fn _close(descriptor: c_int) -> c_int;
}

/// Receives frames.
pub type Receiver = Recver;
/// Sends frames. A file, since the pipe's own type starts a thread when it is dropped, which waits until the peer has
/// read everything. A peer can read the remaining bytes of a pipe after its writer has closed it anyway; and if the
/// process exits while that thread starts, it crashes in Wine 8, in the middle of the libraries' destructors.
pub type Sender = File;

/// The end that is passed to a worker. The worker inherits only the pipe for requests; its handle for replies is
/// duplicated into it after its start, and [sent](Endpoint::send_reply_handle) through that pipe. A program started
/// by a library, or a console that the system starts beside the worker, would keep an inherited pipe open, and the
/// worker's exit would go undetected.
#[derive(Debug)]
pub struct WorkerEnd {
    /// The pipe that becomes the worker's standard input.
    pub requests: OwnedHandle,
    /// The pipe for replies.
    pub replies: OwnedHandle,
}

impl WorkerEnd {
    /// The command-line argument that makes the worker expect its handle for replies.
    pub const ARGUMENT: &'static str = "--replies";
}

/// Creates a channel: the host's end, and the end for a worker.
///
/// No handle is inheritable: the code that starts the worker makes the pipe for requests inheritable, for that one
/// process.
///
/// # Errors
/// The operating system's, if no pipe is available.
pub fn pair() -> io::Result<(Endpoint, WorkerEnd)> {
    let options = CreationOptions::new().inheritable(false);
    let (request_sender, request_receiver) = options.clone().create()?;
    let (reply_sender, reply_receiver) = options.create()?;
    let host = Endpoint { receiver: reply_receiver, sender: OwnedHandle::from(request_sender).into() };
    Ok((host, WorkerEnd { requests: request_receiver.into(), replies: reply_sender.into() }))
}

/// Takes over the channel that this process inherited, and replaces standard input with the null device, so that a
/// library that reads it gets end of file instead of consuming frames.
///
/// # Errors
/// If the handles are missing: this process was not started by a host.
pub fn inherit() -> io::Result<Endpoint> {
    let requests = io::stdin().as_handle().try_clone_to_owned()?;
    let (receiver, replies) = match std::env::args().nth(1).as_deref() {
        Some(WorkerEnd::ARGUMENT) => receive_reply_handle(requests.into())?,
        Some(argument) => {
            let expected = format!("expected {}, not {argument:?}", WorkerEnd::ARGUMENT);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, expected));
        }
        // Wine maps Unix descriptor 0 to a read-only handle. Behind it is a socket, which is bidirectional.
        None => {
            let replies = duplicate_for_writing(&requests)?;
            (requests.into(), replies)
        }
    };
    replace_standard_input()?;
    Ok(Endpoint { receiver, sender: replies.into() })
}

impl Endpoint {
    /// Sends the worker the value of the handle for replies that was duplicated into its process. This precedes every
    /// frame.
    ///
    /// # Errors
    /// The operating system's, if the worker has exited.
    pub fn send_reply_handle(&mut self, handle: u64) -> io::Result<()> {
        self.sender.write_all(&handle.to_le_bytes())
    }

    /// Receives bytes that the peer has already sent; `None` if there are no more.
    pub(super) fn receive_buffered(&mut self, into: &mut [u8]) -> Option<usize> {
        let mut there = 0;
        // SAFETY: the pipe is open, the count is written to a local, and null pointers request nothing else.
        let peeked = unsafe {
            let pipe = self.receiver.as_handle().as_raw_handle();
            PeekNamedPipe(pipe, ptr::null_mut(), 0, ptr::null_mut(), &raw mut there, ptr::null_mut())
        };
        let length = into.len().min(there as usize);
        if peeked == 0 || length == 0 {
            return None;
        }
        self.receiver.read(&mut into[..length]).ok().filter(|received| *received > 0)
    }
}

fn receive_reply_handle(mut requests: Receiver) -> io::Result<(Receiver, OwnedHandle)> {
    let mut value = [0; size_of::<u64>()];
    requests.read_exact(&mut value)?;
    Ok((requests, owned_handle(u64::from_le_bytes(value))?))
}

/// Takes ownership of a handle of this process by the value received from the host.
pub(in crate::link) fn owned_handle(value: u64) -> io::Result<OwnedHandle> {
    let value = usize::try_from(value).ok().filter(|value| *value != 0);
    let value = value.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "invalid handle value"))?;
    // SAFETY: the host created this handle in this process and no other code in it knows its value. A wrong value
    // names no handle or one of another object, which its first use reports.
    Ok(unsafe { OwnedHandle::from_raw_handle(ptr::without_provenance_mut(value)) })
}

fn duplicate_for_writing(handle: &OwnedHandle) -> io::Result<OwnedHandle> {
    let mut duplicate: RawHandle = ptr::null_mut();
    // SAFETY: the handle is open, the pseudo handle of this process is always valid, and the result is only used if
    // the function reports that it has written it.
    unsafe {
        let process = GetCurrentProcess();
        let access = GENERIC_READ | GENERIC_WRITE;
        if DuplicateHandle(process, handle.as_raw_handle(), process, &raw mut duplicate, access, 0, 0) == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedHandle::from_raw_handle(duplicate))
    }
}

/// Replaces descriptor 0 of the C runtime. `_dup2` closes the old handle and also sets the process's standard input.
fn replace_standard_input() -> io::Result<()> {
    const READ_ONLY: c_int = 0;
    // SAFETY: the path is zero-terminated, and descriptors are plain numbers that the C runtime checks.
    unsafe {
        let null = _open(c"NUL".as_ptr(), READ_ONLY);
        if null < 0 || _dup2(null, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
        _close(null);
    }
    Ok(())
}
