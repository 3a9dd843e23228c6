//! Read from the processor: under Wine, `GetCurrentProcessorNumber` is a system call.
#![allow(unsafe_code, reason = "the processor number is read by an instruction")]

#[cfg(target_arch = "x86")]
use std::arch::x86::{__cpuid, __rdtscp};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__cpuid, __rdtscp};
use std::sync::OnceLock;

/// The processor's number, plus one; 0 if this processor does not provide it.
///
/// Windows and Linux both keep the number in the low bits of the register that `RDTSCP` reads beside the time (Intel
/// SDM, IA32_TSC_AUX; Linux has the number of the memory node above bit 12).
#[inline]
pub(in crate::link) fn current() -> u32 {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    if !*KNOWN.get_or_init(is_known) {
        return 0;
    }
    let mut auxiliary = 0;
    // SAFETY: the processor reports that it has the instruction, which writes to a local.
    unsafe { __rdtscp(&raw mut auxiliary) };
    (auxiliary & 0xfff) + 1
}

/// Whether the processor has `RDTSCP` (bit 27 of EDX of leaf 8000_0001h).
fn is_known() -> bool {
    const HIGHEST: u32 = 0x8000_0000;
    const FEATURES: u32 = 0x8000_0001;
    __cpuid(HIGHEST).eax >= FEATURES && __cpuid(FEATURES).edx & (1 << 27) != 0
}
