//! The registers saved by the kernel when it raised a signal.

use libc::{c_int, ucontext_t};
use protocol::Registers;

#[cfg(target_arch = "x86")]
const NAMED: [c_int; 10] = [
    libc::REG_EAX,
    libc::REG_EBX,
    libc::REG_ECX,
    libc::REG_EDX,
    libc::REG_ESI,
    libc::REG_EDI,
    libc::REG_EBP,
    libc::REG_ESP,
    libc::REG_EIP,
    libc::REG_EFL,
];
#[cfg(target_arch = "x86_64")]
const NAMED: [c_int; 18] = [
    libc::REG_RAX,
    libc::REG_RBX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_RBP,
    libc::REG_RSP,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
    libc::REG_RIP,
    libc::REG_EFL,
];

#[cfg(target_arch = "x86")]
const INSTRUCTION: c_int = libc::REG_EIP;
#[cfg(target_arch = "x86_64")]
const INSTRUCTION: c_int = libc::REG_RIP;

#[cfg(target_arch = "x86")]
const STACK: c_int = libc::REG_ESP;
#[cfg(target_arch = "x86_64")]
const STACK: c_int = libc::REG_RSP;

/// All registers, in report order.
pub(super) fn of(context: &ucontext_t) -> Registers {
    Registers::of(&NAMED.map(|register| value(context, register)))
}

/// The instruction pointer.
pub(super) fn instruction(context: &ucontext_t) -> u64 {
    value(context, INSTRUCTION)
}

/// The stack pointer.
pub(super) fn stack(context: &ucontext_t) -> u64 {
    value(context, STACK)
}

/// The processor's exception number and error code.
pub(super) fn fault(context: &ucontext_t) -> (i64, i64) {
    (value(context, libc::REG_TRAPNO) as i64, value(context, libc::REG_ERR) as i64)
}

fn value(context: &ucontext_t, register: c_int) -> u64 {
    let value = context.uc_mcontext.gregs[register as usize];
    // Registers of i386 are unsigned.
    if cfg!(target_arch = "x86") { u64::from(value as u32) } else { value as u64 }
}
