//! The socket pair: a byte wakes, and the end of the stream is the end of the peer.

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
    /// Makes the channel the doorbell.
    #[must_use]
    pub fn through(channel: Endpoint) -> Self {
        Self { channel }
    }

    /// The worker's end, as the host says.
    ///
    /// # Errors
    /// The channel, and why it cannot be the doorbell that was meant.
    pub fn join(channel: Endpoint, ticket: &DoorbellTicket) -> Result<Self, (Endpoint, io::Error)> {
        match ticket {
            DoorbellTicket::Channel => Ok(Self::through(channel)),
            DoorbellTicket::Events { .. } => {
                Err((channel, io::Error::new(io::ErrorKind::InvalidInput, "there are no events here")))
            }
        }
    }

    /// The channel itself.
    pub fn channel(&mut self) -> &mut Endpoint {
        &mut self.channel
    }

    /// What lets another thread wait for the peer's end.
    ///
    /// # Errors
    /// The operating system's, when no more descriptors can be had.
    pub fn watcher(&self) -> io::Result<Option<Watcher>> {
        Ok(Some(Watcher(self.channel.receiver.as_fd().try_clone_to_owned()?)))
    }
}

/// Sees the peer's end, while another thread uses the doorbell.
#[derive(Debug)]
pub struct Watcher(OwnedFd);

impl Watcher {
    /// Waits until the peer has ended.
    pub fn wait_for_end(&self) {
        loop {
            // Bytes that wait to be read are not looked for: they are the doorbell's.
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
            // A socket that is full of rings wakes without one more.
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn sleep(&mut self) -> Result<(), LinkError> {
        let mut bytes = [0; 64];
        match rustix::net::recv(&self.channel.receiver, &mut bytes, RecvFlags::empty()) {
            Ok((0, _)) => Err(LinkError::Closed),
            // However often the peer has rung, once is enough to wake.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }
}
