//! Finds a library by name, where users expect it and where the system's loader would search.
//!
//! A name with a directory is a path, relative to the script. A bare name is searched for beside the script, in the
//! extra directories, and then in the system's own; never in the current directory or `PATH`. If both a 32-bit and a
//! 64-bit file exist, the 32-bit one is chosen, since calling 32-bit libraries is the purpose of this program.

mod elf;
mod pe;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use super::classify::read_header;
use super::{Error, Format, Machine, linker_script};

/// The places where libraries are searched for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The script's own directory.
    script_directory: Option<PathBuf>,
    /// Directories added by the user.
    extra: Vec<PathBuf>,
    /// The directories of the system's ELF loaders, 32-bit and 64-bit. Empty if the host has none.
    elf_directories: Vec<PathBuf>,
    /// The directories of Windows' DLLs. Determined on first use: Wine may have to be asked.
    pe: Arc<LazyLock<PeDirectories, FindPe>>,
}

type FindPe = Box<dyn FnOnce() -> PeDirectories + Send>;

/// The directories of Windows' DLLs.
#[derive(Debug, Default)]
struct PeDirectories {
    /// The directories of Windows' own DLLs, the 32-bit ones first. Empty if there is no Windows.
    system: Vec<PathBuf>,
    /// Other directories where the Windows loader may find dependencies; names are not searched for there.
    fallback: Vec<PathBuf>,
}

/// The folders of a Wine installation that contain DLLs.
#[derive(Clone, Debug)]
pub struct WineFolders {
    /// The folder that contains `drive_c`.
    pub prefix: PathBuf,
    /// The folder of Wine's own DLLs, besides `WINEDLLPATH` and the usual places.
    pub dlls: Option<PathBuf>,
}

/// The library file found for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The absolute path of the file.
    pub path: PathBuf,
    /// The file is one of Windows' own DLLs, which the worker must load by its bare file name: under Wine the file
    /// may be a placeholder for a built-in one. Always false for ELF libraries.
    pub system: bool,
}

/// The system whose naming rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    Elf,
    Pe,
}

impl Search {
    /// The places for a script in `script_directory`, with directories added by the user, on this host. `wine`
    /// returns the folders of Wine on a host other than Windows, or `None` if there is no Wine; it is called on first
    /// use.
    #[must_use]
    pub fn for_script(
        script_directory: Option<&Path>,
        extra: &[PathBuf],
        wine: impl FnOnce() -> Option<WineFolders> + Send + 'static,
    ) -> Self {
        let find = || if cfg!(windows) { pe::windows_directories() } else { pe::wine_directories(wine().as_ref()) };
        Self {
            script_directory: script_directory.map(Path::to_owned),
            extra: extra.to_vec(),
            elf_directories: if cfg!(windows) { Vec::new() } else { elf::system_directories() },
            pe: Arc::new(LazyLock::new(Box::new(find))),
        }
    }

    /// Replaces the host's own system directories.
    #[must_use]
    pub fn with_system_directories(mut self, elf: Vec<PathBuf>, pe: Vec<PathBuf>) -> Self {
        self.elf_directories = elf;
        self.pe = Arc::new(LazyLock::new(Box::new(|| PeDirectories { system: pe, fallback: Vec::new() })));
        self
    }

    /// Finds the library called `name`. A linker script (`/usr/lib32/libc.so`) is resolved to the library it names.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the paths that were tried; or, if there are files with that name but no library among
    /// them, the error for the first of these.
    pub fn find(&self, name: impl AsRef<OsStr>) -> Result<Found, Error> {
        let mut attempt = Attempt::default();
        let name = name.as_ref();
        let text = &*name.to_string_lossy();
        let found = match name.to_str() {
            Some("") => None,
            _ if is_path(text) => self.find_path(name, text, &mut attempt),
            Some(name) => self.find_bare(name, &mut attempt),
            None => self.find_file(name, &mut attempt),
        };
        found.ok_or_else(|| attempt.not_found(text))
    }

    /// A bare name that is not Unicode is only searched for beside the script and in the extra directories,
    /// unchanged.
    fn find_file(&self, name: &OsStr, attempt: &mut Attempt) -> Option<Found> {
        let near = self.script_directory.iter().chain(&self.extra);
        let path = self.choose(near.map(|directory| directory.join(name)).collect(), attempt, 0)?;
        Some(Found { path, system: false })
    }

    fn find_path(&self, file: &OsStr, name: &str, attempt: &mut Attempt) -> Option<Found> {
        let relative = file.to_str().map_or_else(|| PathBuf::from(file), native_path);
        let bases: Vec<PathBuf> = if relative.is_absolute() {
            vec![PathBuf::new()]
        } else {
            self.script_directory.iter().cloned().chain(std::env::current_dir()).collect()
        };
        for base in bases {
            let path = absolute(base.join(&relative));
            let other_case = pe::same_name_in_other_case(&path);
            let has_extension = pe::is_dll_name(name) || elf::is_shared_object_name(name);
            let extensions: &[&str] = if has_extension { &[] } else { &[".so", ".dll"] };
            let extended = extensions.iter().map(|extension| {
                let mut extended = path.clone().into_os_string();
                extended.push(extension);
                PathBuf::from(extended)
            });
            // A path means exactly the file it names, so the first library is taken, whatever its width.
            for file in std::iter::once(path.clone()).chain(other_case).chain(extended) {
                if let Some(path) = self.choose(vec![file], attempt, 0) {
                    return Some(Found { path, system: false });
                }
            }
        }
        None
    }

    fn find_bare(&self, name: &str, attempt: &mut Attempt) -> Option<Found> {
        let rules =
            if cfg!(windows) || pe::is_dll_name(name) { &[Rules::Pe][..] } else { &[Rules::Elf, Rules::Pe][..] };
        let near: Vec<&Path> = self.script_directory.iter().chain(&self.extra).map(PathBuf::as_path).collect();
        // Files beside the script take precedence over those of the system, whatever their format.
        for &rules in rules {
            for directory in &near {
                if let Some(path) = self.choose(candidates(rules, directory, name), attempt, 0) {
                    return Some(Found { path, system: false });
                }
            }
        }
        for &rules in rules {
            let directories = self.system_directories(rules);
            let files: Vec<PathBuf> =
                directories.iter().flat_map(|directory| candidates(rules, directory, name)).collect();
            if let Some(path) = self.choose(files, attempt, 0) {
                return Some(Found { path, system: rules == Rules::Pe });
            }
        }
        None
    }

    fn system_directories(&self, rules: Rules) -> &[PathBuf] {
        match rules {
            Rules::Elf => &self.elf_directories,
            Rules::Pe => &self.pe.system,
        }
    }

    /// The first 32-bit library among `files`, else the first library.
    fn choose(&self, files: Vec<PathBuf>, attempt: &mut Attempt, scripts: u32) -> Option<PathBuf> {
        let mut wider = None;
        for file in files {
            match read_header(&file) {
                Ok(header) if header.machine == Machine::I386 => return Some(absolute(file)),
                Ok(_) => {
                    wider.get_or_insert(file);
                }
                Err(error @ Error::LinkerScript { .. }) => {
                    let Some(target) = self.follow(&file, attempt, scripts) else {
                        attempt.refused(file, error);
                        continue;
                    };
                    if read_header(&target).is_ok_and(|header| header.machine == Machine::I386) {
                        return Some(target);
                    }
                    wider.get_or_insert(target);
                }
                Err(error) => attempt.refused(file, error),
            }
        }
        wider.map(absolute)
    }

    /// The first library named by a linker script: beside the script, or in the system's directories.
    fn follow(&self, script: &Path, attempt: &mut Attempt, scripts: u32) -> Option<PathBuf> {
        /// A script may name another one; this bounds the chain.
        const SCRIPTS_LIMIT: u32 = 4;
        if scripts >= SCRIPTS_LIMIT {
            return None;
        }
        let header = std::fs::read(script).ok()?;
        for input in linker_script::inputs(&String::from_utf8_lossy(&header)) {
            // join() with an absolute path returns that path.
            let beside = script.parent().unwrap_or(Path::new("")).join(&input);
            let system = self.elf_directories.iter().map(|directory| directory.join(&input));
            if let Some(path) = self.choose(std::iter::once(beside).chain(system).collect(), attempt, scripts + 1) {
                return Some(path);
            }
        }
        None
    }

    /// Directories that may contain a dependency of a DLL, besides that DLL's own.
    pub(super) fn pe_dependency_directories(&self) -> impl Iterator<Item = &Path> {
        let near = self.script_directory.iter().chain(&self.extra);
        near.chain(&self.pe.system).chain(&self.pe.fallback).map(PathBuf::as_path)
    }

    /// Windows' own directories.
    pub(super) fn pe_system_directories(&self) -> &[PathBuf] {
        &self.pe.system
    }

    /// The system's ELF directories.
    pub(super) fn elf_system_directories(&self) -> &[PathBuf] {
        &self.elf_directories
    }

    /// The directories given by the script.
    pub(super) fn extra_directories(&self) -> impl Iterator<Item = &Path> {
        self.extra.iter().map(PathBuf::as_path)
    }
}

/// The file in `directory` named `name`, compared case-insensitively as in Windows.
pub(super) fn dll_in(directory: &Path, name: &str) -> Option<PathBuf> {
    pe::file_in(directory, name)
}

/// Whether the file is a library for `format` and `machine`.
pub(super) fn is_library(path: &Path, format: Format, machine: Machine) -> bool {
    read_header(path).is_ok_and(|header| header.format == format && header.machine == machine)
}

/// The findings of a search, for the error if it ends without a library.
#[derive(Default)]
struct Attempt {
    tried: Vec<PathBuf>,
    refused: Option<Error>,
}

impl Attempt {
    fn refused(&mut self, file: PathBuf, error: Error) {
        // An unusable file is more informative than all the absent ones.
        if !matches!(error, Error::NotFound { .. }) && self.refused.is_none() {
            self.refused = Some(error);
        }
        if !self.tried.contains(&file) {
            self.tried.push(file);
        }
    }

    fn not_found(self, name: &str) -> Error {
        self.refused.unwrap_or_else(|| Error::NotFound { name: name.to_owned(), tried: self.tried })
    }
}

/// The files in `directory` that a bare name may stand for, most likely first.
fn candidates(rules: Rules, directory: &Path, name: &str) -> Vec<PathBuf> {
    match rules {
        Rules::Elf => elf::candidates(directory, name),
        Rules::Pe => pe::candidates(directory, name),
    }
}

/// Whether a name contains a directory.
fn is_path(name: &str) -> bool {
    // A backslash is a separator in the names of DLLs on any host: scripts written for Windows also run under Wine. A
    // colon follows a drive letter.
    let has_drive = cfg!(windows) && name.contains(':');
    has_drive || name.contains('/') || (name.contains('\\') && (cfg!(windows) || pe::is_dll_name(name)))
}

fn native_path(name: &str) -> PathBuf {
    if !cfg!(windows) && pe::is_dll_name(name) && !Path::new(name).exists() {
        return name.replace('\\', "/").into();
    }
    name.into()
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests;
