//! Classification of a file by its header, before the rest of it is read.

mod elf;
mod objects;
mod pe;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::content::{self, Content};
use super::{Error, Format, Machine, linker_script};

/// The number of bytes read to classify a file: all headers, and the first members of an archive.
const HEAD: u64 = 64 * 1024;

/// An accepted file: a library for a machine that a worker runs on, according to its header.
pub(super) struct Header {
    /// The file, positioned after `head`.
    pub(super) file: File,
    /// The file's first bytes.
    pub(super) head: Vec<u8>,
    /// The file's length in bytes.
    pub(super) length: u64,
    pub(super) format: Format,
    pub(super) machine: Machine,
}

/// Opens the file at `path` and classifies it by its header.
pub(super) fn read_header(path: &Path) -> Result<Header, Error> {
    let unreadable = |error: std::io::Error| Error::unreadable(path, &error);
    // Opening a pipe or a device could block forever, so the file type is checked first.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { "a device or pipe" };
        return Err(not_a_library(path, Content { what, advice: "name the library file itself" }));
    }
    let length = metadata.len();
    let mut file = File::open(path).map_err(unreadable)?;
    let head = read_head(&mut file).map_err(unreadable)?;
    let (format, machine) = classify(&head, length, path)?;
    Ok(Header { file, head, length, format, machine })
}

/// Reads the first bytes of a file; more of them if a PE header lies further on.
fn read_head(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    let farthest = u64::from(pe::new_header_offset(&head).unwrap_or(0)).min(super::LARGEST_FILE);
    if head.starts_with(b"MZ") && farthest + 4096 > HEAD {
        file.take((farthest + 4096).saturating_sub(head.len() as u64)).read_to_end(&mut head)?;
    }
    Ok(head)
}

/// Determines the format of a file from its first bytes. `length` is that of the whole file.
pub(super) fn classify(head: &[u8], length: u64, path: &Path) -> Result<(Format, Machine), Error> {
    if head.starts_with(b"\x7FELF") {
        return elf::classify(head, path).map(|machine| (Format::Elf, machine));
    }
    if head.starts_with(b"MZ") || head.starts_with(b"ZM") {
        return pe::classify(head, length, path).map(|machine| (Format::Pe, machine));
    }
    if objects::is_mach_o(head) {
        return Err(Error::MachO { path: path.to_owned() });
    }
    if objects::is_archive(head) {
        return Err(Error::StaticArchive { path: path.to_owned(), dll: objects::imported_dll(head) });
    }
    if objects::is_coff_object(head, length) {
        return Err(Error::ObjectFile { path: path.to_owned(), kind: "a COFF" });
    }
    if linker_script::is_script(head) {
        return Err(Error::LinkerScript { path: path.to_owned() });
    }
    Err(not_a_library(path, content::recognise(head)))
}

fn not_a_library(path: &Path, content: Content) -> Error {
    Error::NotALibrary { path: path.to_owned(), content }
}

/// The little-endian 16-bit number at `offset`.
fn word(bytes: &[u8], offset: usize) -> Option<u16> {
    let pair = bytes.get(offset..offset.checked_add(2)?)?;
    pair.try_into().ok().map(u16::from_le_bytes)
}

#[cfg(test)]
mod tests;
