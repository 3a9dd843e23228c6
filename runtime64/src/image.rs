//! Library files, read on the host without loading them.
//!
//! [`Image::open`] looks at a file's own header and says which worker can load it, or refuses the file with an error that
//! names what it is instead: a text file, a static archive, a 16-bit or an ARM library, a .NET assembly, a truncated
//! download. An accepted image lists its [exports](Image::exports) and [dependencies](Image::dependencies). [`Search`]
//! finds a library by name as the system's loader would, and [`missing_dependency`] names what a refused library lacks.
//!
//! Everything here is pure: files are read, nothing is executed, and a damaged file is an error, never a panic.

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

/// The largest file that is read, in bytes. No 32-bit process can map a library of that size beside its own code and stack.
const LARGEST_FILE: u64 = 1 << 30;

/// The format of a library file, which decides the system that its worker runs on.
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

/// The processor that a library was built for.
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

/// A library file that a worker can load: its header has been read and accepted, and its bytes are held in memory.
#[derive(Clone, Debug)]
pub struct Image {
    path: PathBuf,
    format: Format,
    machine: Machine,
    bytes: Vec<u8>,
}

impl Image {
    /// Reads the library at `path`. A symbolic link is followed; a GNU linker script is not (see [`Search::find`]).
    ///
    /// # Errors
    /// Every variant of [`Error`] but [`Error::MissingDependency`]: the file is absent, unreadable, or no library that a
    /// worker could load. A file that its header rules out is not read any further than that header.
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

    /// Where the image was read from, as given to [`open`](Self::open).
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

    /// What the library exports: ELF by name, PE by ordinal.
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

    /// The names of the libraries without which this one cannot be loaded, in the file's order: `DT_NEEDED` entries, or
    /// the DLLs of the import table. Delay-loaded DLLs are left out, for they are needed only when first called.
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

    /// Refuses what only the whole file shows: parts that are cut off, and programs.
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

/// An image's bytes, seen through its format.
enum View<'data> {
    Elf(ElfView<'data>),
    Pe(PeView<'data>),
}

fn read_rest(file: &mut File, mut bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
