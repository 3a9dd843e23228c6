//! The registers that the system saved when an exception was raised.

use protocol::Registers;
use windows_sys::Win32::System::Diagnostics::Debug::CONTEXT;

/// All of them, in the order of a report.
#[cfg(target_arch = "x86")]
pub(super) fn of(context: &CONTEXT) -> Registers {
    let CONTEXT { Eax, Ebx, Ecx, Edx, Esi, Edi, Ebp, Esp, Eip, EFlags, .. } = *context;
    Registers::of(&[Eax, Ebx, Ecx, Edx, Esi, Edi, Ebp, Esp, Eip, EFlags].map(u64::from))
}

/// All of them, in the order of a report.
#[cfg(target_arch = "x86_64")]
pub(super) fn of(context: &CONTEXT) -> Registers {
    let CONTEXT { Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, Rsp, R8, R9, R10, R11, R12, R13, R14, R15, Rip, EFlags, .. } =
        *context;
    let flags = u64::from(EFlags);
    Registers::of(&[Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, Rsp, R8, R9, R10, R11, R12, R13, R14, R15, Rip, flags])
}
