//! The caller of `abort`: the signal is raised in the C library, which does not identify it.

use std::ffi::{c_int, c_uint, c_void};

use super::maps::{MappedModule, MappedPlace};

/// The limit on frames that are examined.
const MOST: usize = 48;

/// The time limit in seconds. The report is complete by then; the process ends in either case.
const LIMIT: c_uint = 2;

/// Files whose code calls `abort` on behalf of others.
const RUNTIMES: [&[u8]; 6] = [b"libc.so", b"libc-", b"ld-linux", b"libstdc++", b"libgcc_s", b"libc++"];

unsafe extern "C" {
    fn _Unwind_Backtrace(see: extern "C" fn(*mut c_void, *mut c_void) -> c_int, argument: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

struct Frames {
    addresses: [usize; MOST],
    count: usize,
}

/// The innermost frame of the calling thread that belongs to a library, and its module. The unwinder may wait for a
/// lock or fault on a corrupt stack; the caller must tolerate both.
pub(super) fn find() -> Option<(u64, MappedModule)> {
    let mut frames = Frames { addresses: [0; MOST], count: 0 };
    // SAFETY: `alarm` accepts any number, and its signal ends the process unless it is cancelled. The function
    // accesses the frames only while the local lives.
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::alarm(LIMIT);
        _Unwind_Backtrace(see, (&raw mut frames).cast());
        libc::alarm(0);
    }
    let worker = MappedPlace::of(find as fn() -> _ as usize as u64, 0).module?.path;
    for address in frames.addresses.iter().take(frames.count) {
        // The last function called may not return, so the call may be at the end of its function.
        let call = address.wrapping_sub(1) as u64;
        let Some(module) = MappedPlace::of(call, 0).module else { continue };
        if module.path != worker && !is_runtime(module.path.bytes()) {
            return Some((call, module));
        }
    }
    None
}

extern "C" fn see(context: *mut c_void, frames: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    const STOP: c_int = 4;
    // SAFETY: the unwinder passes its context and the argument it was given.
    let (frames, address) = unsafe { (&mut *frames.cast::<Frames>(), _Unwind_GetIP(context)) };
    let Some(slot) = frames.addresses.get_mut(frames.count) else { return STOP };
    *slot = address;
    frames.count += 1;
    GO_ON
}

/// Whether a file, judged by its name, is one that calls `abort` on behalf of others.
fn is_runtime(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    !path.starts_with(b"/") || RUNTIMES.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_runtimes_are_known() {
        let cases =
            [("/lib/libc.so.6", true), ("[vdso]", true), ("/opt/libcurl.so", false), ("/opt/libc_device.so", false)];
        for (path, expected) in cases {
            assert_eq!(is_runtime(path.as_bytes()), expected, "{path}");
        }
    }
}
