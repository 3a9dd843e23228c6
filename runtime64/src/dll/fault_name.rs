//! The documented names of signals and exception codes.

use protocol::Platform;

/// The name of a signal (Linux, i386 and x86-64) or exception code (NTSTATUS), if a fault can have it.
pub(super) fn fault_name(platform: Platform, code: u32) -> Option<&'static str> {
    Some(match platform {
        Platform::Linux => match code {
            1 => "SIGHUP",
            2 => "SIGINT",
            4 => "SIGILL",
            5 => "SIGTRAP",
            6 => "SIGABRT",
            7 => "SIGBUS",
            8 => "SIGFPE",
            9 => "SIGKILL",
            11 => "SIGSEGV",
            13 => "SIGPIPE",
            15 => "SIGTERM",
            31 => "SIGSYS",
            _ => return None,
        },
        Platform::Windows => match code {
            0x8000_0001 => "STATUS_GUARD_PAGE_VIOLATION",
            0x8000_0002 => "EXCEPTION_DATATYPE_MISALIGNMENT",
            0x8000_0003 => "EXCEPTION_BREAKPOINT",
            0xc000_0005 => "EXCEPTION_ACCESS_VIOLATION",
            0xc000_0006 => "EXCEPTION_IN_PAGE_ERROR",
            0xc000_0008 => "EXCEPTION_INVALID_HANDLE",
            0xc000_001d => "EXCEPTION_ILLEGAL_INSTRUCTION",
            0xc000_0025 => "EXCEPTION_NONCONTINUABLE_EXCEPTION",
            0xc000_008c => "EXCEPTION_ARRAY_BOUNDS_EXCEEDED",
            0xc000_008e => "EXCEPTION_FLT_DIVIDE_BY_ZERO",
            0xc000_0090 => "EXCEPTION_FLT_INVALID_OPERATION",
            0xc000_0094 => "EXCEPTION_INT_DIVIDE_BY_ZERO",
            0xc000_0095 => "EXCEPTION_INT_OVERFLOW",
            0xc000_0096 => "EXCEPTION_PRIV_INSTRUCTION",
            0xc000_00fd => "EXCEPTION_STACK_OVERFLOW",
            0xc000_0135 => "STATUS_DLL_NOT_FOUND",
            0xc000_0374 => "STATUS_HEAP_CORRUPTION",
            0xc000_0409 => "STATUS_STACK_BUFFER_OVERRUN",
            0xe06d_7363 => "C++ exception",
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_have_their_documented_names() {
        assert_eq!(fault_name(Platform::Linux, 11), Some("SIGSEGV"));
        assert_eq!(fault_name(Platform::Windows, 0xc000_0005), Some("EXCEPTION_ACCESS_VIOLATION"));
        assert_eq!(fault_name(Platform::Windows, 11), None);
    }
}
