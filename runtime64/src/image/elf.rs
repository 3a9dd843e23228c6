//! Reads ELF shared objects as the dynamic loader does: through program headers and the dynamic section, never
//! through section headers, which a stripped or packed library may lack (System V ABI, "Program Loading and Dynamic
//! Linking").

mod symbols;

use std::path::Path;

use object::LittleEndian as LE;
use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

use super::error::Fault;
use super::{Error, Machine};

/// A shared object's tables. Both widths are converted to the same 64-bit form, so that the rest of the code is
/// common.
pub(super) struct ElfView<'data> {
    data: &'data [u8],
    class: Class,
    has_interpreter: bool,
    segments: Vec<Segment>,
    /// The dynamic section as pairs of tag and value, without the terminator.
    dynamic: Vec<(u64, u64)>,
}

/// The strings of the dynamic section that control where libraries are found.
#[derive(Clone, Debug, Default)]
pub(super) struct DynamicStrings {
    /// `DT_NEEDED`, in order.
    pub(super) needed: Vec<String>,
    /// `DT_SONAME`: the name by which the loader identifies the library.
    pub(super) soname: Option<String>,
    /// `DT_RPATH` and `DT_RUNPATH`, split at colons.
    pub(super) search_paths: Vec<String>,
}

#[derive(Clone, Copy)]
enum Class {
    Elf32,
    Elf64,
}

/// A `PT_LOAD` segment.
struct Segment {
    address: u64,
    offset: u64,
    file_size: u64,
    executable: bool,
}

type Header32 = elf::FileHeader32<LE>;
type Header64 = elf::FileHeader64<LE>;

impl<'data> ElfView<'data> {
    /// Reads program headers and dynamic section. The header has already been accepted as one for `machine`.
    pub(super) fn parse(data: &'data [u8], machine: Machine) -> Result<Self, Fault> {
        match machine {
            Machine::I386 => Self::parse_as::<Header32>(data, Class::Elf32),
            Machine::X86_64 => Self::parse_as::<Header64>(data, Class::Elf64),
        }
    }

    fn parse_as<Elf: FileHeader<Endian = LE>>(data: &'data [u8], class: Class) -> Result<Self, Fault> {
        let header = Elf::parse(data).map_err(|_| Fault::Truncated("its ELF header is cut off".to_owned()))?;
        let programs = header
            .program_headers(LE, data)
            .map_err(|_| Fault::Truncated("its program headers are cut off".to_owned()))?;
        let mut view = Self { data, class, has_interpreter: false, segments: Vec::new(), dynamic: Vec::new() };
        for program in programs {
            match program.p_type(LE) {
                elf::PT_INTERP => view.has_interpreter = true,
                elf::PT_LOAD => view.segments.push(Segment {
                    address: program.p_vaddr(LE).into(),
                    offset: program.p_offset(LE).into(),
                    file_size: program.p_filesz(LE).into(),
                    executable: program.p_flags(LE).0 & elf::PF_X.0 != 0,
                }),
                _ => {}
            }
        }
        view.check_segments()?;
        let dynamic = programs.iter().find(|program| program.p_type(LE) == elf::PT_DYNAMIC);
        let entries =
            dynamic.and_then(|program| program.data_as_array::<Elf::Dyn, _>(LE, data).ok()).unwrap_or_default();
        let pairs = entries.iter().map(|entry| (tag_number(entry.d_tag(LE)), entry.d_val(LE).into()));
        view.dynamic = pairs.take_while(|&(tag, _)| tag != 0).collect();
        Ok(view)
    }

    fn check_segments(&self) -> Result<(), Fault> {
        let length = self.data.len() as u64;
        for segment in &self.segments {
            let end = segment.offset.checked_add(segment.file_size);
            if end.is_none_or(|end| end > length) {
                let end = end.map_or_else(|| "more than 2^64".to_owned(), |end| end.to_string());
                return Err(Fault::Truncated(format!("its segments need {end} bytes, but the file has {length}")));
            }
        }
        Ok(())
    }

    /// Rejects files that are not libraries: programs, and files without a dynamic section.
    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        if self.is_program() {
            return Err(Error::Executable { path: path.to_owned(), what: "a Linux program (position-independent)" });
        }
        if self.dynamic.is_empty() {
            return Err(Error::damaged(path, "it has no dynamic section; is it a file of separate debug symbols?"));
        }
        Ok(())
    }

    /// A position-independent program has the file type of a shared object. Newer linkers mark it (`DF_1_PIE`); an
    /// older one is recognised by its interpreter and `DT_DEBUG`. An interpreter alone proves nothing: glibc's
    /// libc.so.6 has one.
    fn is_program(&self) -> bool {
        let flags = self.value(tag_number(elf::DT_FLAGS_1)).unwrap_or(0);
        let named = self.value(tag_number(elf::DT_SONAME)).is_some();
        let debug = self.value(tag_number(elf::DT_DEBUG)).is_some();
        flags & elf::DF_1_PIE.0 != 0 || (self.has_interpreter && debug && !named)
    }

    /// The strings of the dynamic section. Skips strings outside the string table.
    pub(super) fn dynamic_strings(&self) -> DynamicStrings {
        let table = self.string_table();
        let mut strings = DynamicStrings::default();
        let named = [elf::DT_NEEDED, elf::DT_SONAME, elf::DT_RPATH, elf::DT_RUNPATH].map(tag_number);
        let entries = self.dynamic.iter().filter(|(tag, _)| named.contains(tag));
        for &(tag, value) in entries.take(MOST_NAMES) {
            let Some(text) = string_at(table, value) else {
                continue;
            };
            if tag == tag_number(elf::DT_NEEDED) {
                strings.needed.push(text);
            } else if tag == tag_number(elf::DT_SONAME) {
                strings.soname = Some(text);
            } else if tag == tag_number(elf::DT_RPATH) || tag == tag_number(elf::DT_RUNPATH) {
                strings.search_paths.extend(text.split(':').filter(|path| !path.is_empty()).map(str::to_owned));
            }
        }
        strings
    }

    fn string_table(&self) -> &'data [u8] {
        let table = self.bytes_of(tag_number(elf::DT_STRTAB)).unwrap_or_default();
        let size = self.value(tag_number(elf::DT_STRSZ)).and_then(|size| usize::try_from(size).ok());
        &table[..size.unwrap_or(table.len()).min(table.len())]
    }

    fn value(&self, wanted: u64) -> Option<u64> {
        self.dynamic.iter().find(|&&(tag, _)| tag == wanted).map(|&(_, value)| value)
    }

    fn bytes_of(&self, tag: u64) -> Option<&'data [u8]> {
        self.bytes_at(self.value(tag)?)
    }

    /// The file's contents from a virtual address on, up to the end of its segment.
    fn bytes_at(&self, address: u64) -> Option<&'data [u8]> {
        let segment = self.segment_of(address)?;
        let skip = address - segment.address;
        let start = usize::try_from(segment.offset + skip).ok()?;
        let end = usize::try_from(segment.offset + segment.file_size).ok()?;
        self.data.get(start..end)
    }

    fn segment_of(&self, address: u64) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| address.checked_sub(segment.address).is_some_and(|skip| skip < segment.file_size))
    }
}

/// A dynamic tag as its number in the file.
fn tag_number(tag: elf::DynamicTag) -> u64 {
    tag.0.cast_unsigned()
}

/// The longest name that is read, in bytes. Many entries may share the end of one long name, and each would be
/// copied.
const LONGEST_NAME: usize = 16 << 10;

/// The limit on names read from the dynamic section.
const MOST_NAMES: usize = 4096;

/// The zero-terminated string at `offset`; `None` if it is outside the table, too long, or unterminated.
fn string_at(table: &[u8], offset: u64) -> Option<String> {
    let rest = table.get(usize::try_from(offset).ok()?..)?;
    let rest = &rest[..rest.len().min(LONGEST_NAME)];
    let length = rest.iter().position(|&byte| byte == 0)?;
    Some(String::from_utf8_lossy(&rest[..length]).into_owned())
}

#[cfg(test)]
mod tests;
