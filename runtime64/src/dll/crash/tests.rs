use protocol::{Registers, Text};

use super::*;

const LINUX: WorkerKind = WorkerKind::ALL[0];
const WINDOWS: WorkerKind = WorkerKind::ALL[2];

fn death(words: CrashReport) -> Death {
    Death::new(Exit::Code(5), Some(Box::new(words)), Started::Yes)
}

#[test]
fn a_fault_is_reported_with_its_place() {
    let words = CrashReport {
        accessed: Some(16),
        access: Some(MemoryAccess::Write),
        instruction: 0x6b8c_1234,
        module_base: 0x6b8c_0000,
        module: Text::of(b"Q:\\sdk\\device.dll"),
        thread: 9,
        calls: 1,
        registers: Registers::of(&[1; 10]),
        ..CrashReport::new(Stage::Final, Cause::Fault, 0xc000_0005)
    };
    let error = error(&death(words), WINDOWS, "device.dll: Reset");
    let expected = "device.dll: Reset crashed: EXCEPTION_ACCESS_VIOLATION writing 0x00000010 in device.dll+0x1234; the next \
                    call starts a new worker";
    assert_eq!(error.message, expected);
    assert_eq!((error.context.code, error.context.address), (Some(0xc000_0005), Some(16)));
    let crash = error.context.crash.expect("the error is a crash");
    assert_eq!((crash.cause, crash.access, crash.thread), ("fault", Some("write"), Some("call")));
    assert_eq!((crash.module.as_deref(), crash.offset), (Some("device.dll"), Some(0x1234)));
    assert_eq!(crash.registers.last(), Some(&("eflags", 1)));
    let detail = error.context.detail.expect("the error has a report");
    for part in ["0xc0000005", "Q:\\sdk\\device.dll at 0x6b8c0000", "thread: 9", "eax 00000001  ebx 00000001"] {
        assert!(detail.contains(part), "{part} in {detail}");
    }
}

#[test]
fn each_cause_has_its_message() {
    let aborted = |text: &[u8]| CrashReport { text: Text::of(text), ..CrashReport::new(Stage::Final, Cause::Abort, 6) };
    let thrown = CrashReport { cause: Cause::CppException, ..aborted(b"St13runtime_error") };
    let cases = [
        (aborted(b""), "abort", "SIGABRT, it called abort"),
        (aborted(b"*** stack smashing detected ***: terminated"), "abort", "SIGABRT, *** stack smashing detected"),
        (aborted(b"free(): invalid pointer"), "heap corruption", "the heap is corrupted: free(): invalid pointer"),
        (aborted(b"malloc(): corrupted top size"), "heap corruption", "malloc(): corrupted top size"),
        (thrown, "C++ exception", "uncaught C++ exception of type std::runtime_error"),
        (CrashReport::new(Stage::Final, Cause::StackOverflow, 11), "stack overflow", "SIGSEGV, stack overflow"),
        (CrashReport::new(Stage::Final, Cause::Fault, 99), "fault", "fault 0x63"),
    ];
    for (words, cause, expected) in cases {
        let error = error(&death(words), LINUX, "a.so: f");
        assert_eq!(error.context.crash.as_ref().map(|crash| crash.cause), Some(cause), "{error}");
        assert!(error.message.contains(expected), "{expected} in {error}");
    }
}

#[test]
fn a_thread_of_the_library_s_own_is_reported() {
    let words = CrashReport { thread: 3, is_foreign: true, ..CrashReport::new(Stage::Final, Cause::Fault, 11) };
    let idle = Death { started: Started::No, ..death(words) };
    let error = error(&idle, LINUX, "a.so: f");
    assert!(error.message.contains("the worker had crashed before the call: SIGSEGV, on a thread of"), "{error}");
    assert_eq!(error.context.crash.and_then(|crash| crash.thread), Some("library"));
}
