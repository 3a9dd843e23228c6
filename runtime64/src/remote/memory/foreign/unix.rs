//! `process_vm_readv` and `process_vm_writev`.
#![allow(unsafe_code, reason = "the system calls take raw addresses")]

use std::fs;
use std::io;
use std::sync::OnceLock;

use libc::{c_void, iovec, pid_t};

use super::{MappedFile, Transfer};

/// A process.
#[derive(Debug)]
pub(super) struct TargetProcess {
    /// Its ID, once it is known; `None` if there is no such process.
    process: OnceLock<Option<pid_t>>,
    /// The device and inode of a file that it has mapped, if only that identifies it.
    mapped: Option<(u64, u64)>,
}

impl TargetProcess {
    pub(super) fn process(id: u32) -> Self {
        Self { process: OnceLock::from(pid_t::try_from(id).ok()), mapped: None }
    }

    pub(super) fn mapping(device: u64, inode: u64) -> Self {
        Self { process: OnceLock::new(), mapped: Some((device, inode)) }
    }

    fn id(&self) -> Option<pid_t> {
        let search = || self.mapped.and_then(|(device, inode)| process_that_has_mapped(device, inode));
        *self.process.get_or_init(search)
    }
}

pub(super) fn copy_out(target: &TargetProcess, address: u64, into: &mut [u8]) -> Transfer {
    let Some(process) = target.id() else {
        return Transfer::Refused;
    };
    let local = iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = iovec { iov_base: address as *mut c_void, iov_len: into.len() };
    // SAFETY: `local` names memory that is borrowed for writing; `remote` belongs to the other process, and the kernel
    // checks it.
    outcome(unsafe { libc::process_vm_readv(process, &raw const local, 1, &raw const remote, 1, 0) })
}

pub(super) fn copy_in(target: &TargetProcess, address: u64, bytes: &[u8]) -> Transfer {
    let Some(process) = target.id() else {
        return Transfer::Refused;
    };
    let local = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = iovec { iov_base: address as *mut c_void, iov_len: bytes.len() };
    // SAFETY: `local` is only read; `remote` belongs to the other process, and the kernel checks it.
    outcome(unsafe { libc::process_vm_writev(process, &raw const local, 1, &raw const remote, 1, 0) })
}

/// The second field of `statm`, in pages (proc(5)).
pub(super) fn resident(target: &TargetProcess) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{}/statm", target.id()?)).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

pub(super) fn id(target: &TargetProcess) -> Option<u32> {
    target.id().and_then(|id| u32::try_from(id).ok())
}

/// The process's `maps` (proc(5)).
pub(super) fn maps(target: &TargetProcess) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{}/maps", target.id()?)).ok()
}

pub(super) fn mapped(target: &TargetProcess) -> Option<Vec<MappedFile>> {
    maps(target).map(|maps| files_in(&String::from_utf8_lossy(&maps)))
}

/// The files named in `maps`, each from its start to the end of its last mapping. The kernel lists them by address.
fn files_in(maps: &str) -> Vec<MappedFile> {
    let mut files: Vec<MappedFile> = Vec::new();
    for line in maps.lines() {
        // The path may contain blanks: it is everything after the fifth field.
        let mut fields = line.splitn(6, ' ');
        let range = fields.next().and_then(|range| range.split_once('-'));
        let offset = fields.nth(1);
        let path = fields.nth(2).map(str::trim).filter(|path| path.starts_with('/'));
        let (Some((start, end)), Some(offset), Some(path)) = (range, offset, path) else { continue };
        let number = |digits| u64::from_str_radix(digits, 16).ok();
        let (Some(start), Some(end), Some(offset)) = (number(start), number(end), number(offset)) else { continue };
        match files.last_mut().filter(|file| file.path == path && offset != 0) {
            Some(file) => file.bytes = end.saturating_sub(file.base),
            None => files.push(MappedFile { base: start, bytes: end.saturating_sub(start), path: path.to_owned() }),
        }
    }
    files
}

fn outcome(copied: isize) -> Transfer {
    match usize::try_from(copied) {
        Ok(copied) => Transfer::Copied(copied),
        Err(_) if io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT) => Transfer::Copied(0),
        // EPERM, ENOSYS, ESRCH.
        Err(_) => Transfer::Refused,
    }
}

/// The process of this user, other than this one, that has mapped a file; under Wine a worker is identified only by
/// that.
fn process_that_has_mapped(device: u64, inode: u64) -> Option<pid_t> {
    let own = std::process::id();
    let processes = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut others = processes.filter(|process: &u32| *process != own);
    let maps = |process: u32| fs::read_to_string(format!("/proc/{process}/maps")).ok();
    let found = others.find(|process| maps(*process).is_some_and(|maps| has_mapped(&maps, device, inode)))?;
    pid_t::try_from(found).ok()
}

/// Whether a process's `maps` (proc(5)) names the file.
fn has_mapped(maps: &str, device: u64, inode: u64) -> bool {
    let device = format!("{:02x}:{:02x}", libc::major(device), libc::minor(device));
    maps.lines().any(|line| {
        let mut fields = line.split_ascii_whitespace().skip(3);
        fields.next() == Some(device.as_str()) && fields.next().and_then(|field| field.parse().ok()) == Some(inode)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Access, AccessError, Foreign};
    use super::*;

    /// Two pages, of which the second is inaccessible and the first may be read-only.
    struct Pages(u64);

    impl Pages {
        fn new(protection: libc::c_int) -> Self {
            // SAFETY: fresh memory of this process is mapped, written while it is writable, and then protected.
            unsafe {
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                let base = libc::mmap(std::ptr::null_mut(), 8192, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
                assert_ne!(base, libc::MAP_FAILED);
                std::ptr::copy_nonoverlapping(b"text".as_ptr(), base.cast::<u8>().add(4092), 4);
                libc::mprotect(base, 4096, protection);
                libc::mprotect(base.cast::<u8>().add(4096).cast(), 4096, libc::PROT_NONE);
                Self(base.addr() as u64)
            }
        }
    }

    impl Drop for Pages {
        fn drop(&mut self) {
            // SAFETY: `new` has mapped the pages, and nothing refers to them.
            unsafe { libc::munmap(self.0 as *mut c_void, 8192) };
        }
    }

    fn this_process() -> Foreign {
        Foreign::of_process(std::process::id())
    }

    #[test]
    fn a_process_says_how_much_memory_it_has() {
        let before = this_process().resident().expect("a number of bytes");
        let held = vec![1_u8; 32 << 20];
        let after = this_process().resident().expect("a number of bytes");
        assert!(after >= before + (held.len() as u64) / 2, "{before} {after}");
        assert_eq!(Foreign::of_process(u32::MAX >> 1).resident(), None);
    }

    #[test]
    fn memory_is_read_up_to_where_it_ends() {
        let pages = Pages::new(libc::PROT_READ);
        let mut bytes = [0; 4];
        assert_eq!(this_process().read(pages.0 + 4092, &mut bytes), Ok(()));
        assert_eq!(&bytes, b"text");
        let unmapped = AccessError::Unmapped { address: pages.0 + 4096, access: Access::Read };
        assert_eq!(this_process().read(pages.0 + 4093, &mut bytes), Err(unmapped));
        assert_eq!(this_process().read_to_zero(pages.0 + 4092, 100), Err(unmapped));
        assert_eq!(this_process().read_to_zero(pages.0, 100), Ok(Some(Vec::new())));
    }

    #[test]
    fn memory_that_may_not_be_written_is_not() {
        let pages = Pages::new(libc::PROT_READ);
        let unmapped = AccessError::Unmapped { address: pages.0 + 4092, access: Access::Write };
        assert_eq!(this_process().write(pages.0 + 4092, b"TEXT"), Err(unmapped));
        let pages = Pages::new(libc::PROT_READ | libc::PROT_WRITE);
        assert_eq!(this_process().write(pages.0 + 4092, b"TEXT"), Ok(()));
        let beyond = AccessError::Unmapped { address: pages.0 + 4096, access: Access::Write };
        assert_eq!(this_process().write(pages.0 + 4092, b"TEXT!"), Err(beyond));
    }

    #[test]
    fn a_string_is_as_long_as_the_limit_allows() {
        let text = [vec![b'x'; 10_000], vec![0]].concat();
        let address = text.as_ptr().addr() as u64;
        assert_eq!(this_process().read_to_zero(address, 10_000), Ok(Some(vec![b'x'; 10_000])));
        assert_eq!(this_process().read_to_zero(address, 9_999), Ok(None));
    }

    #[test]
    fn a_process_that_is_gone_cannot_be_reached() {
        let mut child = std::process::Command::new("true").spawn().expect("it starts");
        child.wait().expect("it ends");
        assert_eq!(Foreign::of_process(child.id()).read(4096, &mut [0]), Err(AccessError::Refused));
        assert_eq!(Foreign::of_mapping(0, u64::MAX).read(4096, &mut [0]), Err(AccessError::Refused));
    }

    #[test]
    fn files_are_told_with_all_of_their_mappings() {
        let maps = "\
00400000-00452000 r-xp 00000000 08:02 173521      /usr/my program
00452000-00460000 rw-p 00052000 08:02 173521      /usr/my program
00460000-00470000 rw-p 00000000 00:00 0           [heap]
f7a00000-f7b00000 r--p 00000000 08:02 4112        /lib/a.so
nonsense
f7b00000-f7c00000 r--p 00000000 08:02 4112        /lib/a.so";
        let file = |base, bytes, path: &str| MappedFile { base, bytes, path: path.to_owned() };
        let expected = [
            file(0x40_0000, 0x6_0000, "/usr/my program"),
            file(0xf7a0_0000, 0x10_0000, "/lib/a.so"),
            file(0xf7b0_0000, 0x10_0000, "/lib/a.so"),
        ];
        assert_eq!(files_in(maps), expected);
    }

    #[test]
    fn a_mapping_is_known_by_device_and_inode() {
        let maps = "\
00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/program
f7a00000-f7b00000 rw-s 00000000 00:01 4112        /memfd:runtime64 (deleted)
7ffc0000-7ffe1000 rw-p 00000000 00:00 0           [stack]";
        let cases = [(8, 2, 173_521, true), (0, 1, 4112, true), (0, 1, 4113, false), (8, 1, 4112, false)];
        for (major, minor, inode, expected) in cases {
            assert_eq!(has_mapped(maps, libc::makedev(major, minor), inode), expected, "{major}:{minor} {inode}");
        }
    }
}
