//! Reasons a library file is rejected.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Content, Missing};

/// Reasons that a name or file does not lead to a library that a worker can load. Each message names the file, its
/// kind, and a remedy.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file with that name exists in any searched place.
    #[error("library '{name}' was not found; looked for {}", Tried(tried))]
    NotFound {
        /// The name as requested.
        name: String,
        /// The paths that were tried, in order.
        tried: Vec<PathBuf>,
    },

    /// The operating system refused to open or read the file.
    #[error("'{}' cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error message.
        reason: String,
    },

    /// The file is neither a program nor a library.
    #[error("'{}' is not a library: it is {}; {}", path.display(), content.what, content.advice)]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// Its apparent content.
        content: Content,
    },

    /// A static archive or an import library (`.a`, `.lib`): input for a linker.
    #[error("'{}' is {}", path.display(), Archive(dll.as_deref()))]
    StaticArchive {
        /// The file.
        path: PathBuf,
        /// The DLL of an import library, if it can be determined.
        dll: Option<String>,
    },

    /// Compiler output that was never linked (`.o`, `.obj`).
    #[error(
        "'{}' is {kind} object file, which has not been linked yet; link it into a shared library \
         (gcc -m32 -shared, cl /LD) and load that", path.display()
    )]
    ObjectFile {
        /// The file.
        path: PathBuf,
        /// Its format with an article: "an ELF", "a COFF".
        kind: &'static str,
    },

    /// A GNU linker script that names no shared library.
    #[error(
        "'{}' is a linker script, which is input for the linker, and names no shared library present here; \
         load the library itself by its versioned name (libc.so.6, not libc.so)", path.display()
    )]
    LinkerScript {
        /// The file.
        path: PathBuf,
    },

    /// The library was built for a processor or a system that no worker runs on.
    #[error(
        "'{}' was built for {machine}; workers run libraries for i386 and x86-64: get the vendor's x86 build", path.display()
    )]
    WrongMachine {
        /// The file.
        path: PathBuf,
        /// The processor's usual name.
        machine: String,
    },

    /// 16-bit code, for Windows 3.x, OS/2 or DOS.
    #[error(
        "'{}' is {kind}; a 32-bit process cannot load it: look for a 32-bit (Win32) build", path.display()
    )]
    SixteenBit {
        /// The file.
        path: PathBuf,
        /// The older format.
        kind: SixteenBit,
    },

    /// A managed .NET assembly without native exports.
    #[error(
        "'{}' is a .NET assembly without native exports: its methods run in the .NET runtime and cannot be called as C functions; \
         use a native DLL of the same SDK, or have the assembly exported through a C++/CLI or COM wrapper", path.display()
    )]
    DotNet {
        /// The file.
        path: PathBuf,
    },

    /// A program.
    #[error(
        "'{}' is {what}, not a library: run it as a process, or load the library that it uses", path.display()
    )]
    Executable {
        /// The file.
        path: PathBuf,
        /// The kind of program, with an article.
        what: &'static str,
    },

    /// The file ends before the end declared by its own headers.
    #[error(
        "'{}' is truncated: {detail}; copy or download the file again", path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The truncated part.
        detail: String,
    },

    /// The file's tables are inconsistent.
    #[error(
        "'{}' is damaged: {detail}; copy or download the file again", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The invalid table, and the problem.
        detail: String,
    },

    /// A library for macOS.
    #[error(
        "'{}' is a Mach-O file, for macOS; workers run Linux (ELF) and Windows (PE) libraries: get the vendor's build for one of these",
        path.display()
    )]
    MachO {
        /// The file.
        path: PathBuf,
    },

    /// A file larger than any library.
    #[error(
        "'{}' is {bytes} bytes long, which a 32-bit process cannot map (the limit is {limit}); is it the library itself?", path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        bytes: u64,
        /// The longest file that is accepted, in bytes.
        limit: u64,
    },

    /// The library is intact, but a library that it requires is missing.
    #[error("'{}' cannot be loaded: {missing}", path.display())]
    MissingDependency {
        /// The library to be loaded.
        path: PathBuf,
        /// The missing dependency.
        missing: Box<Missing>,
    },
}

/// The error kinds that scripts distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no usable library file.
    Load,
    /// There is a library, but for another processor or system.
    WrongArchitecture,
    /// There is a library, but one that it requires is missing.
    MissingDependency,
}

impl ErrorKind {
    /// The kind's name in error objects.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::WrongArchitecture => "wrong_architecture",
            Self::MissingDependency => "missing_dependency",
        }
    }
}

impl Error {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::WrongMachine { .. } | Self::SixteenBit { .. } | Self::MachO { .. } => ErrorKind::WrongArchitecture,
            Self::MissingDependency { .. } => ErrorKind::MissingDependency,
            Self::NotFound { .. }
            | Self::Unreadable { .. }
            | Self::NotALibrary { .. }
            | Self::StaticArchive { .. }
            | Self::ObjectFile { .. }
            | Self::LinkerScript { .. }
            | Self::DotNet { .. }
            | Self::Executable { .. }
            | Self::Truncated { .. }
            | Self::Damaged { .. }
            | Self::TooLarge { .. } => ErrorKind::Load,
        }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::NotFound {
            return Self::NotFound { name: path.display().to_string(), tried: vec![path.to_owned()] };
        }
        Self::Unreadable { path: path.to_owned(), reason: error.to_string() }
    }

    pub(super) fn damaged(path: &Path, detail: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }

    pub(super) fn truncated(path: &Path, detail: impl Into<String>) -> Self {
        Self::Truncated { path: path.to_owned(), detail: detail.into() }
    }
}

/// An error inside a file, before its path is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A part declared by the headers lies beyond the end of the file.
    Truncated(String),
    /// A table is inconsistent.
    Damaged(String),
}

impl Fault {
    pub(super) fn into_error(self, path: &Path) -> Error {
        match self {
            Self::Truncated(detail) => Error::Truncated { path: path.to_owned(), detail },
            Self::Damaged(detail) => Error::Damaged { path: path.to_owned(), detail },
        }
    }
}

/// The executable formats before Win32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SixteenBit {
    /// NE: 16-bit Windows and OS/2 1.x.
    NewExecutable,
    /// LE and LX: Windows 9x device drivers (VxD) and OS/2 2.x.
    LinearExecutable,
    /// MZ without any newer header: DOS.
    Dos,
}

impl fmt::Display for SixteenBit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NewExecutable => "a 16-bit library or program (NE format, Windows 3.x or OS/2)",
            Self::LinearExecutable => "a VxD driver or OS/2 module (LE/LX format)",
            Self::Dos => "a DOS program (MZ format without a Windows header)",
        })
    }
}

/// A list of the paths tried for a library, limited in length.
struct Tried<'a>(&'a [PathBuf]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        if self.0.is_empty() {
            return formatter
                .write_str("no file, because no search directory is known (give a path; Windows' own DLLs need Wine)");
        }
        for (index, path) in self.0.iter().take(SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}'{}'", path.display())?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(formatter, " and {more} more"),
        }
    }
}

/// A description of an archive, and the file to load instead.
struct Archive<'a>(Option<&'a str>);

impl fmt::Display for Archive<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(dll) => write!(formatter, "an import library, which only describes '{dll}' to a linker; load '{dll}' itself"),
            None => formatter.write_str(
                "a static archive of object files, input for a linker; load the shared library (.so, .dll) of the same name, \
                 or link the archive into one",
            ),
        }
    }
}
