//! A socket pair. A write to a dead peer is an error here, where a pipe would raise SIGPIPE in hosts that do not
//! ignore it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use interprocess::TryClone;
use interprocess::os::unix::uds_local_socket::Stream;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};

use super::Endpoint;

/// Where frames arrive.
pub type Receiver = Stream;
/// Where frames leave.
pub type Sender = Stream;

/// The end that a worker inherits as its standard input. Closed on exec in every other process.
pub type WorkerEnd = OwnedFd;

/// Creates a channel: the host's end, and the end to hand to a worker as its standard input.
///
/// # Errors
/// The operating system's, when no socket pair can be had.
pub fn pair() -> io::Result<(Endpoint, WorkerEnd)> {
    let (host, worker) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    Ok((endpoint(host)?, worker))
}

/// Takes over the channel that this process inherited as its standard input, and puts the null device in its place, so
/// that a library that reads standard input finds its end instead of swallowing frames.
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
    /// Receives some of what the peer has sent already; nothing if that is all.
    pub(super) fn receive_what_lies_there(&mut self, into: &mut [u8]) -> Option<usize> {
        loop {
            match rustix::net::recv(&self.receiver, &mut *into, RecvFlags::DONTWAIT) {
                Ok((received @ 1.., _)) => return Some(received.min(into.len())),
                Err(Errno::INTR) => {}
                _ => return None,
            }
        }
    }
}

/// A handle of the host's on its end of the channel, which can shut it down while another thread waits in it.
///
/// # Errors
/// The operating system's, when no more descriptors can be had.
pub fn closer(endpoint: &Endpoint) -> io::Result<OwnedFd> {
    endpoint.receiver.as_fd().try_clone_to_owned()
}
