//! Signals. The handler runs on its own stack, so that it also handles a stack overflow.
#![allow(unsafe_code, reason = "signal handlers are C's")]

use std::mem;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use libc::{c_int, c_void, siginfo_t};
use protocol::{Cause, CrashReport, MemoryAccess, Stage};

use crate::process;

mod abort;
mod barrier;
mod caller;
mod exit;
mod maps;
mod registers;
mod threads;

pub(crate) use abort::prepare_new_library;
pub(crate) use barrier::barrier;
use maps::MappedPlace;

/// The signals that a faulting instruction or `abort` raises.
const FAULTS: [c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// `siginfo_t::si_code` of a general-protection fault (sigaction(2)).
const SI_KERNEL: c_int = 0x80;

/// The exception number of a page fault, and bits of its error code (Intel SDM 3A, 4.7).
const PAGE_FAULT: i64 = 14;
const WAS_WRITE: i64 = 1 << 1;
const WAS_FETCH: i64 = 1 << 4;

static CHANNEL: AtomicI32 = AtomicI32::new(-1);

/// The thread whose fault is being reported; 0 if none.
static REPORTING: AtomicU32 = AtomicU32::new(0);

/// Installs crash reporting: on the channel, as its last frame, until shared memory is available.
pub(crate) fn report_to(channel: &impl AsFd) {
    CHANNEL.store(channel.as_fd().as_raw_fd(), Ordering::Relaxed);
    guard_thread();
    abort::prepare();
    exit::prepare();
    // SAFETY: `sigaction` is zeroed, which is a valid value of it, and then filled; the handler has the type that
    // SA_SIGINFO requires and does only what is safe in a signal handler (signal-safety(7)).
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handle as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        for signal in FAULTS {
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

/// Registers the calling thread as one that runs functions for the host, and makes its stack overflows reportable.
pub(crate) fn guard_thread() {
    super::OWN.add(thread_id());
    threads::give_stack();
}

/// Loads a library.
pub(crate) fn while_loading<R>(load: impl FnOnce() -> R) -> R {
    abort::LOADING.store(thread_id(), Ordering::Relaxed);
    let loaded = barrier(load);
    abort::LOADING.store(0, Ordering::Relaxed);
    loaded
}

/// The kernel's id of the calling thread.
pub(super) fn thread_id() -> u32 {
    // SAFETY: `gettid` has no precondition.
    unsafe { libc::gettid() as u32 }
}

/// Sends a frame on the channel.
pub(super) fn send(frame: &[u8]) {
    // SAFETY: `write` is async-signal-safe; the length is that of the frame.
    unsafe { libc::write(CHANNEL.load(Ordering::Relaxed), frame.as_ptr().cast(), frame.len()) };
}

extern "C" fn handle(signal: c_int, information: *mut siginfo_t, context: *mut c_void) {
    let thread = thread_id();
    match REPORTING.compare_exchange(0, thread, Ordering::Relaxed, Ordering::Relaxed) {
        // A fault in a forked process does not concern the host.
        Ok(_) if !process::is_fork() => {
            // SAFETY: the kernel passes both pointers, valid while the handler runs.
            unsafe { report(signal, &*information, &*context.cast()) };
        }
        // A fault of the handler itself ends the process at once.
        Ok(_) => {}
        Err(other) if other == thread => {}
        // The process ends as soon as the other thread has made its report.
        Err(_) => loop {
            // SAFETY: `pause` has no precondition and is async-signal-safe.
            unsafe { libc::pause() };
        },
    }
    // SAFETY: both are async-signal-safe. The default action ends the process once this handler returns.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// Reports a signal to the host.
fn report(signal: c_int, information: &siginfo_t, context: &libc::ucontext_t) {
    let mut report = CrashReport::new(Stage::Final, Cause::Fault, signal as u32);
    report.registers = registers::of(context);
    report.instruction = registers::instruction(context);
    let is_access = signal == libc::SIGSEGV || signal == libc::SIGBUS;
    // A positive code means that the kernel raised the signal for an instruction, not another process or `raise`;
    // SI_KERNEL is a fault without an address, such as a misaligned vector access.
    if is_access && information.si_code > 0 && information.si_code != SI_KERNEL {
        // SAFETY: signals of faults contain an address (sigaction(2)).
        report.accessed = Some(unsafe { information.si_addr() }.addr() as u64);
        report.access = access(registers::fault(context));
    }
    let place = MappedPlace::of(report.instruction, registers::stack(context));
    if let Some(module) = &place.module {
        (report.module_base, report.module) = (module.base, module.path);
    }
    if report.accessed.is_some_and(|accessed| place.is_overflow(accessed)) {
        report.cause = Cause::StackOverflow;
    }
    if signal == libc::SIGABRT {
        (report.cause, report.text) = abort::explain(thread_id());
        super::deliver_early(report.clone());
        if let Some((address, module)) = caller::find() {
            report.instruction = address;
            (report.module_base, report.module) = (module.base, module.path);
        }
    }
    super::deliver(report);
    super::wait_for_dump();
}

/// The access an instruction attempted, from the processor's exception number and error code.
fn access((exception, code): (i64, i64)) -> Option<MemoryAccess> {
    match exception {
        PAGE_FAULT if code & WAS_FETCH != 0 => Some(MemoryAccess::Execute),
        PAGE_FAULT if code & WAS_WRITE != 0 => Some(MemoryAccess::Write),
        PAGE_FAULT => Some(MemoryAccess::Read),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_faults_contain_the_attempted_access() {
        let cases = [
            ((14, 4), Some(MemoryAccess::Read)),
            ((14, 6), Some(MemoryAccess::Write)),
            ((14, 0x15), Some(MemoryAccess::Execute)),
            ((13, 0), None),
        ];
        for (fault, expected) in cases {
            assert_eq!(access(fault), expected, "{fault:?}");
        }
    }
}
