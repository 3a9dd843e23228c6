//! The ELF header: processor, system and file type.

use std::path::Path;

use object::elf;

use super::{not_a_library, word};
use crate::image::{Content, Error, Machine};

/// System V ABI, "ELF Header". Rejects what glibc's dynamic loader rejects, with a better message.
pub(super) fn classify(head: &[u8], path: &Path) -> Result<Machine, Error> {
    let (Some(&class), Some(&data), Some(&system), Some(kind), Some(machine)) =
        (head.get(4), head.get(5), head.get(7), word(head, 16), word(head, 18))
    else {
        return Err(Error::truncated(path, "its ELF header is cut off"));
    };
    let little = data == elf::ELFDATA2LSB.0;
    let (kind, machine) = if little { (kind, machine) } else { (kind.swap_bytes(), machine.swap_bytes()) };
    let wrong = |machine: String| Err(Error::WrongMachine { path: path.to_owned(), machine });
    let is_64 = class == elf::ELFCLASS64.0;
    let found = match (elf::Machine(machine), is_64) {
        (elf::EM_386, false) if little => Machine::I386,
        (elf::EM_X86_64, true) if little => Machine::X86_64,
        (elf::EM_X86_64, false) => return wrong("x32 (x86-64 with 32-bit pointers)".to_owned()),
        (other, _) => return wrong(machine_name(other, is_64)),
    };
    if system != elf::ELFOSABI_SYSV.0 && system != elf::ELFOSABI_GNU.0 {
        return wrong(format!("{found} on {}", system_name(elf::OsAbi(system))));
    }
    match elf::FileType(kind) {
        elf::ET_DYN => Ok(found),
        elf::ET_REL => Err(Error::ObjectFile { path: path.to_owned(), kind: "an ELF" }),
        elf::ET_EXEC => Err(Error::Executable { path: path.to_owned(), what: "a Linux program" }),
        elf::ET_CORE => Err(not_a_library(path, Content { what: "a core dump", advice: "load the library itself" })),
        elf::FileType(other) => {
            Err(Error::damaged(path, format!("its ELF header contains the unknown file type {other}")))
        }
    }
}

fn machine_name(machine: elf::Machine, is_64: bool) -> String {
    let name = match machine {
        elf::EM_ARM => "32-bit ARM",
        elf::EM_AARCH64 => "ARM64 (AArch64)",
        elf::EM_IA_64 => "IA-64 (Itanium)",
        elf::EM_MIPS => "MIPS",
        elf::EM_RISCV if is_64 => "64-bit RISC-V",
        elf::EM_RISCV => "32-bit RISC-V",
        elf::EM_PPC => "PowerPC",
        elf::EM_PPC64 => "64-bit PowerPC",
        elf::EM_S390 => "IBM Z (s390)",
        elf::EM_SPARC | elf::EM_SPARC32PLUS => "SPARC",
        elf::EM_SPARCV9 => "64-bit SPARC",
        elf::EM_SH => "SuperH",
        elf::EM_ALPHA => "Alpha",
        elf::EM_PARISC => "PA-RISC",
        elf::EM_68K => "Motorola 68000",
        elf::EM_LOONGARCH => "LoongArch",
        elf::EM_386 | elf::EM_X86_64 => "an x86 variant that no system uses",
        elf::Machine(number) => return format!("an unknown processor (ELF machine {number})"),
    };
    name.to_owned()
}

fn system_name(system: elf::OsAbi) -> String {
    let name = match system {
        elf::ELFOSABI_FREEBSD => "FreeBSD",
        elf::ELFOSABI_NETBSD => "NetBSD",
        elf::ELFOSABI_OPENBSD => "OpenBSD",
        elf::ELFOSABI_SOLARIS => "Solaris",
        elf::ELFOSABI_HPUX => "HP-UX",
        elf::OsAbi(number) => return format!("an unknown system (ELF OS ABI {number})"),
    };
    name.to_owned()
}
