//! Copies from possibly invalid addresses, made by the system, so that they fail instead of faulting.

use std::ptr;

use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Copies bytes from an address, if all of them are readable.
pub(super) fn read(address: usize, into: &mut [u8]) -> Option<()> {
    let source = ptr::without_provenance(address);
    // SAFETY: the size passed is that of the target, and the pseudo handle of this process is always valid. The
    // system checks the source.
    let done = unsafe {
        ReadProcessMemory(GetCurrentProcess(), source, into.as_mut_ptr().cast(), into.len(), ptr::null_mut())
    };
    (done != 0).then_some(())
}

/// The 32-bit word at an address.
pub(super) fn word(address: usize) -> Option<u32> {
    let mut bytes = [0; 4];
    read(address, &mut bytes)?;
    Some(u32::from_ne_bytes(bytes))
}

/// The pointer at an address.
pub(super) fn pointer(address: usize) -> Option<usize> {
    let mut bytes = [0; size_of::<usize>()];
    read(address, &mut bytes)?;
    Some(usize::from_ne_bytes(bytes))
}

/// The start of the memory reserved for the calling thread's stack, the end towards which the stack grows: the field
/// `DeallocationStack` of the thread environment block. Only used in 64-bit programs.
pub(super) fn stack_end() -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    {
        let end: usize;
        // SAFETY: the segment register points to the thread's block, which contains the address at that offset, in
        // every version of 64-bit Windows.
        unsafe {
            std::arch::asm!("mov {}, gs:[0x1478]", out(reg) end, options(nostack, preserves_flags, readonly));
        }
        Some(end)
    }
    #[cfg(target_arch = "x86")]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_memory_is_none() {
        let value = 0x1234_5678u32;
        assert_eq!(word((&raw const value).addr()), Some(value));
        assert_eq!(word(16), None);
        assert_eq!(pointer(usize::MAX), None);
    }
}
