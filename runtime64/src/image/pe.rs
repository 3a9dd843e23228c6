//! Reads PE libraries as the Windows loader does: addresses are resolved through the section table, and the tables
//! may lie in any section or in the headers, where packers and old linkers place them (MSDN, "PE Format").

mod exports;

use std::path::Path;

use object::LittleEndian as LE;
use object::pe::{self, ImageImportDescriptor, ImageSectionHeader};
use object::pod::{self, Pod};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};

use super::error::Fault;
use super::{Error, Machine};

/// The limit on imported libraries that are read. No linker emits that many, but damaged tables can appear to contain
/// them.
const IMPORTS_LIMIT: usize = 4096;

/// The longest name that is read, in bytes.
const NAME_LIMIT: usize = 64 * 1024;

/// A PE file's tables.
pub(super) struct PeView<'data> {
    data: &'data [u8],
    header_size: u32,
    sections: &'data [ImageSectionHeader],
    exports: Directory,
    imports: Directory,
}

/// A data directory: the location of a table in memory. Address 0 means that the table is absent.
#[derive(Clone, Copy, Default)]
struct Directory {
    address: u32,
    size: u32,
}

impl<'data> PeView<'data> {
    /// Reads headers and section table. The header has already been accepted as one for `machine`.
    pub(super) fn parse(data: &'data [u8], machine: Machine) -> Result<Self, Fault> {
        match machine {
            Machine::I386 => Self::parse_as::<pe::ImageNtHeaders32>(data),
            Machine::X86_64 => Self::parse_as::<pe::ImageNtHeaders64>(data),
        }
    }

    fn parse_as<Headers: ImageNtHeaders>(data: &'data [u8]) -> Result<Self, Fault> {
        let cut_off = || Fault::Truncated("its PE header is cut off".to_owned());
        let dos = pe::ImageDosHeader::parse(data).map_err(|_| cut_off())?;
        let start = dos.nt_headers_offset() as usize;
        let (headers, rest) =
            data.get(start..).and_then(|bytes| pod::from_bytes::<Headers>(bytes).ok()).ok_or_else(cut_off)?;
        let file_header = headers.file_header();
        let optional_size = usize::from(file_header.size_of_optional_header.get(LE));
        let optional_start = start + size_of::<pe::ImageFileHeader>() + 4;
        let section_bytes = data.get(optional_start + optional_size..).ok_or_else(cut_off)?;
        let count = usize::from(file_header.number_of_sections.get(LE));
        let (sections, _) = pod::slice_from_bytes::<ImageSectionHeader>(section_bytes, count)
            .map_err(|()| Fault::Truncated("its section table is cut off".to_owned()))?;
        let directory = |index| directory(rest, headers.optional_header().number_of_rva_and_sizes(), index);
        let view = Self {
            data,
            header_size: headers.optional_header().size_of_headers(),
            sections,
            exports: directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT),
            imports: directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT),
        };
        view.check_sections()?;
        Ok(view)
    }

    /// Windows rejects a file whose sections lie beyond its end. Padding at the end does not count: it may be cut
    /// off.
    fn check_sections(&self) -> Result<(), Fault> {
        let length = self.data.len() as u64;
        for section in self.sections {
            let (offset, size) = file_range(section);
            let end = u64::from(offset) + u64::from(size);
            if size > 0 && end > length {
                let name = String::from_utf8_lossy(&section.name);
                let name = name.trim_end_matches('\0');
                return Err(Fault::Truncated(format!(
                    "its section {name} ends at byte {end}, but the file has {length}"
                )));
            }
        }
        Ok(())
    }

    /// Everything that [`ElfView::check`](super::elf::ElfView::check) checks is in the header of a PE file.
    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        if self.sections.is_empty() {
            return Err(Error::damaged(path, "it has no sections"));
        }
        Ok(())
    }

    /// The DLLs of the import table, in order.
    pub(super) fn imported_libraries(&self) -> Result<Vec<String>, Fault> {
        let outside = || Fault::Damaged("its import table lies outside the file".to_owned());
        let mut libraries = Vec::new();
        if self.imports.address == 0 {
            return Ok(libraries);
        }
        let size = size_of::<ImageImportDescriptor>();
        let mut address = self.imports.address;
        while libraries.len() < IMPORTS_LIMIT {
            // A table that ends with its section is treated like one with a terminator.
            let Some([descriptor]) = self.structures::<ImageImportDescriptor>(address, 1) else {
                return if libraries.is_empty() { Err(outside()) } else { Ok(libraries) };
            };
            if descriptor.name.get(LE) == 0 || descriptor.first_thunk.get(LE) == 0 {
                break;
            }
            libraries.push(self.string_at(descriptor.name.get(LE)).ok_or_else(outside)?);
            address = address.checked_add(u32::try_from(size).unwrap_or(u32::MAX)).ok_or_else(outside)?;
        }
        Ok(libraries)
    }

    /// Like [`structures`](Self::structures), but an empty array may have any address.
    fn array<T: Pod>(&self, address: u32, count: usize) -> Option<&'data [T]> {
        if count == 0 { Some(&[]) } else { self.structures(address, count) }
    }

    fn structures<T: Pod>(&self, address: u32, count: usize) -> Option<&'data [T]> {
        pod::slice_from_bytes(self.bytes_at(address)?, count).ok().map(|(slice, _)| slice)
    }

    fn string_at(&self, address: u32) -> Option<String> {
        let bytes = self.bytes_at(address)?;
        let bytes = &bytes[..bytes.len().min(NAME_LIMIT)];
        let length = bytes.iter().position(|&byte| byte == 0)?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    /// The file's contents from a relative virtual address on, up to the end of its section.
    fn bytes_at(&self, address: u32) -> Option<&'data [u8]> {
        for section in self.sections {
            let (offset, size) = file_range(section);
            if let Some(skip) = address.checked_sub(section.virtual_address.get(LE)).filter(|&skip| skip < size) {
                let start = offset as usize;
                return self.data.get(start.checked_add(skip as usize)?..start.checked_add(size as usize)?);
            }
        }
        let headers = self.data.get(..self.header_size as usize)?;
        headers.get(address as usize..).filter(|bytes| !bytes.is_empty())
    }
}

/// Whether an image that starts with `head`, with its PE signature at `offset`, contains only .NET code. A mixed
/// assembly (C++/CLI, or one with unmanaged exports) also has an export table, and loads like any DLL.
pub(super) fn is_managed_only(head: &[u8], offset: usize) -> bool {
    fn lookup<Headers: ImageNtHeaders>(head: &[u8], offset: usize) -> Option<bool> {
        let (headers, rest) = pod::from_bytes::<Headers>(head.get(offset..)?).ok()?;
        if !headers.is_valid_optional_magic() {
            return None;
        }
        let count = headers.optional_header().number_of_rva_and_sizes();
        let present = |index| directory(rest, count, index).address != 0;
        Some(present(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR) && !present(pe::IMAGE_DIRECTORY_ENTRY_EXPORT))
    }
    let found = lookup::<pe::ImageNtHeaders32>(head, offset).or_else(|| lookup::<pe::ImageNtHeaders64>(head, offset));
    found.unwrap_or(false)
}

/// The data directory at `index`, of the `count` directories at the start of `bytes`.
fn directory(bytes: &[u8], count: u32, index: usize) -> Directory {
    let count = (count as usize).min(bytes.len() / size_of::<pe::ImageDataDirectory>());
    let Ok((entries, _)) = pod::slice_from_bytes::<pe::ImageDataDirectory>(bytes, count) else {
        return Directory::default();
    };
    entries.get(index).map_or_else(Directory::default, |entry| Directory {
        address: entry.virtual_address.get(LE),
        size: entry.size.get(LE),
    })
}

/// The location of a section's bytes in the file: offset and size. As in Windows, the size is that in the file if an
/// old linker left the size in memory at zero, and a section without an offset has no bytes in the file.
fn file_range(section: &ImageSectionHeader) -> (u32, u32) {
    let raw = section.size_of_raw_data.get(LE);
    let size = match section.virtual_size.get(LE) {
        0 => raw,
        memory => memory.min(raw),
    };
    match section.pointer_to_raw_data.get(LE) {
        0 => (0, 0),
        offset => (offset, size),
    }
}

#[cfg(test)]
mod tests;
