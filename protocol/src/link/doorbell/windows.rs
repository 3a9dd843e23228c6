//! Events between two Windows processes; the inherited socket for a worker under Wine whose host is a Linux process.
#![allow(unsafe_code, reason = "events are created, set and waited for through the operating system's functions")]

use std::io::{self, Read, Write};
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, SetEvent, WaitForMultipleObjects};

use super::{DoorbellTicket, RING};
use crate::link::channel::owned_handle;
use crate::link::wait::Bell;
use crate::link::{Endpoint, LinkError};

/// One side's end of the doorbell.
#[derive(Debug)]
pub struct Doorbell {
    channel: Endpoint,
    events: Option<Events>,
}

/// One side's view of the events.
#[derive(Debug)]
pub struct Events {
    /// Wakes this side; resets itself.
    pub own: OwnedHandle,
    /// Wakes the peer; resets itself.
    pub peer: OwnedHandle,
    /// Is set for good when the host lets go of the link.
    pub closed: OwnedHandle,
    /// The peer's process.
    pub process: OwnedHandle,
}

impl Events {
    /// Creates the host's view. `process` is the worker's.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(process: OwnedHandle) -> io::Result<Self> {
        Ok(Self { own: event(false)?, peer: event(false)?, closed: event(true)?, process })
    }
}

impl Doorbell {
    /// The host's end: the events wake, and the channel is left alone.
    #[must_use]
    pub fn host(channel: Endpoint, events: Events) -> Self {
        Self { channel, events: Some(events) }
    }

    /// The worker's end, as the host says.
    ///
    /// # Errors
    /// The channel, and why it cannot be the doorbell that was meant.
    pub fn join(channel: Endpoint, ticket: &DoorbellTicket) -> Result<Self, (Endpoint, io::Error)> {
        let events = match ticket {
            DoorbellTicket::Channel => Ok(None),
            DoorbellTicket::Events { host, worker, closed, process } => [host, worker, closed, process]
                .map(|value| owned_handle(*value))
                .into_iter()
                .collect::<io::Result<Vec<_>>>()
                .map(|handles| <[OwnedHandle; 4]>::try_from(handles).ok())
                .map(|handles| handles.map(|[peer, own, closed, process]| Events { own, peer, closed, process })),
        };
        match events {
            Ok(events) => Ok(Self { channel, events }),
            Err(error) => Err((channel, error)),
        }
    }

    /// The events, unless the channel wakes.
    #[must_use]
    pub fn events(&self) -> Option<&Events> {
        self.events.as_ref()
    }

    /// The channel itself.
    pub fn channel(&mut self) -> &mut Endpoint {
        &mut self.channel
    }

    /// What lets another thread wait for the peer's end; nothing where the channel wakes, which two threads cannot read.
    ///
    /// # Errors
    /// The operating system's, when no more handles can be had.
    pub fn watcher(&self) -> io::Result<Option<Watcher>> {
        let watcher =
            |events: &Events| Ok(Watcher { closed: events.closed.try_clone()?, process: events.process.try_clone()? });
        self.events.as_ref().map(watcher).transpose()
    }
}

/// Sees the peer's end, while another thread uses the doorbell.
#[derive(Debug)]
pub struct Watcher {
    closed: OwnedHandle,
    process: OwnedHandle,
}

impl Watcher {
    /// What is signalled for good when the peer has let go of the link, and when it has ended.
    #[must_use]
    pub fn handles(&self) -> [BorrowedHandle<'_>; 2] {
        [self.closed.as_handle(), self.process.as_handle()]
    }
}

impl Bell for Doorbell {
    fn ring(&mut self) -> Result<(), LinkError> {
        match &self.events {
            Some(events) => set(&events.peer)?,
            None => self.channel.sender.write_all(&[RING])?,
        }
        Ok(())
    }

    fn sleep(&mut self) -> Result<(), LinkError> {
        let Some(events) = &self.events else {
            let mut bytes = [0; 64];
            return match self.channel.receiver.read(&mut bytes)? {
                0 => Err(LinkError::Closed),
                // However often the peer has rung, once is enough to wake.
                _ => Ok(()),
            };
        };
        let handles = [&events.own, &events.closed, &events.process].map(AsRawHandle::as_raw_handle);
        if wait_for_any(&handles) == 0 { Ok(()) } else { Err(LinkError::Closed) }
    }
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        if let Some(events) = &self.events {
            // The event is open; a peer that is gone already does not mind.
            let _ = set(&events.closed);
        }
    }
}

fn event(stays_set: bool) -> io::Result<OwnedHandle> {
    // SAFETY: null pointers ask for no name and the default protection. The handle is owned only if one was made.
    unsafe {
        let handle = CreateEventW(ptr::null(), stays_set.into(), 0, ptr::null());
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(OwnedHandle::from_raw_handle(handle)) }
    }
}

fn set(event: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open for as long as it is borrowed; that it is an event's the system checks.
    if unsafe { SetEvent(event.as_raw_handle()) } == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits until one of the objects is signalled, and gives its index. A wait that fails gives an index past the first.
fn wait_for_any(handles: &[*mut core::ffi::c_void]) -> u32 {
    // SAFETY: the handles are open for as long as their owners are borrowed, and there are as many as said.
    unsafe { WaitForMultipleObjects(handles.len() as u32, handles.as_ptr(), 0, INFINITE) }.wrapping_sub(WAIT_OBJECT_0)
}
