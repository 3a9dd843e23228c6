//! Starts a 32-bit worker under Wine, and ends with it.
//!
//! `worker32-launcher WORKER`, run by a Linux host through Wine's 64-bit loader. Each library that a program is
//! linked to costs Wine milliseconds at the program's start and exit, and the host waits for both. This program is
//! therefore built without the standard library (in the profile `launcher`), and depends on kernel32.dll and
//! msvcrt.dll only.
#![cfg_attr(all(windows, target_env = "gnu", panic = "abort"), no_std, no_main)]
#![cfg_attr(
    all(windows, target_env = "gnu", panic = "abort"),
    allow(unsafe_code, reason = "the operating system's functions take raw values")
)]

#[cfg(all(windows, target_env = "gnu", panic = "abort"))]
mod launch;

/// Items that other programs get from the standard library.
#[cfg(all(windows, target_env = "gnu", panic = "abort"))]
mod bare {
    use core::panic::PanicInfo;

    use windows_sys::Win32::System::Threading::ExitProcess;

    /// Called by the C runtime.
    #[unsafe(no_mangle)]
    extern "C" fn main() -> u32 {
        crate::launch::launch()
    }

    #[panic_handler]
    fn end(_: &PanicInfo<'_>) -> ! {
        // SAFETY: the function accepts any code.
        unsafe { ExitProcess(crate::launch::NOT_STARTED) }
    }

    /// Referenced by the compiled core library for unwinding, which this program does not do.
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}
}

/// In any other profile, and on any other system, there is nothing to run.
#[cfg(not(all(windows, target_env = "gnu", panic = "abort")))]
fn main() -> std::process::ExitCode {
    eprintln!("worker32-launcher is a Windows program of the profile `launcher`, which runtime64 runs through Wine");
    std::process::ExitCode::FAILURE
}
