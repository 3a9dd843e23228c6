//! The crash report of a dying worker.
//!
//! A report is written by a signal or exception handler inside a process whose heap may be corrupt: its size is
//! fixed, and neither creating nor encoding it allocates. It is sent as the last frame of a plain channel, or stays
//! in a reserved place in shared memory; the bytes are the same. The host does not trust them: any bytes decode to a
//! report or to `None`.

mod text;

pub use text::Text;

/// The maximum number of registers in a report.
pub const REGISTERS: usize = 18;

/// The crash report of a worker.
///
/// Registers are in the order of [`I386_REGISTERS`] or [`X86_64_REGISTERS`], depending on the worker's machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashReport {
    /// Whether the process is certain to end.
    pub stage: Stage,
    /// The cause.
    pub cause: Cause,
    /// The signal number on Unix, the exception code (an NTSTATUS) on Windows, or the exit code.
    pub code: u32,
    /// The address of the faulting instruction, 0 if unknown.
    pub instruction: u64,
    /// The address that could not be accessed, for faults that have one.
    pub accessed: Option<u64>,
    /// The attempted access, if the system reports it.
    pub access: Option<MemoryAccess>,
    /// The system's thread id.
    pub thread: u32,
    /// Whether the thread was started by the library.
    pub is_foreign: bool,
    /// The number of library calls in progress.
    pub calls: u32,
    /// The number of the batched call in progress, from 1; 0 if none.
    pub batched: u32,
    /// The load address of the module that contains the instruction, 0 if there is no such module.
    pub module_base: u64,
    /// The file of that module, in the worker's syntax.
    pub module: Text,
    /// The C library's message for an abort, or the mangled name of the exception's type.
    pub text: Text,
    /// The registers, empty if unknown.
    pub registers: Registers,
}

/// The registers of i386, in report order.
pub const I386_REGISTERS: [&str; 10] = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags"];

/// The registers of x86-64, in report order.
pub const X86_64_REGISTERS: [&str; REGISTERS] = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    "rip", "rflags",
];

/// Whether the process is certain to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The exception may still be handled. The report is valid if the process ends with its code.
    Provisional = 1,
    /// The process ends.
    Final = 2,
}

/// The cause of a worker's death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An instruction that could not be executed.
    Fault = 1,
    /// A stack overflow.
    StackOverflow = 2,
    /// `abort`, which the C library also calls when it detects heap or stack corruption.
    Abort = 3,
    /// An uncaught C++ exception.
    CppException = 4,
    /// `exit` or `ExitProcess`.
    Exit = 5,
    /// A job that exceeded its time limit. The code is the job's id.
    Expired = 6,
}

/// The access that an instruction attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryAccess {
    /// A read.
    Read = 1,
    /// A write.
    Write = 2,
    /// An instruction fetch.
    Execute = 3,
}

/// The registers of a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    count: u8,
    values: [u64; REGISTERS],
}

impl Registers {
    /// The given values; values beyond [`REGISTERS`] are dropped.
    #[must_use]
    pub fn of(values: &[u64]) -> Self {
        let mut registers = Self::default();
        for (slot, value) in registers.values.iter_mut().zip(values) {
            *slot = *value;
            registers.count += 1;
        }
        registers
    }

    /// The register values.
    #[must_use]
    pub fn values(&self) -> &[u64] {
        &self.values[..usize::from(self.count)]
    }
}

impl CrashReport {
    /// The size of every encoded report.
    pub const BYTES: usize = 4 + 6 * 4 + 3 * 8 + 2 * Text::ENCODED + REGISTERS * 8;

    /// A report with only stage, cause and code.
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

    /// Decodes a report; `None` if the bytes are not a report.
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

/// The first bytes of every report.
const MAGIC: &[u8; 4] = b"LW05";

/// The bytes not decoded yet.
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

/// The access encoded in the byte, if any; the outer `None` for an invalid byte.
fn access_of(byte: u8) -> Option<Option<MemoryAccess>> {
    if byte == 0 {
        return Some(None);
    }
    let all = [MemoryAccess::Read, MemoryAccess::Write, MemoryAccess::Execute];
    all.into_iter().find(|access| *access as u8 == byte).map(Some)
}

#[cfg(test)]
mod tests;
