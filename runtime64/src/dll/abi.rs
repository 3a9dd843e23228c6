//! The ABI of each kind of worker.

use protocol::{Machine, Platform};

use crate::c;
use crate::remote::WorkerKind;

/// The ABI of a kind of worker.
pub(super) fn abi_of(kind: WorkerKind) -> c::Abi {
    match (kind.platform, kind.machine) {
        (Platform::Linux, Machine::I386) => c::Abi::I386SystemV,
        (Platform::Linux, Machine::X86_64) => c::Abi::X8664SystemV,
        (Platform::Windows, Machine::I386) => c::Abi::I386Windows,
        (Platform::Windows, Machine::X86_64) => c::Abi::X8664Windows,
    }
}
