//! Starts a 32-bit worker under Wine, and ends with it.
//!
//! `worker32-launcher WORKER`, run by a Linux host through Wine's 64-bit loader. Each library that a program is linked to costs Wine
//! milliseconds when the program starts and when it ends, for both of which the host waits. So this one is built without the
//! standard library (in the profile `launcher`), and needs kernel32.dll and msvcrt.dll alone.
#![cfg_attr(all(windows, target_env = "gnu", panic = "abort"), no_std, no_main)]
#![cfg_attr(
    all(windows, target_env = "gnu", panic = "abort"),
    allow(unsafe_code, reason = "the operating system's functions take raw values")
)]

#[cfg(all(windows, target_env = "gnu", panic = "abort"))]
mod launch;

/// What the standard library has in other programs.
#[cfg(all(windows, target_env = "gnu", panic = "abort"))]
mod bare {
    use core::panic::PanicInfo;

    use windows_sys::Win32::System::Threading::ExitProcess;

    /// What the C runtime calls.
    #[unsafe(no_mangle)]
    extern "C" fn main() -> u32 {
        crate::launch::launch()
    }

    #[panic_handler]
    fn end(_: &PanicInfo<'_>) -> ! {
        // SAFETY: the function takes any code.
        unsafe { ExitProcess(crate::launch::NOT_STARTED) }
    }

    /// The compiled core library names it for a way of unwinding that this program does not have.
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}
}

/// In any other profile, and for any other system, there is nothing to run.
#[cfg(not(all(windows, target_env = "gnu", panic = "abort")))]
fn main() -> std::process::ExitCode {
    eprintln!("worker32-launcher is a Windows program of the profile `launcher`, which runtime64 runs through Wine");
    std::process::ExitCode::FAILURE
}
