//! A memory descriptor, which workers open through the host's entry in `/proc`. It has no file and no name.
#![allow(unsafe_code, reason = "mapping memory is the operating system's")]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{self, NonNull};

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

use super::{Ticket, View};

/// Memory that several processes can map. It lives until the last of them releases it.
#[derive(Debug)]
pub struct Memory {
    descriptor: OwnedFd,
    bytes: u64,
}

impl Memory {
    /// Creates memory. Pages are only allocated when written to.
    ///
    /// # Errors
    /// The operating system's: no such memory, or not that much, is available.
    pub fn create(bytes: u64) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let descriptor = rustix::fs::memfd_create("runtime64", flags)?;
        // The kernel creates it accessible to all, and relies on the permissions of the host's folder in /proc.
        rustix::fs::fchmod(&descriptor, Mode::RUSR | Mode::WUSR)?;
        rustix::fs::ftruncate(&descriptor, bytes)?;
        // If a worker shrank it, the next access of this process would fault.
        rustix::fs::fcntl_add_seals(&descriptor, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok(Self { descriptor, bytes })
    }

    /// The ticket for a worker on this system, or under Wine, where drive Z is the root directory.
    #[must_use]
    pub fn ticket(&self, through_wine: bool) -> Ticket {
        let path = format!("/proc/{}/fd/{}", std::process::id(), self.descriptor.as_raw_fd());
        Ticket::Path(if through_wine { format!("Z:{}", path.replace('/', "\\")) } else { path })
    }

    /// Opens memory created by a host.
    ///
    /// # Errors
    /// The operating system's, if the host's entry in `/proc` is inaccessible.
    pub fn open(ticket: &Ticket, bytes: u64) -> io::Result<Self> {
        let Ticket::Path(path) = ticket else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "handles are not supported on this system"));
        };
        let descriptor = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        // Memory smaller than promised would fault on access.
        let stat = rustix::fs::fstat(&descriptor)?;
        if u64::try_from(stat.st_size).unwrap_or(0) < bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the memory is smaller than the host declared"));
        }
        Ok(Self { descriptor, bytes })
    }

    /// The identity of this memory among all memory and files of the system: device and inode.
    ///
    /// # Errors
    /// The operating system's.
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::fstat(&self.descriptor)?;
        Ok((stat.st_dev, stat.st_ino))
    }

    /// Maps a part, followed by inaccessible memory, so that an overrun of its end faults. Both numbers are multiples
    /// of [`SEGMENT_ALIGN`](crate::link::SEGMENT_ALIGN).
    ///
    /// # Errors
    /// The operating system's: this process has no room for it.
    pub fn map(&self, offset: u64, bytes: u64) -> io::Result<View> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "the part exceeds the memory");
        let end = offset.checked_add(bytes).filter(|end| bytes > 0 && *end <= self.bytes).ok_or_else(outside)?;
        let length = usize::try_from(end - offset).map_err(|_| outside())?;
        let guarded = length.checked_add(GUARD_BYTES).ok_or_else(outside)?;
        // SAFETY: the first call reserves fresh addresses; the second one replaces only the front of these. The view
        // then owns them, and unmaps both together.
        unsafe {
            let base = rustix::mm::mmap_anonymous(ptr::null_mut(), guarded, ProtFlags::empty(), MapFlags::PRIVATE)?;
            let protection = ProtFlags::READ | ProtFlags::WRITE;
            let flags = MapFlags::SHARED | MapFlags::FIXED;
            if let Err(error) = rustix::mm::mmap(base, length, protection, flags, &self.descriptor, offset) {
                let _ = rustix::mm::munmap(base, guarded);
                return Err(error.into());
            }
            let base = NonNull::new(base.cast()).ok_or_else(outside)?;
            Ok(View::new(base, length, release))
        }
    }
}

const GUARD_BYTES: usize = 64 << 10;

fn release(base: NonNull<u8>, bytes: usize) {
    // SAFETY: these addresses were mapped by `map`, together with their guard, and their view is gone. Unmapping
    // mapped memory does not fail.
    let _ = unsafe { rustix::mm::munmap(base.as_ptr().cast(), bytes + GUARD_BYTES) };
}
