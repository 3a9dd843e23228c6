//! An unnamed section, or, for a worker that a Linux host runs under Wine, the host's descriptor opened as a file.
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

/// Memory that several processes can map. It lives until the last of them releases it.
#[derive(Debug)]
pub struct Memory {
    section: OwnedHandle,
    bytes: u64,
    /// Whether its pages must be committed before use.
    reserved: bool,
}

impl Memory {
    /// Creates memory. It is only reserved; mapping a part commits it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(bytes: u64) -> io::Result<Self> {
        Ok(Self { section: section(INVALID_HANDLE_VALUE, PAGE_READWRITE | SEC_RESERVE, bytes)?, bytes, reserved: true })
    }

    /// The section, for duplication into the worker's process.
    #[must_use]
    pub fn handle(&self) -> &OwnedHandle {
        &self.section
    }

    /// Opens memory created by a host.
    ///
    /// # Errors
    /// The operating system's, if the ticket is invalid.
    pub fn open(ticket: &Ticket, bytes: u64) -> io::Result<Self> {
        match ticket {
            Ticket::Path(path) => {
                let mut file = OpenOptions::new().read(true).write(true).open(path)?;
                // Memory smaller than promised would fault on access. Wine has no metadata of such a file, but can
                // seek to its end.
                if file.seek(SeekFrom::End(0))? < bytes {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the memory is smaller than the host declared",
                    ));
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
    /// The operating system's: this process has no room for it.
    pub fn map(&self, offset: u64, bytes: u64) -> io::Result<View> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "the part exceeds the memory");
        let end = offset.checked_add(bytes).filter(|end| bytes > 0 && *end <= self.bytes).ok_or_else(outside)?;
        let length = usize::try_from(end - offset).map_err(|_| outside())?;
        let section = self.section.as_raw_handle();
        // SAFETY: the section is open, and the part is within it. The mapped view belongs to the `View` that is
        // created from it, which unmaps it; committing pages that the other process has already committed has no
        // effect.
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
    // SAFETY: the file is open, or the value that requests memory backed by the system; null pointers request no name
    // and the default protection. The handle is owned only if the call reports that it created one.
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
