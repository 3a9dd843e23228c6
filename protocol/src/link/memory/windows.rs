//! An unnamed section, or, for a worker that a Linux host runs through Wine, the host's descriptor opened as a file.
#![allow(unsafe_code, reason = "mapping memory is the operating system's")]

use std::ffi::c_void;
use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{self, NonNull};

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_ALL_ACCESS, MEM_COMMIT, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, PAGE_READWRITE,
    SEC_RESERVE, UnmapViewOfFile, VirtualAlloc,
};

use super::{Ticket, View};

/// Memory that can be mapped by several processes. It lives until the last of them lets go of it.
#[derive(Debug)]
pub struct Memory {
    section: OwnedHandle,
    bytes: u64,
    /// Whether its pages must be committed before they can be used.
    reserved: bool,
}

impl Memory {
    /// Creates memory. It is only reserved: what is mapped is committed.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(bytes: u64) -> io::Result<Self> {
        Ok(Self { section: section(INVALID_HANDLE_VALUE, PAGE_READWRITE | SEC_RESERVE, bytes)?, bytes, reserved: true })
    }

    /// The section, to be put into the worker's process.
    #[must_use]
    pub fn handle(&self) -> &OwnedHandle {
        &self.section
    }

    /// Opens the memory that a host has created.
    ///
    /// # Errors
    /// The operating system's, if the ticket leads nowhere.
    pub fn open(ticket: &Ticket, bytes: u64) -> io::Result<Self> {
        match ticket {
            Ticket::Path(path) => {
                let mut file = OpenOptions::new().read(true).write(true).open(path)?;
                // Memory that is smaller than promised would fault where it is accessed. Wine has no metadata of such a
                // file, but it knows where it ends.
                if file.seek(SeekFrom::End(0))? < bytes {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "the memory is smaller than the host says"));
                }
                Ok(Self { section: section(file.as_raw_handle(), PAGE_READWRITE, 0)?, bytes, reserved: false })
            }
            Ticket::Handle(value) => {
                Ok(Self { section: crate::link::channel::owned_handle(*value)?, bytes, reserved: true })
            }
        }
    }

    /// Maps a part. Both numbers are multiples of [`SEGMENT_ALIGN`](crate::link::SEGMENT_ALIGN).
    ///
    /// # Errors
    /// The operating system's: there is no room for it in this process.
    pub fn map(&self, offset: u64, bytes: u64) -> io::Result<View> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "the part is not within the memory");
        let end = offset.checked_add(bytes).filter(|end| bytes > 0 && *end <= self.bytes).ok_or_else(outside)?;
        let length = usize::try_from(end - offset).map_err(|_| outside())?;
        let section = self.section.as_raw_handle();
        // SAFETY: the section is open, and the part is within it. A view belongs to the `View` that is made of it, which
        // unmaps it; committing pages that the other process has committed already changes nothing.
        unsafe {
            let view = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, (offset >> 32) as u32, offset as u32, length);
            let base = NonNull::new(view.Value.cast::<u8>()).ok_or_else(io::Error::last_os_error)?;
            let view = View::new(base, length, release);
            if self.reserved
                && VirtualAlloc(base.as_ptr().cast::<c_void>(), length, MEM_COMMIT, PAGE_READWRITE).is_null()
            {
                return Err(io::Error::last_os_error());
            }
            Ok(view)
        }
    }
}

fn section(file: *mut c_void, protection: u32, bytes: u64) -> io::Result<OwnedHandle> {
    // SAFETY: the file is open, or the value that asks for memory of the system's own; null pointers ask for no name and
    // the default protection. The handle is owned only if the call says that it has made one.
    unsafe {
        let handle = CreateFileMappingW(file, ptr::null(), protection, (bytes >> 32) as u32, bytes as u32, ptr::null());
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(OwnedHandle::from_raw_handle(handle)) }
    }
}

fn release(base: NonNull<u8>, _: usize) {
    let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: base.as_ptr().cast() };
    // SAFETY: the address is that of a view that was mapped once and is unmapped once.
    unsafe { UnmapViewOfFile(view) };
}
