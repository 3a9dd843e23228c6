//! How the Windows loader resolves dependencies of a DLL (MSDN, "Dynamic-link library search order").

use std::path::{Path, PathBuf};

use super::super::classify::read_header;
use super::super::search::{dll_in, is_library};
use super::super::{Error, Format, Image, Machine, Search};
use super::{Resolution, other_machine};

/// Prefixes of API set names, which a table inside Windows maps to other DLLs and which need no file.
const API_SETS: [&str; 2] = ["api-ms-", "ext-ms-"];

/// Resolves the dependency `name` of `image`, when the library at `root` is being loaded.
pub(super) fn resolve(name: &str, image: &Image, root: &Path, search: &Search) -> Resolution {
    let lower = name.to_ascii_lowercase();
    if API_SETS.iter().any(|prefix| lower.starts_with(prefix)) {
        return Resolution::Present;
    }
    // The loader adds the extension, as for a name passed to LoadLibrary.
    let name = if lower.contains('.') { name.to_owned() } else { format!("{name}.dll") };
    let own = [image.path(), root].into_iter().filter_map(Path::parent);
    let mut wrong: Option<PathBuf> = None;
    for directory in own.chain(search.pe_dependency_directories()) {
        let Some(file) = dll_in(directory, &name) else {
            continue;
        };
        match read_header(&file) {
            Ok(header) if header.format == Format::Pe && header.machine == image.machine() => {
                // Windows' own DLLs are assumed to be intact.
                let is_system = search.pe_system_directories().iter().any(|system| system == directory);
                return if is_system { Resolution::Present } else { Resolution::File(file) };
            }
            // A plug-in may import from its host program, which Windows loads like a DLL.
            Err(Error::Executable { .. }) => return Resolution::Present,
            _ => {
                wrong.get_or_insert(file);
            }
        }
    }
    if !sees_windows(image.machine(), search) {
        return Resolution::Present;
    }
    Resolution::Absent(wrong.map(|path| other_machine(path, image.machine())))
}

/// Whether the Windows system directories for `machine` are visible. If they are not, as before Wine has filled its
/// prefix, it is unknown what Windows would find there.
fn sees_windows(machine: Machine, search: &Search) -> bool {
    let mut directories = search.pe_system_directories().iter();
    directories
        .any(|directory| dll_in(directory, "kernel32.dll").is_some_and(|file| is_library(&file, Format::Pe, machine)))
}
