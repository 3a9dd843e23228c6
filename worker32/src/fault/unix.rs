//! Signals. The handler runs on a stack of its own, so that it also sees a stack overflow.
#![allow(unsafe_code, reason = "signal handlers are C's")]

use std::mem;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void, siginfo_t};
use protocol::LastWords;

use crate::{invoke, process};

/// The signals that a faulting instruction or `abort` raises.
const FAULTS: [c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// Room for the handler, and for the kernel's signal frame with every vector register in it.
const STACK_BYTES: usize = 64 << 10;

/// `siginfo_t::si_code` of a general-protection fault (sigaction(2)).
const SI_KERNEL: c_int = 0x80;

static CHANNEL: AtomicI32 = AtomicI32::new(-1);

/// Has faults of this process reported on the channel, as its last frame.
pub(crate) fn report_to(channel: &impl AsFd) {
    CHANNEL.store(channel.as_fd().as_raw_fd(), Ordering::Relaxed);
    guard_thread();
    // SAFETY: `sigaction` is zeroed, which is a valid value of it, and then filled; the handler has the type that SA_SIGINFO
    // asks for and does only what is safe in a signal handler (signal-safety(7)).
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handle as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND;
        for signal in FAULTS {
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

/// Gives the calling thread a stack for the handler, so that a stack overflow of its is reported too.
pub(crate) fn guard_thread() {
    let stack = Box::leak(vec![0u8; STACK_BYTES].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK_BYTES };
    // SAFETY: the stack is leaked, so it stays for the life of the thread.
    unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
}

extern "C" fn handle(signal: c_int, information: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel hands over both pointers, valid for the handler's run.
    let (has_address, accessed, instruction) = unsafe {
        // A positive code means that the kernel raised the signal for an instruction, not another process or `raise`;
        // SI_KERNEL is a fault without an address, such as a misaligned vector access.
        let code = (*information).si_code;
        let raised_by_fault = code > 0 && code != SI_KERNEL && signal != libc::SIGABRT;
        let context = &*context.cast::<libc::ucontext_t>();
        (raised_by_fault, (*information).si_addr().addr() as u64, instruction_pointer(context))
    };
    let is_access = signal == libc::SIGSEGV || signal == libc::SIGBUS;
    let words = LastWords {
        code: signal as u32,
        instruction,
        accessed: (has_address && is_access).then_some(accessed),
        write: None,
        in_call: invoke::is_in_call(),
    };
    let (frame, length) = words.to_frame();
    // SAFETY: `write` and `raise` are async-signal-safe; the frame is a local of `length` valid bytes. SA_RESETHAND has
    // put the default action back, so the raised signal ends the process once this handler returns.
    unsafe {
        // A fork's fault is its own; the host has nothing to do with it.
        if !process::is_fork() {
            libc::write(CHANNEL.load(Ordering::Relaxed), frame.as_ptr().cast(), length);
        }
        libc::raise(signal);
    }
}

#[cfg(target_arch = "x86")]
fn instruction_pointer(context: &libc::ucontext_t) -> u64 {
    u64::from(context.uc_mcontext.gregs[libc::REG_EIP as usize] as u32)
}

#[cfg(target_arch = "x86_64")]
fn instruction_pointer(context: &libc::ucontext_t) -> u64 {
    context.uc_mcontext.gregs[libc::REG_RIP as usize] as u64
}
