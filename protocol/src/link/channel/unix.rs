//! A socket pair. Unlike with a pipe, a write to a dead peer is an error, and does not raise SIGPIPE in hosts that do
//! not ignore it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use interprocess::TryClone;
use interprocess::os::unix::uds_local_socket::Stream;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};

use super::Endpoint;

/// Receives frames.
pub type Receiver = Stream;
/// Sends frames.
pub type Sender = Stream;

/// The end that a worker inherits as its standard input. Closed on exec in every other process.
pub type WorkerEnd = OwnedFd;

/// Creates a channel: the host's end, and the end that becomes a worker's standard input.
///
/// # Errors
/// The operating system's, if no socket pair is available.
pub fn pair() -> io::Result<(Endpoint, WorkerEnd)> {
    let (host, worker) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    Ok((endpoint(host)?, worker))
}

/// Takes over the channel that this process inherited as its standard input, and replaces standard input with the
/// null device, so that a library that reads it gets end of file instead of consuming frames.
///
/// # Errors
/// If standard input is not a socket: this process was not started by a host.
pub fn inherit() -> io::Result<Endpoint> {
    let stdin = io::stdin();
    rustix::net::sockopt::socket_type(&stdin)?;
    let channel = rustix::io::fcntl_dupfd_cloexec(&stdin, 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(null)?;
    endpoint(channel)
}

fn endpoint(socket: OwnedFd) -> io::Result<Endpoint> {
    let receiver = Stream::from(socket);
    let sender = receiver.try_clone()?;
    Ok(Endpoint { receiver, sender })
}

impl Endpoint {
    /// Receives bytes that the peer has already sent; `None` if there are no more.
    pub(super) fn receive_buffered(&mut self, into: &mut [u8]) -> Option<usize> {
        loop {
            match rustix::net::recv(&self.receiver, &mut *into, RecvFlags::DONTWAIT) {
                Ok((received @ 1.., _)) => return Some(received.min(into.len())),
                Err(Errno::INTR) => {}
                _ => return None,
            }
        }
    }
}

/// A handle of the host to its end of the channel that can shut it down while another thread waits on it.
///
/// # Errors
/// The operating system's, if no more descriptors are available.
pub fn closer(endpoint: &Endpoint) -> io::Result<OwnedFd> {
    endpoint.receiver.as_fd().try_clone_to_owned()
}
