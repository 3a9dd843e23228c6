//! `process_vm_readv` and `process_vm_writev` on this process itself.
#![allow(unsafe_code, reason = "the system call takes raw addresses")]

/// Copies as many bytes at `start` as are readable, and returns their number.
pub(super) fn copy(start: usize, into: &mut [u8]) -> usize {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: start as *mut libc::c_void, iov_len: into.len() };
    // SAFETY: `local` is memory borrowed for writing; `remote` is only read, by the kernel, which checks it and
    // returns EFAULT for unmapped memory.
    let copied = unsafe { libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(copied).unwrap_or(0)
}

/// Copies as many bytes to `start` as are writable, and returns their number.
pub(super) fn copy_in(bytes: &[u8], start: usize) -> usize {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: start as *mut libc::c_void, iov_len: bytes.len() };
    // SAFETY: `local` is only read; the host has requested the write to `remote`, on behalf of a script that is
    // responsible for it, and the kernel checks that it is writable memory.
    let copied = unsafe { libc::process_vm_writev(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(copied).unwrap_or(0)
}
