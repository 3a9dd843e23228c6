//! What libraries are compiled for, and the programs that call them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::Configuration;

/// An ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abi {
    /// Whether pointers have 32 bits, and there are calling conventions to choose from.
    pub is_i386: bool,
    /// Whether it is Windows'.
    pub is_windows: bool,
}

/// A compiler, and the host that loads what it makes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// A name for files and messages.
    pub name: &'static str,
    /// The ABI.
    pub abi: Abi,
    /// Host and kind of worker.
    pub configuration: Configuration,
    program: &'static str,
    options: &'static [&'static str],
}

/// Plain names are exported, so that it is the declaration that tells the convention.
const WINDOWS: &[&str] = &["-static-libgcc", "-mms-bitfields", "-Wl,--kill-at"];

impl Target {
    /// All of them. A library for 64-bit Windows is called by the host on Linux.
    pub const ALL: [Target; 5] = [
        Target {
            name: "native",
            abi: Abi { is_i386: true, is_windows: false },
            configuration: Configuration::Native,
            program: "gcc",
            options: &["-m32", "-fPIC"],
        },
        Target {
            name: "host_width",
            abi: Abi { is_i386: false, is_windows: false },
            configuration: Configuration::HostWidth,
            program: "gcc",
            options: &["-m64", "-fPIC"],
        },
        Target {
            name: "wine_worker",
            abi: Abi { is_i386: true, is_windows: true },
            configuration: Configuration::WineWorker,
            program: "i686-w64-mingw32-gcc",
            options: WINDOWS,
        },
        Target {
            name: "windows",
            abi: Abi { is_i386: true, is_windows: true },
            configuration: Configuration::Windows,
            program: "i686-w64-mingw32-gcc",
            options: WINDOWS,
        },
        Target {
            name: "wine_worker_64",
            abi: Abi { is_i386: false, is_windows: true },
            configuration: Configuration::WineWorker,
            program: "x86_64-w64-mingw32-gcc",
            options: WINDOWS,
        },
    ];

    /// The file of a library with this stem.
    pub(crate) fn library(&self, stem: &Path) -> PathBuf {
        stem.with_extension(if self.abi.is_windows { "dll" } else { "so" })
    }

    /// What compiles a source to a library.
    pub(crate) fn compile(&self, source: &Path, library: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.args(["-std=gnu11", "-O1", "-Wall", "-Werror", "-Wno-psabi", "-shared"]).args(self.options);
        command.arg("-I").arg(tests::repository().join("tests/fixtures"));
        command.arg("-o").arg(library).arg(source);
        command
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} {})", self.name, self.program, self.options.join(" "))
    }
}
