//! Library files, parsed on the host without loading them.
//!
//! [`Image::open`] reads a file's own header and determines which worker can load it, or rejects the file with an
//! error that names its actual format: a text file, a static archive, a 16-bit or an ARM library, a .NET assembly, a
//! truncated download. An accepted image lists its [exports](Image::exports) and [dependencies](Image::dependencies).
//! [`Search`] finds a library by name like the system's loader, and [`missing_dependency`] names the dependency that
//! a rejected library lacks.
//!
//! This module is pure: it reads files and executes nothing, and a damaged file is an error, never a panic.

mod classify;
mod content;
mod cplusplus;
mod decoration;
mod dependency;
mod elf;
mod error;
mod exports;
mod linker_script;
mod nearest;
mod pe;
mod search;
#[cfg(test)]
mod test_files;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use content::Content;
pub use cplusplus::type_name;
pub use decoration::{Convention, Decoration, candidates, is_decorated, undecorate};
pub use dependency::{Missing, NearMiss, missing_dependency};
pub use error::{Error, ErrorKind, SixteenBit};
pub use exports::{Export, ExportKind};
pub use search::{Found, Search, WineFolders};

pub use nearest::nearest_export;

use classify::Header;
use elf::ElfView;
use pe::PeView;

/// The size limit of a file, in bytes. A 32-bit process cannot map a library of that size beside its own code and
/// stack.
const LARGEST_FILE: u64 = 1 << 30;

/// The format of a library file, which determines the system that its worker runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Executable and Linkable Format: a Linux shared object.
    Elf,
    /// Portable Executable: a Windows DLL.
    Pe,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Elf => "ELF",
            Self::Pe => "PE",
        })
    }
}

/// The processor a library was built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Machine {
    /// 32-bit x86: `EM_386`, `IMAGE_FILE_MACHINE_I386`.
    I386,
    /// 64-bit x86: `EM_X86_64`, `IMAGE_FILE_MACHINE_AMD64`.
    X86_64,
}

impl Machine {
    /// The width of a pointer, in bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::I386 => 32,
            Self::X86_64 => 64,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::I386 => "i386",
            Self::X86_64 => "x86-64",
        })
    }
}

/// A library file that a worker can load: its header has been parsed and accepted, and its bytes are in memory.
#[derive(Clone, Debug)]
pub struct Image {
    path: PathBuf,
    format: Format,
    machine: Machine,
    bytes: Vec<u8>,
}

impl Image {
    /// Reads the library at `path`. Follows a symbolic link, but not a GNU linker script (see [`Search::find`]).
    ///
    /// # Errors
    /// Every variant of [`Error`] except [`Error::MissingDependency`]: the file is absent, unreadable, or not a
    /// library that a worker could load. A file rejected by its header is not read beyond that header.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let Header { mut file, head, length, format, machine } = classify::read_header(path)?;
        if length > LARGEST_FILE {
            return Err(Error::TooLarge { path: path.to_owned(), bytes: length, limit: LARGEST_FILE });
        }
        let bytes = read_rest(&mut file, head).map_err(|error| Error::unreadable(path, &error))?;
        let image = Self { path: path.to_owned(), format, machine, bytes };
        image.check()?;
        Ok(image)
    }

    /// The path the image was read from, as passed to [`open`](Self::open).
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The processor the file was built for.
    #[must_use]
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// The exports of the library: ELF by name, PE by ordinal.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a table points outside the file.
    pub fn exports(&self) -> Result<Vec<Export>, Error> {
        let raw = match self.view()? {
            View::Elf(view) => view.exports(),
            View::Pe(view) => view.exports(),
        };
        let raw = raw.map_err(|fault| fault.into_error(&self.path))?;
        Ok(raw.into_iter().map(|export| export.describe(self.format, self.machine)).collect())
    }

    /// The names of the libraries that this one requires, in the file's order: `DT_NEEDED` entries, or the DLLs of
    /// the import table. Delay-loaded DLLs are left out, since they are needed only when first called.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a table points outside the file.
    pub fn dependencies(&self) -> Result<Vec<String>, Error> {
        let names = match self.view()? {
            View::Elf(view) => Ok(view.dynamic_strings().needed),
            View::Pe(view) => view.imported_libraries(),
        };
        names.map_err(|fault| fault.into_error(&self.path))
    }

    /// The dynamic section's search paths and names. Empty for a PE image.
    fn dynamic_strings(&self) -> elf::DynamicStrings {
        match self.view() {
            Ok(View::Elf(view)) => view.dynamic_strings(),
            _ => elf::DynamicStrings::default(),
        }
    }

    /// Rejects files that only their whole contents reveal as unusable: truncated ones, and programs.
    fn check(&self) -> Result<(), Error> {
        match self.view()? {
            View::Elf(view) => view.check(&self.path),
            View::Pe(view) => view.check(&self.path),
        }
    }

    fn view(&self) -> Result<View<'_>, Error> {
        let view = match self.format {
            Format::Elf => ElfView::parse(&self.bytes, self.machine).map(View::Elf),
            Format::Pe => PeView::parse(&self.bytes, self.machine).map(View::Pe),
        };
        view.map_err(|fault| fault.into_error(&self.path))
    }
}

/// An image's bytes, parsed by format.
enum View<'data> {
    Elf(ElfView<'data>),
    Pe(PeView<'data>),
}

fn read_rest(file: &mut File, mut bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
