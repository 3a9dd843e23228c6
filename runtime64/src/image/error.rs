//! Why a library file is refused.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Content, Missing};

/// Why a name or a file leads to no library that a worker can load. Each message says which file, what it is, and what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file of that name is in any place where it is looked for.
    #[error("library '{name}' was not found; looked for {}", Tried(tried))]
    NotFound {
        /// The name as it was asked for.
        name: String,
        /// The files that were looked for, in order.
        tried: Vec<PathBuf>,
    },

    /// The operating system refused to open or read the file.
    #[error("'{}' cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        reason: String,
    },

    /// The file is something else than a program or a library.
    #[error("'{}' is not a library: it is {}; {}", path.display(), content.what, content.advice)]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        content: Content,
    },

    /// A static archive or an import library (`.a`, `.lib`): input for a linker.
    #[error("'{}' is {}", path.display(), Archive(dll.as_deref()))]
    StaticArchive {
        /// The file.
        path: PathBuf,
        /// The DLL that an import library stands for, where that can be seen.
        dll: Option<String>,
    },

    /// A compiler's output that was never linked (`.o`, `.obj`).
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
        "'{}' is a linker script, a text for the linker, and names no shared library that is here; \
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
        "'{}' is {kind}; no 32-bit process can load that: look for a 32-bit (Win32) build of it", path.display()
    )]
    SixteenBit {
        /// The file.
        path: PathBuf,
        /// Which of the older formats it has.
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
        /// What kind of program it is, with an article.
        what: &'static str,
    },

    /// The file ends before what its own headers announce.
    #[error(
        "'{}' is truncated: {detail}; copy or download the file again", path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Which part is cut off.
        detail: String,
    },

    /// The file's tables contradict each other.
    #[error(
        "'{}' is damaged: {detail}; copy or download the file again", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which table is wrong, and how.
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

    /// A file of a size that no library has.
    #[error(
        "'{}' is {bytes} bytes long, which no 32-bit process could map (the limit is {limit}); is it the library itself?", path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        bytes: u64,
        /// The longest file that is accepted, in bytes.
        limit: u64,
    },

    /// The library is sound, but another one that it needs is not there.
    #[error("'{}' cannot be loaded: {missing}", path.display())]
    MissingDependency {
        /// The library that was to be loaded.
        path: PathBuf,
        /// What it lacks.
        missing: Box<Missing>,
    },
}

/// What the errors come to for a script that wants to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no usable library file.
    Load,
    /// There is a library, but for another processor or system.
    WrongArchitecture,
    /// There is a library, and one that it needs is missing.
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
    /// The group that the error belongs to.
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

/// What is wrong inside a file, before it is known which file that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A part that the headers announce lies beyond the file's end.
    Truncated(String),
    /// A table is contradictory.
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

/// Lists where a library was looked for, without drowning the reader.
struct Tried<'a>(&'a [PathBuf]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        if self.0.is_empty() {
            return formatter.write_str(
                "no file, since no directory to look in is known (give a path; Windows' own DLLs need Wine)",
            );
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

/// Says what an archive is, and which file to load in its place.
struct Archive<'a>(Option<&'a str>);

impl fmt::Display for Archive<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(dll) => write!(formatter, "an import library, which only tells a linker about '{dll}'; load '{dll}' itself"),
            None => formatter.write_str(
                "a static archive of object files, input for a linker; load the shared library (.so, .dll) of the same name, \
                 or link the archive into one",
            ),
        }
    }
}
