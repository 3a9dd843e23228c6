//! Who called `abort`: the signal is raised in the C library, which says nothing.

use std::ffi::{c_int, c_uint, c_void};

use super::maps::{Module, Place};

/// How many frames are looked at.
const MOST: usize = 48;

/// How long that may take, in seconds. The report has been made by then; the process ends in either case.
const LIMIT: c_uint = 2;

/// Files whose code calls `abort` for others.
const RUNTIMES: [&[u8]; 6] = [b"libc.so", b"libc-", b"ld-linux", b"libstdc++", b"libgcc_s", b"libc++"];

unsafe extern "C" {
    fn _Unwind_Backtrace(see: extern "C" fn(*mut c_void, *mut c_void) -> c_int, argument: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

struct Frames {
    addresses: [usize; MOST],
    count: usize,
}

/// The innermost frame of the calling thread that is a library's, and the module that it is in. The unwinder may wait for a
/// lock or fault on a stack in ruins, which must not matter to the caller.
pub(super) fn find() -> Option<(u64, Module)> {
    let mut frames = Frames { addresses: [0; MOST], count: 0 };
    // SAFETY: `alarm` takes any number, and its signal ends the process unless it is called off. The function sees frames for as long as the local lives.
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::alarm(LIMIT);
        _Unwind_Backtrace(see, (&raw mut frames).cast());
        libc::alarm(0);
    }
    let worker = Place::of(find as fn() -> _ as usize as u64, 0).module?.path;
    for address in frames.addresses.iter().take(frames.count) {
        // What was called last may not return, and end its function.
        let call = address.wrapping_sub(1) as u64;
        let Some(module) = Place::of(call, 0).module else { continue };
        if module.path != worker && !is_runtime(module.path.bytes()) {
            return Some((call, module));
        }
    }
    None
}

extern "C" fn see(context: *mut c_void, frames: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    const STOP: c_int = 4;
    // SAFETY: the unwinder hands over its context and the argument that it was given.
    let (frames, address) = unsafe { (&mut *frames.cast::<Frames>(), _Unwind_GetIP(context)) };
    let Some(slot) = frames.addresses.get_mut(frames.count) else { return STOP };
    *slot = address;
    frames.count += 1;
    GO_ON
}

/// Whether a file is one that calls `abort` for others, by its name.
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
