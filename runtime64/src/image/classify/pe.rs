//! The DOS header and the formats behind it: 16-bit formats, .NET assemblies, programs, and DLLs.

use std::path::Path;

use object::pe;

use super::word;
use crate::image::pe::is_managed_only;
use crate::image::{Error, Machine, SixteenBit};

/// MSDN, "PE Format": a DOS header whose `e_lfanew` points to the actual header.
pub(super) fn classify(head: &[u8], length: u64, path: &Path) -> Result<Machine, Error> {
    let sixteen = |kind| Err(Error::SixteenBit { path: path.to_owned(), kind });
    let Some(offset) = new_header_offset(head) else {
        // A DOS program's header may end before the field, but a Windows library's header cannot.
        return if length < 64 && path.extension().is_some_and(|extension| !extension.eq_ignore_ascii_case("com")) {
            Err(Error::truncated(path, "its DOS header is cut off"))
        } else {
            sixteen(SixteenBit::Dos)
        };
    };
    let signature = head.get(offset as usize..).unwrap_or_default();
    if signature.starts_with(b"PE\0\0") {
        return classify_pe(head, offset as usize, path);
    }
    match signature {
        [b'N', b'E', ..] => sixteen(SixteenBit::NewExecutable),
        [b'L', b'E' | b'X', ..] => sixteen(SixteenBit::LinearExecutable),
        // An offset beyond the end means either a truncated file or a DOS program with other data in that place.
        // Linkers for Windows put the new header close to the start, after a relocation table at 64.
        _ if u64::from(offset) + 4 > length && (64..4096).contains(&offset) && word(head, 0x18) == Some(0x40) => {
            Err(Error::truncated(path, "it ends before its PE header"))
        }
        _ => sixteen(SixteenBit::Dos),
    }
}

fn classify_pe(head: &[u8], offset: usize, path: &Path) -> Result<Machine, Error> {
    let (Some(machine), Some(optional_size), Some(characteristics), Some(magic)) =
        (word(head, offset + 4), word(head, offset + 20), word(head, offset + 22), word(head, offset + 24))
    else {
        return Err(Error::truncated(path, "its PE header is cut off"));
    };
    if head.len() < offset + 24 + usize::from(optional_size) {
        return Err(Error::truncated(path, "its PE header is cut off"));
    }
    // An "any CPU" assembly declares i386 as its machine, so this check precedes that of the machine.
    if is_managed_only(head, offset) {
        return Err(Error::DotNet { path: path.to_owned() });
    }
    let machine = match (pe::Machine(machine), magic) {
        (pe::IMAGE_FILE_MACHINE_I386, pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC) => Machine::I386,
        (pe::IMAGE_FILE_MACHINE_AMD64, pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC) => Machine::X86_64,
        (pe::IMAGE_FILE_MACHINE_I386 | pe::IMAGE_FILE_MACHINE_AMD64, _) => {
            return Err(Error::damaged(
                path,
                format!("its optional header has the magic number {magic:#x}, which does not fit its machine"),
            ));
        }
        (other, _) => {
            return Err(Error::WrongMachine { path: path.to_owned(), machine: machine_name(other) });
        }
    };
    if pe::FileFlags(characteristics).0 & pe::IMAGE_FILE_DLL.0 == 0 {
        const NATIVE: u16 = 1;
        let is_driver = word(head, offset + 24 + 68) == Some(NATIVE);
        let what = if is_driver { "a Windows kernel driver" } else { "a Windows program" };
        return Err(Error::Executable { path: path.to_owned(), what });
    }
    Ok(machine)
}

fn machine_name(machine: pe::Machine) -> String {
    let name = match machine {
        pe::IMAGE_FILE_MACHINE_ARM | pe::IMAGE_FILE_MACHINE_THUMB | pe::IMAGE_FILE_MACHINE_ARMNT => "32-bit ARM",
        pe::IMAGE_FILE_MACHINE_ARM64 => "ARM64",
        pe::IMAGE_FILE_MACHINE_IA64 => "IA-64 (Itanium)",
        pe::IMAGE_FILE_MACHINE_R3000
        | pe::IMAGE_FILE_MACHINE_R4000
        | pe::IMAGE_FILE_MACHINE_R10000
        | pe::IMAGE_FILE_MACHINE_WCEMIPSV2
        | pe::IMAGE_FILE_MACHINE_MIPS16
        | pe::IMAGE_FILE_MACHINE_MIPSFPU
        | pe::IMAGE_FILE_MACHINE_MIPSFPU16 => "MIPS",
        pe::IMAGE_FILE_MACHINE_ALPHA | pe::IMAGE_FILE_MACHINE_ALPHA64 => "Alpha",
        pe::IMAGE_FILE_MACHINE_POWERPC | pe::IMAGE_FILE_MACHINE_POWERPCFP => "PowerPC",
        pe::IMAGE_FILE_MACHINE_SH3
        | pe::IMAGE_FILE_MACHINE_SH3DSP
        | pe::IMAGE_FILE_MACHINE_SH4
        | pe::IMAGE_FILE_MACHINE_SH5 => "SuperH",
        pe::IMAGE_FILE_MACHINE_EBC => "EFI byte code",
        pe::IMAGE_FILE_MACHINE_RISCV32 | pe::IMAGE_FILE_MACHINE_RISCV64 => "RISC-V",
        pe::Machine(number) => return format!("an unknown processor (PE machine {number:#06x})"),
    };
    name.to_owned()
}

/// `e_lfanew`, the file offset of the NE, LE or PE header.
pub(super) fn new_header_offset(head: &[u8]) -> Option<u32> {
    let bytes = head.get(0x3C..0x40)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}
