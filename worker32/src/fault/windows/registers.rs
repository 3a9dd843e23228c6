//! The registers saved by the system when an exception was raised, and what is known of them otherwise.

use protocol::{I386_REGISTERS, REGISTERS, Registers, X86_64_REGISTERS};
use windows_sys::Win32::System::Diagnostics::Debug::CONTEXT;

/// All registers, in report order.
#[cfg(target_arch = "x86")]
pub(super) fn of(context: &CONTEXT) -> Registers {
    let CONTEXT { Eax, Ebx, Ecx, Edx, Esi, Edi, Ebp, Esp, Eip, EFlags, .. } = *context;
    Registers::of(&[Eax, Ebx, Ecx, Edx, Esi, Edi, Ebp, Esp, Eip, EFlags].map(u64::from))
}

/// All registers, in report order.
#[cfg(target_arch = "x86_64")]
pub(super) fn of(context: &CONTEXT) -> Registers {
    let CONTEXT { Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, Rsp, R8, R9, R10, R11, R12, R13, R14, R15, Rip, EFlags, .. } =
        *context;
    let flags = u64::from(EFlags);
    Registers::of(&[Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, Rsp, R8, R9, R10, R11, R12, R13, R14, R15, Rip, flags])
}

/// The known registers of a call that was not saved: instruction and stack pointer. The others are 0.
pub(super) fn of_call(instruction: usize, stack: usize) -> Registers {
    let names: &[&str] = if cfg!(target_arch = "x86") { &I386_REGISTERS } else { &X86_64_REGISTERS };
    let mut values = [0; REGISTERS];
    for (name, value) in names.iter().zip(&mut values) {
        match *name {
            "eip" | "rip" => *value = instruction as u64,
            "esp" | "rsp" => *value = stack as u64,
            _ => {}
        }
    }
    Registers::of(&values[..names.len()])
}
