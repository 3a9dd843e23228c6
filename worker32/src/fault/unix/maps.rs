//! The memory map of this process, read from `/proc/self/maps` in a way that is safe in a signal handler: without
//! allocating.

use protocol::Text;

/// The longest line that is kept. The paths of longer ones are truncated.
const LINE_BYTES: usize = 512;

/// The maximum distance below a stack at which an access counts as its overflow: the gap that the kernel keeps free
/// of other memory.
const STACK_GAP: u64 = 1 << 20;

/// The location of an instruction and of its thread's stack in the memory map.
#[derive(Debug)]
pub(super) struct MappedPlace {
    instruction: u64,
    stack: u64,
    /// The module that contains the instruction.
    pub(super) module: Option<MappedModule>,
    /// The start of the mapping that contains the stack pointer, or of the next one above it.
    stack_start: Option<u64>,
    /// The module whose mappings are being read.
    current: MappedModule,
}

/// A mapped file, and its start address.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MappedModule {
    pub(super) base: u64,
    pub(super) path: Text,
}

/// One line of the file.
#[derive(Debug, PartialEq, Eq)]
struct Mapping<'a> {
    start: u64,
    end: u64,
    is_writable: bool,
    offset: u64,
    path: &'a [u8],
}

impl MappedPlace {
    /// Reads the memory map of this process.
    pub(super) fn of(instruction: u64, stack: u64) -> Self {
        let mut place = Self::new(instruction, stack);
        let mut lines = Lines { line: [0; LINE_BYTES], length: 0 };
        read_maps(|bytes| lines.feed(bytes, |line| place.see(line)));
        place
    }

    fn new(instruction: u64, stack: u64) -> Self {
        Self { instruction, stack, module: None, stack_start: None, current: MappedModule::default() }
    }

    /// Whether a failed access went beyond the end of the thread's stack.
    pub(super) fn is_overflow(&self, accessed: u64) -> bool {
        self.stack_start.is_some_and(|start| {
            let near =
                |address: u64| address < start.saturating_add(STACK_GAP) && start <= address.saturating_add(STACK_GAP);
            // The stack pointer may be at the very end, or beyond it once a frame was created.
            accessed < start && near(accessed) && near(self.stack)
        })
    }

    /// Processes one line. The kernel lists them by address.
    fn see(&mut self, line: &[u8]) {
        let Some(mapping) = parse(line) else { return };
        if self.stack_start.is_none() && mapping.is_writable && mapping.end > self.stack {
            self.stack_start = Some(mapping.start);
        }
        if mapping.path.is_empty() {
            return;
        }
        if mapping.offset == 0 || Text::of(mapping.path) != self.current.path {
            self.current = MappedModule { base: mapping.start, path: Text::of(mapping.path) };
        }
        if (mapping.start..mapping.end).contains(&self.instruction) {
            self.module = Some(self.current);
        }
    }
}

/// Splits the data read into lines.
struct Lines {
    line: [u8; LINE_BYTES],
    length: usize,
}

impl Lines {
    fn feed(&mut self, bytes: &[u8], mut see: impl FnMut(&[u8])) {
        for byte in bytes {
            if *byte == b'\n' {
                see(&self.line[..self.length]);
                self.length = 0;
            } else if let Some(slot) = self.line.get_mut(self.length) {
                *slot = *byte;
                self.length += 1;
            }
        }
    }
}

/// A line such as `f7d00000-f7d20000 r--p 00000000 08:01 4711    /lib/libc.so.6` (proc_pid_maps(5)).
fn parse(line: &[u8]) -> Option<Mapping<'_>> {
    let mut words = line.splitn(6, |byte| *byte == b' ');
    let mut range = words.next()?.splitn(2, |byte| *byte == b'-');
    let (start, end) = (hexadecimal(range.next()?)?, hexadecimal(range.next()?)?);
    let is_writable = *words.next()?.get(1)? == b'w';
    let offset = hexadecimal(words.next()?)?;
    let path = words.nth(2).unwrap_or_default().trim_ascii();
    Some(Mapping { start, end, is_writable, offset, path })
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let digit = |digit: &u8| char::from(*digit).to_digit(16).map(u64::from);
    digits.iter().try_fold(0, |value, next| Some(value << 4 | digit(next)?))
}

/// Reads the file part by part.
fn read_maps(mut take: impl FnMut(&[u8])) {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let mut part = [0; 4096];
    // Both only make a system call: the path is already a C string.
    let Ok(file) = openat(CWD, c"/proc/self/maps", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else { return };
    while let Ok(read @ 1..) = rustix::io::read(&file, &mut part) {
        take(&part[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &[u8] = b"08048000-08049000 r--p 00000000 08:01 11                         /opt/my sdk/worker32
08049000-0804a000 r-xp 00001000 08:01 11                         /opt/my sdk/worker32
f7000000-f7001000 ---p 00000000 00:00 0
f7001000-f7101000 rw-p 00000000 00:00 0
f7c00000-f7c20000 r--p 00000000 08:01 12                         /lib/libc.so.6
f7c20000-f7d00000 r-xp 00020000 08:01 12                         /lib/libc.so.6
ff000000-ff800000 rw-p 00000000 00:00 0                          [stack]
";

    fn place(instruction: u64, stack: u64) -> MappedPlace {
        let mut place = MappedPlace::new(instruction, stack);
        let mut lines = Lines { line: [0; LINE_BYTES], length: 0 };
        for part in MAPS.chunks(7) {
            lines.feed(part, |line| place.see(line));
        }
        place
    }

    #[test]
    fn an_instruction_lies_in_a_module() {
        let cases = [
            (0x0804_9123, Some((0x0804_8000, "/opt/my sdk/worker32"))),
            (0xf7c2_0000, Some((0xf7c0_0000, "/lib/libc.so.6"))),
            (0xf7d0_0000, None),
            (0xf700_1000, None),
            (0, None),
        ];
        for (instruction, expected) in cases {
            let module = place(instruction, 0xff00_1000).module;
            let found = module.map(|module| (module.base, module.path.to_string()));
            assert_eq!(found, expected.map(|(base, path)| (base, path.to_owned())), "{instruction:#x}");
        }
    }

    #[test]
    fn an_access_below_the_stack_is_an_overflow() {
        let cases = [
            // In the stack, below it, and far below it.
            (0xff00_0010, 0xfeff_fff0, true),
            (0xfeff_fff0, 0xfeff_ffec, true),
            (0xff70_0000, 0xfeff_fff0, false),
            (0xff00_0010, 0x10, false),
            (0xff00_0010, 0xff00_0008, false),
            // The stack of another thread, and its guard.
            (0xf700_1010, 0xf700_0ff0, true),
            (0xf700_0ff0, 0xf700_0fec, true),
            (0xf700_1010, 0xfeff_fff0, false),
            // No stack at all.
            (0xffff_f000, 0xffff_effc, false),
        ];
        for (stack, accessed, expected) in cases {
            assert_eq!(place(0, stack).is_overflow(accessed), expected, "{stack:#x}, {accessed:#x}");
        }
    }

    #[test]
    fn invalid_lines_are_skipped() {
        for line in ["", "x", "1-", "-", "1-2", "1-2 r", "1-2 rw-p", "g-2 rw-p 0 0 0", "11111111111111111-2 rw-p 0 0 0"]
        {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
        let long = [b"1-2 rw-p 0 0 0 /".as_slice(), &[b'x'; 5000], b"\n3-4 r--p 0 0 0 /a\n"].concat();
        let mut seen = Vec::new();
        Lines { line: [0; LINE_BYTES], length: 0 }.feed(&long, |line| seen.push(line.len()));
        assert_eq!(seen, [LINE_BYTES, 17]);
    }

    #[test]
    fn this_process_knows_its_own_code_and_stack() {
        let local = 0u8;
        let code = this_process_knows_its_own_code_and_stack as fn();
        let place = MappedPlace::of(code as usize as u64, (&raw const local).addr() as u64);
        let module = place.module.expect("code lies in a module");
        assert!(module.base < code as usize as u64 && module.path.to_string().contains("worker32"), "{module:?}");
        assert!(place.stack_start.is_some_and(|start| start <= (&raw const local).addr() as u64));
    }
}
