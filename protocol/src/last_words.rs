//! What a dying worker says of its death.
//!
//! A report is written by a signal or exception handler inside a process whose heap may be in ruins: it has one fixed size,
//! and neither making nor encoding it allocates. It travels as the last frame of a plain channel, or stays in a place of its
//! own in shared memory; the bytes are the same. To the host they are the work of a process gone wild: any bytes
//! decode to a report or to none.

mod text;

pub use text::Text;

/// The most registers that a report names.
pub const REGISTERS: usize = 18;

/// The report of a worker that dies.
///
/// Registers are listed in the order of [`I386_REGISTERS`] or [`X86_64_REGISTERS`], as the worker's machine has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    /// Whether the process is sure to end.
    pub stage: Stage,
    /// What is the matter.
    pub cause: Cause,
    /// The signal's number on Unix, the exception's code (an NTSTATUS) on Windows, the exit code.
    pub code: u32,
    /// The address of the instruction that faulted, 0 if unknown.
    pub instruction: u64,
    /// The address that could not be accessed, for faults that have one.
    pub accessed: Option<u64>,
    /// What was tried there, where the system tells.
    pub access: Option<MemoryAccess>,
    /// The system's number of the thread.
    pub thread: u32,
    /// Whether it is a thread that the library has started.
    pub is_foreign: bool,
    /// How many calls of a library's functions were under way.
    pub calls: u32,
    /// Which call of a batch was under way, counted from 1; 0 for none.
    pub batched: u32,
    /// Where the module is loaded that the instruction is in, 0 if it is in none.
    pub module_base: u64,
    /// The file of that module, in the worker's syntax.
    pub module: Text,
    /// What the C library says of an abort, or the mangled name of the exception's type.
    pub text: Text,
    /// The registers, empty if they are not known.
    pub registers: Registers,
}

/// The registers of i386 in the order of a report.
pub const I386_REGISTERS: [&str; 10] = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags"];

/// The registers of x86-64 in the order of a report.
pub const X86_64_REGISTERS: [&str; REGISTERS] = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    "rip", "rflags",
];

/// Whether the process is sure to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Something may still handle the exception. The report holds if the process ends with its code.
    Provisional = 1,
    /// It ends.
    Final = 2,
}

/// What a worker dies of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An instruction that could not be executed.
    Fault = 1,
    /// A stack that is used up.
    StackOverflow = 2,
    /// `abort`, which the C library itself calls when it finds the heap or the stack damaged.
    Abort = 3,
    /// A C++ exception that nothing caught.
    CppException = 4,
    /// `exit` or `ExitProcess`.
    Exit = 5,
    /// A job that took longer than it was given. The code is the job's id.
    Expired = 6,
}

/// What an instruction tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryAccess {
    /// To read.
    Read = 1,
    /// To write.
    Write = 2,
    /// To execute what is there.
    Execute = 3,
}

/// The registers of a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    count: u8,
    values: [u64; REGISTERS],
}

impl Registers {
    /// Those that are given; more than [`REGISTERS`] are cut off.
    #[must_use]
    pub fn of(values: &[u64]) -> Self {
        let mut registers = Self::default();
        for (slot, value) in registers.values.iter_mut().zip(values) {
            *slot = *value;
            registers.count += 1;
        }
        registers
    }

    /// Their values.
    #[must_use]
    pub fn values(&self) -> &[u64] {
        &self.values[..usize::from(self.count)]
    }
}

impl LastWords {
    /// The bytes of every encoded report.
    pub const BYTES: usize = 4 + 6 * 4 + 3 * 8 + 2 * Text::ENCODED + REGISTERS * 8;

    /// A report that knows nothing but its cause.
    #[must_use]
    pub fn new(stage: Stage, cause: Cause, code: u32) -> Self {
        Self {
            stage,
            cause,
            code,
            instruction: 0,
            accessed: None,
            access: None,
            thread: 0,
            is_foreign: false,
            calls: 0,
            batched: 0,
            module_base: 0,
            module: Text::default(),
            text: Text::default(),
            registers: Registers::default(),
        }
    }

    /// Encodes the report, without allocating.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let mut rest = bytes.as_mut_slice();
        let mut put = |part: &[u8]| {
            let (front, back) = std::mem::take(&mut rest).split_at_mut(part.len());
            front.copy_from_slice(part);
            rest = back;
        };
        put(MAGIC);
        let flags = u32::from(self.accessed.is_some()) | u32::from(self.is_foreign) << 1;
        let kinds = [self.stage as u8, self.cause as u8, self.access.map_or(0, |access| access as u8)];
        put(&[kinds[0], kinds[1], kinds[2], self.registers.count]);
        for word in [flags, self.code, self.thread, self.calls, self.batched] {
            put(&word.to_le_bytes());
        }
        for word in [self.instruction, self.accessed.unwrap_or(0), self.module_base] {
            put(&word.to_le_bytes());
        }
        put(&self.module.encoded());
        put(&self.text.encoded());
        for value in self.registers.values {
            put(&value.to_le_bytes());
        }
        bytes
    }

    /// Decodes a report; nothing, if the bytes are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(bytes.strip_prefix(MAGIC).filter(|_| bytes.len() == Self::BYTES)?);
        let [stage, cause, access, registers] = rest.take()?;
        let [flags, code, thread, calls, batched] = [(); 5].map(|()| rest.word());
        let [instruction, accessed, module_base] = [(); 3].map(|()| rest.long());
        let (module, text) = (Text::decoded(&rest.take()?), Text::decoded(&rest.take()?));
        let values = [(); REGISTERS].map(|()| rest.long().unwrap_or(0));
        Some(Self {
            stage: stage_of(stage)?,
            cause: cause_of(cause)?,
            code: code?,
            instruction: instruction?,
            accessed: accessed.filter(|_| flags.is_some_and(|flags| flags & 1 != 0)),
            access: access_of(access)?,
            thread: thread?,
            is_foreign: flags? & 2 != 0,
            calls: calls?,
            batched: batched?,
            module_base: module_base?,
            module,
            text,
            registers: Registers::of(values.get(..registers.into())?),
        })
    }
}

/// What every report begins with.
const MAGIC: &[u8; 4] = b"LW05";

/// The bytes that are not decoded yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const COUNT: usize>(&mut self) -> Option<[u8; COUNT]> {
        let (taken, rest) = self.0.split_first_chunk::<COUNT>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

fn stage_of(byte: u8) -> Option<Stage> {
    [Stage::Provisional, Stage::Final].into_iter().find(|stage| *stage as u8 == byte)
}

fn cause_of(byte: u8) -> Option<Cause> {
    let all = [Cause::Fault, Cause::StackOverflow, Cause::Abort, Cause::CppException, Cause::Exit, Cause::Expired];
    all.into_iter().find(|cause| *cause as u8 == byte)
}

/// The access, if the byte says which; nothing at all for a byte that no report has.
fn access_of(byte: u8) -> Option<Option<MemoryAccess>> {
    if byte == 0 {
        return Some(None);
    }
    let all = [MemoryAccess::Read, MemoryAccess::Write, MemoryAccess::Execute];
    all.into_iter().find(|access| *access as u8 == byte).map(Some)
}

#[cfg(test)]
mod tests;
