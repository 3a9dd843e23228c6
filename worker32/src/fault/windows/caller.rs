//! Who raised an exception or called `abort`, where the system itself has the address of neither: the stack is followed up to
//! the first address in a library that is no runtime.
//!
//! On i386 the system's libraries keep the chain of frame pointers. Where it is broken, the stack is searched for an address
//! that a library's call returns to; what an earlier call has left there may be taken for it.

use protocol::Text;

use super::memory::{pointer, read};
use super::modules::{self, Module};

/// How many words of the stack are looked at.
const WORDS: usize = 4096;

/// How many frames are followed.
const FRAMES: usize = 64;

const WIDTH: usize = size_of::<usize>();

/// How many modules may be the caller's.
const MODULES: usize = 128;

/// Files whose code raises exceptions and aborts for others, by what their names begin with.
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

/// A call of a library's that has not returned.
pub(super) struct Caller {
    /// The last byte of the call.
    pub(super) instruction: usize,
    /// Where the stack ended before it.
    pub(super) stack: usize,
    /// Where the library is loaded, and its file.
    pub(super) base: u64,
    pub(super) module: Text,
}

/// The libraries that may have called.
struct Libraries([Option<Module>; MODULES]);

/// The innermost call of a library on a stack that ends here, with this frame pointer.
pub(super) fn find(stack: usize, frame: usize) -> Option<Caller> {
    let libraries = Libraries::all();
    libraries.by_frames(stack, frame).or_else(|| libraries.by_search(stack))
}

impl Libraries {
    fn all() -> Self {
        let mut libraries = [const { None }; MODULES];
        // The program itself is the first one.
        let others = modules::all().skip(1).filter(|module| !is_runtime(module.path().bytes()));
        libraries.iter_mut().zip(others).for_each(|(slot, module)| *slot = Some(module));
        Self(libraries)
    }

    /// Follows frame pointers, which are only kept on i386. Each frame starts with that of its caller and the address that it
    /// returns to.
    fn by_frames(&self, stack: usize, mut frame: usize) -> Option<Caller> {
        if cfg!(target_arch = "x86_64") {
            return None;
        }
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

    fn by_search(&self, stack: usize) -> Option<Caller> {
        let stack = stack.next_multiple_of(WIDTH);
        (0..WORDS).find_map(|index| self.caller_at(stack.checked_add(index * WIDTH)?))
    }

    /// The call that returns to the address that lies in this place, if it is a library's.
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

/// Whether what ends before an address can be a call (Intel SDM 2A, CALL): `E8` with a distance, or `FF /2`.
fn follows_call(address: usize) -> bool {
    const LONGEST: usize = 7;
    let mut before = [0; LONGEST];
    let is_there = address.checked_sub(LONGEST).and_then(|start| read(start, &mut before)).is_some();
    let through = |length: usize| before[LONGEST - length] == 0xff && before[LONGEST - length + 1] >> 3 & 7 == 2;
    is_there && (before[LONGEST - 5] == 0xe8 || [2, 3, 4, 6, 7].into_iter().any(through))
}

/// Whether a file is one that acts for others, by its name.
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
    fn calls_are_told_from_other_code() {
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
