//! The socket pair: a byte is a wake-up, and the end of the stream is the peer's exit.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::{DoorbellTicket, RING};
use crate::link::wait::Bell;
use crate::link::{Endpoint, LinkError};

/// One side's end of the doorbell.
#[derive(Debug)]
pub struct Doorbell {
    channel: Endpoint,
}

impl Doorbell {
    /// Uses the channel as the doorbell.
    #[must_use]
    pub fn through(channel: Endpoint) -> Self {
        Self { channel }
    }

    /// The worker's end, as specified by the host.
    ///
    /// # Errors
    /// The channel, and the reason it cannot be used as the requested doorbell.
    pub fn join(channel: Endpoint, ticket: &DoorbellTicket) -> Result<Self, (Endpoint, io::Error)> {
        match ticket {
            DoorbellTicket::Channel => Ok(Self::through(channel)),
            DoorbellTicket::Events { .. } => {
                Err((channel, io::Error::new(io::ErrorKind::InvalidInput, "events are not supported on this system")))
            }
        }
    }

    /// The channel itself.
    pub fn channel(&mut self) -> &mut Endpoint {
        &mut self.channel
    }

    /// Creates a watcher, with which another thread can wait for the peer's exit.
    ///
    /// # Errors
    /// The operating system's, if no more descriptors are available.
    pub fn watcher(&self) -> io::Result<Option<Watcher>> {
        Ok(Some(Watcher(self.channel.receiver.as_fd().try_clone_to_owned()?)))
    }
}

/// Detects the peer's exit while another thread uses the doorbell.
#[derive(Debug)]
pub struct Watcher(OwnedFd);

impl Watcher {
    /// Waits until the peer has exited.
    pub fn wait_for_end(&self) {
        loop {
            // Readable bytes are not polled for: they belong to the doorbell.
            let mut watched = [PollFd::new(&self.0, PollFlags::RDHUP)];
            match rustix::event::poll(&mut watched, None) {
                Ok(_) if watched[0].revents().is_empty() => {}
                Err(Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Bell for Doorbell {
    fn ring(&mut self) -> Result<(), LinkError> {
        match rustix::net::send(&self.channel.sender, &[RING], SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            // A socket full of wake-up bytes wakes without another one.
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn sleep(&mut self) -> Result<(), LinkError> {
        let mut bytes = [0; 64];
        match rustix::net::recv(&self.channel.receiver, &mut bytes, RecvFlags::empty()) {
            Ok((0, _)) => Err(LinkError::Closed),
            // However many bytes the peer has sent, they are one wake-up.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }
}
