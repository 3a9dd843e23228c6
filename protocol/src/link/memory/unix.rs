//! A descriptor of memory, which workers open through the host's entry in `/proc`. There is no file and no name.
#![allow(unsafe_code, reason = "mapping memory is the operating system's")]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{self, NonNull};

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

use super::{Ticket, View};

/// Memory that can be mapped by several processes. It lives until the last of them lets go of it.
#[derive(Debug)]
pub struct Memory {
    descriptor: OwnedFd,
    bytes: u64,
}

impl Memory {
    /// Creates memory. It takes up nothing until it is written to.
    ///
    /// # Errors
    /// The operating system's: it has no such memory, or not as much.
    pub fn create(bytes: u64) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let descriptor = rustix::fs::memfd_create("runtime64", flags)?;
        // The kernel makes it accessible to all, and leaves it to the host's folder in /proc to let nobody else in.
        rustix::fs::fchmod(&descriptor, Mode::RUSR | Mode::WUSR)?;
        rustix::fs::ftruncate(&descriptor, bytes)?;
        // A worker that made it smaller would have this process faulted by its next access.
        rustix::fs::fcntl_add_seals(&descriptor, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok(Self { descriptor, bytes })
    }

    /// What a worker on this system needs to open it, or a worker under Wine, which knows the root as drive Z.
    #[must_use]
    pub fn ticket(&self, through_wine: bool) -> Ticket {
        let path = format!("/proc/{}/fd/{}", std::process::id(), self.descriptor.as_raw_fd());
        Ticket::Path(if through_wine { format!("Z:{}", path.replace('/', "\\")) } else { path })
    }

    /// Opens the memory that a host has created.
    ///
    /// # Errors
    /// The operating system's, if the host's entry in `/proc` cannot be reached.
    pub fn open(ticket: &Ticket, bytes: u64) -> io::Result<Self> {
        let Ticket::Path(path) = ticket else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a handle means nothing here"));
        };
        let descriptor = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        // Memory that is smaller than promised would fault where it is accessed.
        let stat = rustix::fs::fstat(&descriptor)?;
        if u64::try_from(stat.st_size).unwrap_or(0) < bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the memory is smaller than the host says"));
        }
        Ok(Self { descriptor, bytes })
    }

    /// What tells this memory from all other memory and files of the system: device and inode.
    ///
    /// # Errors
    /// The operating system's.
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::fstat(&self.descriptor)?;
        Ok((stat.st_dev, stat.st_ino))
    }

    /// Maps a part, followed by memory that cannot be accessed, so that running off its end is a fault. Both numbers
    /// are multiples of [`SEGMENT_ALIGN`](crate::link::SEGMENT_ALIGN).
    ///
    /// # Errors
    /// The operating system's: there is no room for it in this process.
    pub fn map(&self, offset: u64, bytes: u64) -> io::Result<View> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "the part is not within the memory");
        let end = offset.checked_add(bytes).filter(|end| bytes > 0 && *end <= self.bytes).ok_or_else(outside)?;
        let length = usize::try_from(end - offset).map_err(|_| outside())?;
        let guarded = length.checked_add(GUARD_BYTES).ok_or_else(outside)?;
        // SAFETY: the first call reserves fresh addresses; the second one replaces the front of just these. The view then
        // owns them, and unmaps both together.
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
    // SAFETY: these addresses were mapped by `map`, together with their guard, and their view is gone. Unmapping what is
    // mapped does not fail.
    let _ = unsafe { rustix::mm::munmap(base.as_ptr().cast(), bytes + GUARD_BYTES) };
}
