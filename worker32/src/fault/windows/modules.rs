//! The module that contains an address, according to the loader's list. The list's lock is not taken, since its
//! holder may be the crashed thread. The system therefore reads each entry, and their number is bounded.

use std::arch::asm;

use protocol::Text;

use super::memory::{pointer, read};

/// The limit on modules that are examined.
const MOST: usize = 1024;

/// Offsets in the loader's structures (`PEB`, `PEB_LDR_DATA`, `LDR_DATA_TABLE_ENTRY`), in bytes.
#[cfg(target_arch = "x86")]
mod offsets {
    pub(super) const LOADER: usize = 0x0c;
    pub(super) const LIST: usize = 0x0c;
    pub(super) const BASE: usize = 0x18;
    pub(super) const BYTES: usize = 0x20;
    pub(super) const PATH: usize = 0x24;
    pub(super) const ENTRY: usize = 0x2c;
}
#[cfg(target_arch = "x86_64")]
mod offsets {
    pub(super) const LOADER: usize = 0x18;
    pub(super) const LIST: usize = 0x10;
    pub(super) const BASE: usize = 0x30;
    pub(super) const BYTES: usize = 0x40;
    pub(super) const PATH: usize = 0x48;
    pub(super) const ENTRY: usize = 0x58;
}

/// The start of the module that contains an address, and its file.
pub(super) fn of(address: usize) -> Option<(u64, Text)> {
    let module = all().find(|module| module.holds(address))?;
    Some((module.base as u64, module.path()))
}

/// An entry of the list.
pub(super) struct LoadedModule {
    pub(super) base: usize,
    pub(super) bytes: usize,
    /// The address of its path, and the number of 16-bit units.
    path: (usize, usize),
}

impl LoadedModule {
    pub(super) fn holds(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < self.bytes
    }

    /// The file of the module.
    pub(super) fn path(&self) -> Text {
        wide_text(self.path.0, self.path.1)
    }
}

/// The modules of this process; the program itself is the first one.
pub(super) fn all() -> impl Iterator<Item = LoadedModule> {
    let head = pointer(environment() + offsets::LOADER).and_then(|loader| loader.checked_add(offsets::LIST));
    let mut entry = head.and_then(pointer);
    std::iter::from_fn(move || {
        let current = entry.filter(|current| Some(*current) != head)?;
        let mut bytes = [0; offsets::ENTRY];
        read(current, &mut bytes)?;
        entry = Some(pointer_in(&bytes, 0));
        // The path is a counted string: its length in bytes, its capacity, and its address.
        let length = usize::from(u16::from_ne_bytes([bytes[offsets::PATH], bytes[offsets::PATH + 1]]));
        Some(LoadedModule {
            base: pointer_in(&bytes, offsets::BASE),
            bytes: u32_in(&bytes, offsets::BYTES) as usize,
            path: (pointer_in(&bytes, offsets::PATH + size_of::<usize>()), length / 2),
        })
    })
    .take(MOST)
}

fn pointer_in(bytes: &[u8; offsets::ENTRY], offset: usize) -> usize {
    bytes[offset..].first_chunk().map_or(0, |bytes| usize::from_ne_bytes(*bytes))
}

fn u32_in(bytes: &[u8; offsets::ENTRY], offset: usize) -> u32 {
    bytes[offset..].first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

/// Text of this many 16-bit units, as UTF-8. Skips unreadable parts.
fn wide_text(address: usize, units: usize) -> Text {
    let mut text = Text::default();
    let mut bytes = [0; 2 * Text::LONGEST];
    let bytes = &mut bytes[..2 * units.min(Text::LONGEST)];
    if read(address, bytes).is_none() {
        return text;
    }
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_ne_bytes(*unit));
    for character in char::decode_utf16(units) {
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut [0; 4]).as_bytes());
    }
    text
}

/// The process environment block of this process, whose address is in each thread's own block.
fn environment() -> usize {
    let block: usize;
    // SAFETY: the segment register points to the thread's block, which contains the address at that offset, in every
    // version of Windows of this width.
    unsafe {
        #[cfg(target_arch = "x86")]
        asm!("mov {}, fs:[0x30]", out(reg) block, options(nostack, preserves_flags, readonly));
        #[cfg(target_arch = "x86_64")]
        asm!("mov {}, gs:[0x60]", out(reg) block, options(nostack, preserves_flags, readonly));
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_among_the_modules() {
        let code = (this_program_is_among_the_modules as fn()) as usize;
        let (base, path) = of(code).expect("code lies in a module");
        assert!(base < code as u64 && path.to_string().ends_with(".exe"), "{base:#x} {path}");
        assert!(of(16).is_none());
    }
}
