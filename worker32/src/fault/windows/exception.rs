//! Interpretation of exception records.

use protocol::{Cause, CrashReport, MemoryAccess, Stage, Text};
use windows_sys::Win32::Foundation::{
    EXCEPTION_ACCESS_VIOLATION, EXCEPTION_BREAKPOINT, EXCEPTION_DATATYPE_MISALIGNMENT, EXCEPTION_IN_PAGE_ERROR,
    EXCEPTION_STACK_OVERFLOW,
};
use windows_sys::Win32::System::Diagnostics::Debug::{EXCEPTION_POINTERS, EXCEPTION_RECORD};

use super::memory::{read, word};
use super::{caller, modules, registers};

/// The exception code of C++ exceptions in programs built with Microsoft's compilers.
const CPP_EXCEPTION: u32 = 0xe06d_7363;

/// The code that the system raises when it detects heap corruption.
const HEAP_CORRUPTION: u32 = 0xc000_0374;

/// The first parameter of such an exception.
const CPP_MAGIC: std::ops::RangeInclusive<usize> = 0x1993_0520..=0x1993_0522;

/// Whether an exception ends the process if it is not handled: one of severity "error", by its two highest bits, or a
/// trap.
pub(super) fn is_serious(exception: &EXCEPTION_POINTERS) -> bool {
    let code = record(exception).ExceptionCode;
    code as u32 >> 30 == 3 || matches!(code, EXCEPTION_BREAKPOINT | EXCEPTION_DATATYPE_MISALIGNMENT)
}

/// Whether the thread's stack has overflowed.
pub(super) fn is_stack_overflow(exception: &EXCEPTION_POINTERS) -> bool {
    record(exception).ExceptionCode == EXCEPTION_STACK_OVERFLOW
}

/// The report of an exception of a thread.
pub(super) fn describe(exception: &EXCEPTION_POINTERS, thread: u32, stage: Stage) -> CrashReport {
    let record = record(exception);
    let code = record.ExceptionCode as u32;
    let cause = match record.ExceptionCode {
        EXCEPTION_STACK_OVERFLOW => Cause::StackOverflow,
        _ if code == CPP_EXCEPTION => Cause::CppException,
        _ => Cause::Fault,
    };
    let mut report = CrashReport::new(stage, cause, code);
    report.thread = thread;
    report.instruction = record.ExceptionAddress.addr() as u64;
    // SAFETY: the context lives as long as the record.
    let context = unsafe { &*exception.ContextRecord };
    report.registers = registers::of(context);
    let is_access = matches!(record.ExceptionCode, EXCEPTION_ACCESS_VIOLATION | EXCEPTION_IN_PAGE_ERROR);
    if is_access && record.NumberParameters >= 2 {
        // The parameters are documented: the kind of access, then the address (MSDN, EXCEPTION_RECORD).
        report.accessed = Some(record.ExceptionInformation[1] as u64);
        report.access = match record.ExceptionInformation[0] {
            0 => Some(MemoryAccess::Read),
            1 => Some(MemoryAccess::Write),
            8 => Some(MemoryAccess::Execute),
            _ => None,
        };
    }
    if cause == Cause::CppException {
        report.text = thrown_type(record).unwrap_or_default();
    }
    let is_raised = matches!(code, CPP_EXCEPTION | HEAP_CORRUPTION);
    // Exceptions that are caught may be frequent, and are not examined.
    let is_looked_into = is_raised && stage == Stage::Final;
    if let Some(caller) = is_looked_into.then(|| caller::find(context)).flatten() {
        report.instruction = caller.instruction as u64;
        (report.module_base, report.module) = (caller.base, caller.module);
    } else if is_raised {
        // The system raises all of them in the same place.
    } else if let Some((base, path)) = modules::of(record.ExceptionAddress.addr()) {
        (report.module_base, report.module) = (base, path);
    }
    report
}

fn record(exception: &EXCEPTION_POINTERS) -> &EXCEPTION_RECORD {
    // SAFETY: the system passes a valid record, which stays valid while the handler runs.
    unsafe { &*exception.ExceptionRecord }
}

/// The mangled name of the thrown type: the first of those that can catch it. It is found through a chain of tables,
/// by addresses on i386 and by offsets from the module's start on x86-64.
fn thrown_type(record: &EXCEPTION_RECORD) -> Option<Text> {
    const TYPES: usize = 12;
    const FIRST: usize = 4;
    const DESCRIPTOR: usize = 4;
    const NAME: usize = 2 * size_of::<usize>();
    let parameters = record.ExceptionInformation.get(..record.NumberParameters as usize)?;
    if !CPP_MAGIC.contains(parameters.first()?) {
        return None;
    }
    let start = if cfg!(target_arch = "x86") { 0 } else { *parameters.get(3)? };
    let follow = |from: usize, offset: usize| start.checked_add(word(from.checked_add(offset)?)? as usize);
    let types = follow(*parameters.get(2)?, TYPES)?;
    let descriptor = follow(follow(types, FIRST)?, DESCRIPTOR)?;
    Some(text_at(descriptor.checked_add(NAME)?))
}

/// The text up to the first zero, or its readable part.
fn text_at(address: usize) -> Text {
    const PART: usize = 16;
    let mut text = Text::default();
    let mut part = [0; PART];
    for start in (0..Text::LONGEST).step_by(PART) {
        if address.checked_add(start).and_then(|address| read(address, &mut part)).is_none() {
            break;
        }
        let length = part.iter().position(|byte| *byte == 0).unwrap_or(PART);
        text.push(&part[..length]);
        if length < PART {
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_a_zero() {
        let text = *b"a text of more than sixteen bytes\0and more than that";
        assert_eq!(text_at(text.as_ptr().addr()).bytes(), b"a text of more than sixteen bytes");
        assert!(text_at(16).is_empty());
    }

    #[test]
    fn an_exception_that_only_looks_like_one_of_cpp_has_no_type() {
        let mut record = EXCEPTION_RECORD { ExceptionCode: CPP_EXCEPTION as i32, ..EXCEPTION_RECORD::default() };
        assert!(thrown_type(&record).is_none());
        record.NumberParameters = 4;
        record.ExceptionInformation[..4].copy_from_slice(&[0x1993_0520, 16, 16, 16]);
        assert!(thrown_type(&record).is_none());
        record.NumberParameters = u32::MAX;
        assert!(thrown_type(&record).is_none());
    }
}
