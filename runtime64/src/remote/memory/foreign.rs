//! Access to a worker's own memory through the operating system: no code of the worker runs.

use crate::remote::Access;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::{TargetProcess, copy_in, copy_out, id, mapped, maps, resident};
#[cfg(windows)]
use windows::{TargetProcess, copy_in, copy_out, id, mapped, maps, resident};

/// The unit of access protection; bytes within one page are copied as a whole or not at all.
const PAGE_BYTES: u64 = 4096;

/// The memory of one worker's process.
#[derive(Debug)]
pub(in crate::remote) struct Foreign(Option<TargetProcess>);

/// A file mapped by a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remote) struct MappedFile {
    /// The start of its mappings.
    pub(in crate::remote) base: u64,
    /// The length of its mappings.
    pub(in crate::remote) bytes: u64,
    /// The file, in the path syntax of the system that reports it.
    pub(in crate::remote) path: String,
}

/// The reason why memory could not be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::remote) enum AccessError {
    /// The worker has no memory there, or none that permits the access.
    Unmapped {
        /// The first address that cannot be accessed.
        address: u64,
        /// The attempted access.
        access: Access,
    },
    /// The operating system does not permit it: a request to the worker is needed.
    Refused,
}

/// The result of one system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transfer {
    /// This many bytes from the first one on were copied, possibly fewer than requested, possibly none.
    Copied(usize),
    /// The process cannot be accessed.
    Refused,
}

impl Foreign {
    /// Memory that the system does not permit access to.
    pub(in crate::remote) fn refused() -> Self {
        Self(None)
    }

    /// The physical memory used by the process, in bytes, if the system reports it.
    pub(in crate::remote) fn resident(&self) -> Option<u64> {
        self.0.as_ref().and_then(resident)
    }

    /// The process ID.
    pub(in crate::remote) fn id(&self) -> Option<u32> {
        self.0.as_ref().and_then(id)
    }

    /// The files that it has mapped as programs and libraries, and possibly others.
    pub(in crate::remote) fn mapped(&self) -> Option<Vec<MappedFile>> {
        self.0.as_ref().and_then(mapped)
    }

    /// The memory map in the system's text format, if there is one.
    pub(in crate::remote) fn maps(&self) -> Option<Vec<u8>> {
        self.0.as_ref().and_then(maps)
    }

    /// The memory of the process with this id.
    #[cfg(unix)]
    pub(in crate::remote) fn of_process(process: u32) -> Self {
        Self(Some(TargetProcess::process(process)))
    }

    /// The memory of the process, other than this one, that has mapped the file with this device and inode.
    #[cfg(unix)]
    pub(in crate::remote) fn of_mapping(device: u64, inode: u64) -> Self {
        Self(Some(TargetProcess::mapping(device, inode)))
    }

    /// The memory of the process of this handle.
    #[cfg(windows)]
    pub(in crate::remote) fn of_handle(process: std::os::windows::io::OwnedHandle) -> Self {
        Self(Some(TargetProcess::new(process)))
    }

    /// Copies bytes out of the worker.
    pub(in crate::remote) fn read(&self, address: u64, into: &mut [u8]) -> Result<(), AccessError> {
        let target = self.0.as_ref().ok_or(AccessError::Refused)?;
        let length = into.len();
        transfer(address, length, Access::Read, |done, end| {
            copy_out(target, address + done as u64, &mut into[done..end])
        })
    }

    /// Copies bytes into the worker. Those before the first address that cannot be written may have been written.
    pub(in crate::remote) fn write(&self, address: u64, bytes: &[u8]) -> Result<(), AccessError> {
        let target = self.0.as_ref().ok_or(AccessError::Refused)?;
        transfer(address, bytes.len(), Access::Write, |done, end| {
            copy_in(target, address + done as u64, &bytes[done..end])
        })
    }

    /// Copies the bytes before the first zero byte; `None` if there are more than `limit` of them.
    pub(in crate::remote) fn read_to_zero(&self, address: u64, limit: usize) -> Result<Option<Vec<u8>>, AccessError> {
        let mut bytes = Vec::new();
        let mut page = [0; PAGE_BYTES as usize];
        let mut position = address;
        while bytes.len() <= limit {
            // A string may end directly before memory that cannot be read.
            let room = &mut page[..(PAGE_BYTES - position % PAGE_BYTES) as usize];
            self.read(position, room)?;
            if let Some(end) = room.iter().position(|byte| *byte == 0) {
                bytes.extend_from_slice(&room[..end]);
                return Ok((bytes.len() <= limit).then_some(bytes));
            }
            bytes.extend_from_slice(room);
            let next = position.checked_add(room.len() as u64);
            position = next.ok_or(AccessError::Unmapped { address: position, access: Access::Read })?;
        }
        Ok(None)
    }
}

/// Copies all of `length` bytes: at once if possible, otherwise from where it stopped, to find the first address that
/// cannot be accessed. `copy` takes the range of the bytes to copy.
fn transfer(
    address: u64,
    length: usize,
    access: Access,
    mut copy: impl FnMut(usize, usize) -> Transfer,
) -> Result<(), AccessError> {
    if length == 0 {
        return Ok(());
    }
    if address.checked_add(length as u64).is_none() {
        return Err(AccessError::Unmapped { address, access });
    }
    let mut done = 0;
    // First everything; then page by page, since a system may copy nothing of a range that is partly inaccessible.
    let mut end = length;
    while done < length {
        match copy(done, end) {
            Transfer::Refused => return Err(AccessError::Refused),
            Transfer::Copied(0) => {
                let position = address + done as u64;
                let page_end = done + (PAGE_BYTES - position % PAGE_BYTES) as usize;
                if end <= page_end {
                    return Err(AccessError::Unmapped { address: position, access });
                }
                end = page_end;
            }
            Transfer::Copied(copied) => {
                done += copied;
                let position = address + done as u64;
                end = length.min(done + (PAGE_BYTES - position % PAGE_BYTES) as usize);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process whose memory is readable from `good.start` to `good.end`, on a system that copies of a range that is
    /// partly inaccessible either nothing or the front.
    fn first_bad(address: u64, length: usize, good: std::ops::Range<u64>, copies_front: bool) -> Option<u64> {
        let copied = transfer(address, length, Access::Read, |done, end| {
            let (start, end) = (address + done as u64, address + end as u64);
            if !good.contains(&start) {
                return Transfer::Copied(0);
            }
            let whole = end <= good.end;
            let front = (good.end.min(end) - start) as usize;
            Transfer::Copied(if whole || copies_front { front } else { 0 })
        });
        match copied {
            Ok(()) => None,
            Err(AccessError::Unmapped { address, access: Access::Read }) => Some(address),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_bad_address_is_found() {
        for copies_front in [false, true] {
            let bad = |address, length| first_bad(address, length, 0x2000..0x6000, copies_front);
            assert_eq!(bad(0x2000, 0x4000), None);
            assert_eq!(bad(0x2fff, 2), None);
            assert_eq!(bad(0x2800, 0x4000), Some(0x6000));
            assert_eq!(bad(0x5ff0, 0x11), Some(0x6000));
            assert_eq!(bad(0x1ffc, 8), Some(0x1ffc));
            assert_eq!(bad(0x10, 4), Some(0x10));
            assert_eq!(bad(0x10, 0), None);
            assert_eq!(bad(u64::MAX, 2), Some(u64::MAX));
        }
    }

    #[test]
    fn a_process_that_cannot_be_reached_is_no_bad_address() {
        let refused = transfer(0x1000, 4, Access::Write, |_, _| Transfer::Refused);
        assert_eq!(refused, Err(AccessError::Refused));
        assert_eq!(Foreign::refused().read(0x1000, &mut [0; 4]), Err(AccessError::Refused));
    }
}
