//! Collecting the content of a dump from a worker that waits. The worker is not trusted: the size of each part is
//! limited here, whatever its registers and headers say.

use std::time::Duration;

use protocol::{CrashReport, Machine, MemoryAccess, Platform};

use super::context;
use super::format::{Dump, DumpModule, Exception, MemoryRange};
use crate::remote::WorkerKind;
use crate::remote::memory::{Foreign, MappedFile};

/// The unit of access protection.
const PAGE: u64 = 4096;

/// The maximum size of the stack to keep, from the stack pointer on.
const STACK_BYTES: u64 = 256 << 10;

/// How far above its pointer an exhausted stack may begin: the pointer is in memory that cannot be read.
const STACK_GAP: u64 = 128 << 10;

/// The area below the stack pointer that compilers may use (System V ABI for x86-64, 3.2.2).
const RED_ZONE: u64 = 128;

/// The number of bytes to keep on either side of the instruction.
const CODE_BYTES: u64 = 128;

/// The maximum number of modules, and the maximum size of one.
const MODULES: usize = 2048;
const MODULE_BYTES: u64 = 1 << 30;

/// Collects a dump of the worker that left the report.
pub(super) fn dump(
    foreign: &Foreign,
    kind: WorkerKind,
    process: u32,
    now: Duration,
    report: &CrashReport,
) -> Result<Dump, String> {
    let mapped = foreign.mapped().ok_or("the memory map of the process cannot be read")?;
    let stack = context::stack_pointer(&report.registers).and_then(|pointer| stack(foreign, kind, pointer));
    let has_stack = stack.is_some();
    let mut memory: Vec<MemoryRange> = stack.into_iter().collect();
    memory.extend(code(foreign, report.instruction));
    if memory.is_empty() {
        return Err("the system does not allow this process to read the worker's memory".to_owned());
    }
    Ok(Dump {
        machine: kind.machine,
        platform: kind.platform,
        process,
        time: now.as_secs() as u32,
        thread: report.thread,
        context: context::of(kind.machine, &report.registers),
        exception: exception(report, kind.platform),
        modules: modules(foreign, mapped, report),
        memory,
        has_stack,
        maps: foreign.maps().filter(|_| kind.platform == Platform::Linux),
    })
}

/// The exception, as debuggers of the system expect it: on Windows the access is a parameter, on Linux its address is
/// the exception's.
fn exception(report: &CrashReport, platform: Platform) -> Exception {
    let parameters = match (platform, report.accessed, report.access) {
        (Platform::Windows, Some(address), Some(access)) => {
            let kind = match access {
                MemoryAccess::Read => 0,
                MemoryAccess::Write => 1,
                MemoryAccess::Execute => 8,
            };
            vec![kind, address]
        }
        _ => Vec::new(),
    };
    let accessed = report.accessed.filter(|_| platform == Platform::Linux);
    Exception { code: report.code, address: accessed.unwrap_or(report.instruction), parameters }
}

/// The stack from its pointer on, up to its base or the maximum size.
fn stack(foreign: &Foreign, kind: WorkerKind, pointer: u64) -> Option<MemoryRange> {
    let red_zone = if kind.machine == Machine::X86_64 { RED_ZONE } else { 0 };
    let mut start = pointer.saturating_sub(red_zone);
    let highest = start.saturating_add(STACK_GAP);
    while start <= highest {
        let bytes = readable(foreign, start, STACK_BYTES);
        if !bytes.is_empty() {
            return Some(MemoryRange { address: start, bytes });
        }
        start = (start & !(PAGE - 1)).checked_add(PAGE)?;
    }
    None
}

/// The instruction and the bytes around it.
fn code(foreign: &Foreign, instruction: u64) -> Option<MemoryRange> {
    let around = instruction.saturating_sub(CODE_BYTES);
    // The page before may not be readable.
    let starts = [around, instruction & !(PAGE - 1)];
    let start = starts.into_iter().find(|start| foreign.read(*start, &mut [0]).is_ok())?.max(around);
    let bytes = readable(foreign, start, instruction.saturating_add(CODE_BYTES).saturating_sub(start));
    (!bytes.is_empty()).then_some(MemoryRange { address: start, bytes })
}

/// The readable bytes from an address on, up to a maximum number.
fn readable(foreign: &Foreign, address: u64, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < most {
        let Some(position) = address.checked_add(bytes.len() as u64) else { break };
        let length = (PAGE - position % PAGE).min(most - bytes.len() as u64);
        let mut page = vec![0; length as usize];
        if foreign.read(position, &mut page).is_err() {
            break;
        }
        bytes.append(&mut page);
    }
    bytes
}

/// The modules among the mapped files, and the one that the worker itself names, which may be mapped in a way that does
/// not show.
fn modules(foreign: &Foreign, mapped: Vec<MappedFile>, report: &CrashReport) -> Vec<DumpModule> {
    let mut modules: Vec<DumpModule> =
        mapped.into_iter().take(MODULES).filter_map(|file| module(foreign, file)).collect();
    if report.module_base != 0 && !modules.iter().any(|module| module.base == report.module_base) {
        let named = MappedFile { base: report.module_base, bytes: PAGE, path: report.module.to_string() };
        modules.extend(module(foreign, named));
    }
    modules
}

/// A mapped file as a module, if its first bytes identify it as a program or a library.
fn module(foreign: &Foreign, MappedFile { base, bytes, path }: MappedFile) -> Option<DumpModule> {
    let mut start = [0; 1024];
    foreign.read(base, &mut start).ok()?;
    let mapped = bytes.min(MODULE_BYTES) as u32;
    if start.starts_with(b"\x7fELF") {
        return Some(DumpModule { base, bytes: mapped, checksum: 0, time: 0, path });
    }
    let header = PeHeader::of(&start)?;
    let bytes = if u64::from(header.bytes) <= MODULE_BYTES { header.bytes.max(mapped) } else { mapped };
    Some(DumpModule { base, bytes, checksum: header.checksum, time: header.time, path })
}

/// The fields in the header of a Windows program by which a debugger finds its file.
struct PeHeader {
    bytes: u32,
    checksum: u32,
    time: u32,
}

impl PeHeader {
    fn of(start: &[u8]) -> Option<Self> {
        // The offsets of these fields are the same for both widths (PE format).
        let word = |offset: usize| start.get(offset..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        let header = word(0x3c).filter(|_| start.starts_with(b"MZ"))? as usize;
        let header = start.get(header..)?.strip_prefix(b"PE\0\0").map(|_| header)?;
        Some(Self { time: word(header + 8)?, bytes: word(header + 80)?, checksum: word(header + 88)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_windows_programs_are_read_within_bounds() {
        let mut start = [0; 1024];
        start[..2].copy_from_slice(b"MZ");
        start[0x3c] = 0x80;
        start[0x80..0x84].copy_from_slice(b"PE\0\0");
        start[0x80 + 80..0x80 + 84].copy_from_slice(&0x5000_u32.to_le_bytes());
        assert_eq!(PeHeader::of(&start).expect("a header").bytes, 0x5000);
        for place in [1000_u32, 1024, u32::MAX] {
            start[0x3c..0x40].copy_from_slice(&place.to_le_bytes());
            assert!(PeHeader::of(&start).is_none());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_stack_is_read_up_to_its_end() {
        let local = [7_u8; 64];
        let foreign = Foreign::of_process(std::process::id());
        let kind = WorkerKind { platform: Platform::Linux, machine: Machine::X86_64 };
        let pointer = local.as_ptr().addr() as u64;
        let stack = stack(&foreign, kind, pointer).expect("it can be read");
        let start = RED_ZONE as usize;
        assert_eq!((stack.address, &stack.bytes[start..start + 64]), (pointer - RED_ZONE, &local[..]));
        assert!(stack.bytes.len() as u64 <= STACK_BYTES);
        assert!(super::stack(&foreign, kind, 16).is_none() && super::stack(&foreign, kind, u64::MAX).is_none());
    }
}
