//! Two unnamed pipes, or, for a worker that a Linux host runs through Wine, one inherited socket.
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

/// Where frames arrive.
pub type Receiver = Recver;
/// Where frames leave: a file, as the pipe's own type starts a thread when it is dropped, which waits until the peer has read all.
/// A peer reads what lies in a pipe after its writer has closed it, too; and if the process ends while that thread begins, it crashes
/// in Wine 8, in the middle of the libraries' destructors.
pub type Sender = File;

/// The end that is handed to a worker. It inherits the pipe for requests, and nothing else; its handle for replies is put into it
/// once it is there, and [told](Endpoint::tell_replies) through that pipe. A program that a library starts, and a console that
/// a system starts beside the worker, would keep a pipe that they inherit open, and with it the news of the worker's end.
#[derive(Debug)]
pub struct WorkerEnd {
    /// The pipe that becomes the worker's standard input.
    pub requests: OwnedHandle,
    /// The pipe for replies.
    pub replies: OwnedHandle,
}

impl WorkerEnd {
    /// The worker's argument, by which it knows that it is told its handle for replies.
    pub const ARGUMENT: &'static str = "--replies";
}

/// Creates a channel: the host's end, and the end to hand to a worker.
///
/// No handle is inheritable: who starts the worker makes the pipe for requests so, for that one process.
///
/// # Errors
/// The operating system's, when no pipe can be had.
pub fn pair() -> io::Result<(Endpoint, WorkerEnd)> {
    let options = CreationOptions::new().inheritable(false);
    let (request_sender, request_receiver) = options.clone().create()?;
    let (reply_sender, reply_receiver) = options.create()?;
    let host = Endpoint { receiver: reply_receiver, sender: OwnedHandle::from(request_sender).into() };
    Ok((host, WorkerEnd { requests: request_receiver.into(), replies: reply_sender.into() }))
}

/// Takes over the channel that this process inherited and puts the null device in the place of standard input, so that
/// a library that reads standard input finds its end instead of swallowing frames.
///
/// # Errors
/// If the handles are not there: this process was not started by a host.
pub fn inherit() -> io::Result<Endpoint> {
    let requests = io::stdin().as_handle().try_clone_to_owned()?;
    let (receiver, replies) = match std::env::args().nth(1).as_deref() {
        Some(WorkerEnd::ARGUMENT) => told_replies(requests.into())?,
        Some(argument) => {
            let expected = format!("expected {}, not {argument:?}", WorkerEnd::ARGUMENT);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, expected));
        }
        // Wine gives a Unix descriptor 0 a handle that may only read. Behind it is a socket: it carries both ways.
        None => {
            let replies = duplicate_for_writing(&requests)?;
            (requests.into(), replies)
        }
    };
    replace_standard_input()?;
    Ok(Endpoint { receiver, sender: replies.into() })
}

impl Endpoint {
    /// Tells the worker the value of the handle for replies that was put into its process. That comes before every frame.
    ///
    /// # Errors
    /// The operating system's, if the worker has ended.
    pub fn tell_replies(&mut self, handle: u64) -> io::Result<()> {
        self.sender.write_all(&handle.to_le_bytes())
    }

    /// Receives some of what the peer has sent already; nothing if that is all.
    pub(super) fn receive_what_lies_there(&mut self, into: &mut [u8]) -> Option<usize> {
        let mut there = 0;
        // SAFETY: the pipe is open, the count is written to a local, and null pointers ask for nothing else.
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

fn told_replies(mut requests: Receiver) -> io::Result<(Receiver, OwnedHandle)> {
    let mut value = [0; size_of::<u64>()];
    requests.read_exact(&mut value)?;
    Ok((requests, owned_handle(u64::from_le_bytes(value))?))
}

/// Takes over a handle of this process by the value that the host has told.
pub(in crate::link) fn owned_handle(value: u64) -> io::Result<OwnedHandle> {
    let value = usize::try_from(value).ok().filter(|value| *value != 0);
    let value = value.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "that is no handle"))?;
    // SAFETY: the host created this handle in this process and nothing else in it knows its value. A wrong value names
    // no handle or one of another object, which its first use reports.
    Ok(unsafe { OwnedHandle::from_raw_handle(ptr::without_provenance_mut(value)) })
}

fn duplicate_for_writing(handle: &OwnedHandle) -> io::Result<OwnedHandle> {
    let mut duplicate: RawHandle = ptr::null_mut();
    // SAFETY: the handle is open, the pseudo handle of this process is always valid, and the result is only used when
    // the function says that it has written it.
    unsafe {
        let process = GetCurrentProcess();
        let access = GENERIC_READ | GENERIC_WRITE;
        if DuplicateHandle(process, handle.as_raw_handle(), process, &raw mut duplicate, access, 0, 0) == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedHandle::from_raw_handle(duplicate))
    }
}

/// Replaces descriptor 0 of the C runtime. `_dup2` closes the old handle and sets the process's standard input too.
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
