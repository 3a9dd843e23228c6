//! The code that raised an exception or called `abort`, whose address the system does not provide: the stack is
//! followed up to the first address in a library that is not a runtime.
//!
//! On i386 the system's libraries maintain the chain of frame pointers, on x86-64 tables describe the frames. If
//! neither leads to a library, the stack is searched for a return address of a library call; stale data of an earlier
//! call may be mistaken for it.

#[cfg(target_arch = "x86_64")]
use std::ptr;

use protocol::Text;
use windows_sys::Win32::System::Diagnostics::Debug::CONTEXT;
#[cfg(target_arch = "x86_64")]
use windows_sys::Win32::System::Diagnostics::Debug::{RtlLookupFunctionEntry, RtlVirtualUnwind, UNW_FLAG_NHANDLER};

use super::memory::{pointer, read};
use super::modules::{self, LoadedModule};

/// The number of stack words that are searched.
const WORDS: usize = 4096;

/// The number of frames that are followed.
const FRAMES: usize = 64;

const WIDTH: usize = size_of::<usize>();

/// The maximum number of modules that may be the caller's.
const MODULES: usize = 128;

/// Files whose code raises exceptions and aborts on behalf of others, by the start of their names.
const RUNTIMES: [&[u8]; 12] = [
    b"ntdll.",
    b"kernelbase.",
    b"kernel32.",
    b"msvcrt",
    b"ucrtbase",
    b"vcruntime",
    b"msvcp",
    b"libstdc++",
    b"libgcc_s",
    b"libc++",
    b"libunwind",
    b"libwinpthread",
];

/// Registers with the alignment that the system requires.
#[repr(align(16))]
pub(super) struct Aligned(pub(super) CONTEXT);

/// A library call in progress.
pub(super) struct Caller {
    /// The last byte of the call.
    pub(super) instruction: usize,
    /// The stack pointer before it.
    pub(super) stack: usize,
    /// The library's load address, and its file.
    pub(super) base: u64,
    pub(super) module: Text,
}

/// The libraries that may be the caller.
struct Libraries([Option<LoadedModule>; MODULES]);

/// The innermost library call on a thread with these registers.
pub(super) fn find(context: &CONTEXT) -> Option<Caller> {
    let libraries = Libraries::all();
    libraries.by_frames(context).or_else(|| libraries.by_search(stack_of(context)))
}

fn stack_of(context: &CONTEXT) -> usize {
    #[cfg(target_arch = "x86")]
    return context.Esp as usize;
    #[cfg(target_arch = "x86_64")]
    return context.Rsp as usize;
}

impl Libraries {
    fn all() -> Self {
        let mut libraries = [const { None }; MODULES];
        // The program itself is the first one.
        let others = modules::all().skip(1).filter(|module| !is_runtime(module.path().bytes()));
        libraries.iter_mut().zip(others).for_each(|(slot, module)| *slot = Some(module));
        Self(libraries)
    }

    /// Follows frame pointers: each frame starts with that of its caller and the return address.
    #[cfg(target_arch = "x86")]
    fn by_frames(&self, context: &CONTEXT) -> Option<Caller> {
        let (stack, mut frame) = (stack_of(context), context.Ebp as usize);
        for _ in 0..FRAMES {
            if frame < stack || frame - stack > WORDS * WIDTH {
                return None;
            }
            if let Some(caller) = self.caller_at(frame + WIDTH) {
                return Some(caller);
            }
            let next = pointer(frame)?;
            if next <= frame {
                return None;
            }
            frame = next;
        }
        None
    }

    /// Unwinds frame by frame, using the tables of the modules. A corrupt stack may raise another exception here,
    /// which is then reported instead.
    #[cfg(target_arch = "x86_64")]
    fn by_frames(&self, context: &CONTEXT) -> Option<Caller> {
        let mut aligned = Aligned(*context);
        let context = &mut aligned.0;
        for _ in 0..FRAMES {
            let (mut base, mut data, mut frame) = (0, ptr::null_mut(), 0);
            // SAFETY: the tables are those that the loader has for the address, and all output goes to locals.
            unsafe {
                let function = RtlLookupFunctionEntry(context.Rip, &raw mut base, ptr::null_mut());
                if function.is_null() {
                    // A function without a frame.
                    context.Rip = pointer(context.Rsp as usize)? as u64;
                    context.Rsp += WIDTH as u64;
                } else {
                    let (at, data, frame) = (context.Rip, &raw mut data, &raw mut frame);
                    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, at, function, context, data, frame, ptr::null_mut());
                }
            }
            let place = (context.Rsp as usize).checked_sub(WIDTH)?;
            if let Some(caller) = self.caller_at(place) {
                return Some(caller);
            }
            if context.Rip == 0 {
                return None;
            }
        }
        None
    }

    fn by_search(&self, stack: usize) -> Option<Caller> {
        let stack = stack.next_multiple_of(WIDTH);
        (0..WORDS).find_map(|index| self.caller_at(stack.checked_add(index * WIDTH)?))
    }

    /// The call that returns to the address in this stack slot, if it is a library's.
    fn caller_at(&self, place: usize) -> Option<Caller> {
        let address = pointer(place)?;
        let module = self.0.iter().flatten().find(|module| module.holds(address))?;
        follows_call(address).then(|| Caller {
            instruction: address - 1,
            stack: place + WIDTH,
            base: module.base as u64,
            module: module.path(),
        })
    }
}

/// Whether the bytes before an address can be a call (Intel SDM 2A, CALL): `E8` with a distance, or `FF /2`.
fn follows_call(address: usize) -> bool {
    const LONGEST: usize = 7;
    let mut before = [0; LONGEST];
    let is_there = address.checked_sub(LONGEST).and_then(|start| read(start, &mut before)).is_some();
    let through = |length: usize| before[LONGEST - length] == 0xff && before[LONGEST - length + 1] >> 3 & 7 == 2;
    is_there && (before[LONGEST - 5] == 0xe8 || [2, 3, 4, 6, 7].into_iter().any(through))
}

/// Whether a file, judged by its name, is one that acts on behalf of others.
fn is_runtime(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'\\').next().unwrap_or(path);
    RUNTIMES.iter().any(|start| name.get(..start.len()).is_some_and(|front| front.eq_ignore_ascii_case(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_runtimes_are_known() {
        let cases = [
            ("C:\\windows\\system32\\KernelBase.dll", true),
            ("C:\\windows\\system32\\MSVCP140.dll", true),
            ("Z:\\sdk\\ntdll", false),
            ("Z:\\sdk\\device.dll", false),
        ];
        for (path, expected) in cases {
            assert_eq!(is_runtime(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn calls_are_distinguished_from_other_code() {
        let cases: [(&[u8; 7], bool); 5] = [
            (b"\x90\x90\xe8\x01\x02\x03\x04", true),
            (b"\x90\x90\x90\x90\x90\xff\xd0", true),
            (b"\x90\xff\x15\x01\x02\x03\x04", true),
            (b"\x90\x90\x90\x90\x90\xff\xe0", false),
            (b"\x90\x90\x90\x90\x90\x90\x90", false),
        ];
        for (code, expected) in cases {
            assert_eq!(follows_call(code.as_ptr().addr() + code.len()), expected, "{code:x?}");
        }
        assert!(!follows_call(3));
    }
}
