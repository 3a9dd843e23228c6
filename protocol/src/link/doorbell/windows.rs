//! Events between two Windows processes; the inherited socket for a worker under Wine with a Linux host.
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

/// One side's handles of the events.
#[derive(Debug)]
pub struct Events {
    /// Wakes this side; auto-reset.
    pub own: OwnedHandle,
    /// Wakes the peer; auto-reset.
    pub peer: OwnedHandle,
    /// Set permanently when the host releases the link.
    pub closed: OwnedHandle,
    /// The peer's process.
    pub process: OwnedHandle,
}

impl Events {
    /// Creates the host's handles. `process` is the worker's process.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(process: OwnedHandle) -> io::Result<Self> {
        Ok(Self { own: event(false)?, peer: event(false)?, closed: event(true)?, process })
    }
}

impl Doorbell {
    /// The host's end: the events are the doorbell, and the channel is not used.
    #[must_use]
    pub fn host(channel: Endpoint, events: Events) -> Self {
        Self { channel, events: Some(events) }
    }

    /// The worker's end, as specified by the host.
    ///
    /// # Errors
    /// The channel, and the reason it cannot be used as the requested doorbell.
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

    /// The events, unless the channel is the doorbell.
    #[must_use]
    pub fn events(&self) -> Option<&Events> {
        self.events.as_ref()
    }

    /// The channel itself.
    pub fn channel(&mut self) -> &mut Endpoint {
        &mut self.channel
    }

    /// Creates a watcher, with which another thread can wait for the peer's exit; `None` if the channel is the
    /// doorbell, which two threads cannot read.
    ///
    /// # Errors
    /// The operating system's, if no more handles are available.
    pub fn watcher(&self) -> io::Result<Option<Watcher>> {
        let watcher =
            |events: &Events| Ok(Watcher { closed: events.closed.try_clone()?, process: events.process.try_clone()? });
        self.events.as_ref().map(watcher).transpose()
    }
}

/// Detects the peer's exit while another thread uses the doorbell.
#[derive(Debug)]
pub struct Watcher {
    closed: OwnedHandle,
    process: OwnedHandle,
}

impl Watcher {
    /// Handles that are signalled permanently when the peer has released the link, and when it has exited.
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
                // However often the peer has signalled, it is one wake-up.
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
            // The event is open; a peer that is already gone is not affected.
            let _ = set(&events.closed);
        }
    }
}

fn event(stays_set: bool) -> io::Result<OwnedHandle> {
    // SAFETY: null pointers request no name and the default protection. The handle is owned only if one was created.
    unsafe {
        let handle = CreateEventW(ptr::null(), stays_set.into(), 0, ptr::null());
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(OwnedHandle::from_raw_handle(handle)) }
    }
}

fn set(event: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open for as long as it is borrowed; the system checks that it is that of an event.
    if unsafe { SetEvent(event.as_raw_handle()) } == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits until one of the objects is signalled, and returns its index. Returns an index past the first one if the
/// wait fails.
fn wait_for_any(handles: &[*mut core::ffi::c_void]) -> u32 {
    // SAFETY: the handles are open for as long as their owners are borrowed, and their number is the slice's length.
    unsafe { WaitForMultipleObjects(handles.len() as u32, handles.as_ptr(), 0, INFINITE) }.wrapping_sub(WAIT_OBJECT_0)
}
