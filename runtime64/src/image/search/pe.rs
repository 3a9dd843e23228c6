//! The DLL directories of Windows, or Wine, and the file names of DLLs.

use std::env;
use std::path::{Path, PathBuf};

use super::{PeDirectories, WineFolders};

/// File extensions of DLLs. A name with one of these follows the rules of Windows on every host.
const EXTENSIONS: &[&str] = &[".dll", ".ocx", ".drv", ".cpl", ".ax", ".acm", ".tsp", ".bpl", ".exe", ".sys"];

/// The folders of Wine's own 32-bit and 64-bit DLLs below its library directory.
const WINE_FOLDERS: [&str; 2] = ["i386-windows", "x86_64-windows"];

/// The parent directories of Wine's library directory, `wine`, on various distributions.
const WINE_PARENTS: &[&str] = &[
    "/usr/lib/i386-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/opt/wine-stable/lib",
    "/opt/wine-stable/lib64",
    "/opt/wine-devel/lib",
    "/opt/wine-devel/lib64",
    "/opt/wine-staging/lib",
    "/opt/wine-staging/lib64",
];

/// Windows' system directories, the 32-bit one first, and other places where its loader finds dependencies. Workers
/// exclude the current directory and PATH from its search.
pub(super) fn windows_directories() -> PeDirectories {
    let root = PathBuf::from(env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into()));
    // The host is a 64-bit process, so it sees both directories under their real names.
    let system = vec![root.join("SysWOW64"), root.join("System32")];
    PeDirectories { system, fallback: side_by_side(&root) }
}

/// The equivalent inside a Wine prefix. Wine's own DLLs count too, since a prefix is only filled when Wine first
/// runs.
pub(super) fn wine_directories(wine: Option<&WineFolders>) -> PeDirectories {
    let Some(wine) = wine else {
        return PeDirectories::default();
    };
    let root = wine.prefix.join("drive_c/windows");
    let given = env::var_os("WINEDLLPATH").unwrap_or_default();
    let given = env::split_paths(&given).filter(|directory| directory.is_absolute());
    let given: Vec<PathBuf> = wine.dlls.iter().cloned().chain(given).collect();
    let own = |width: usize| {
        let folder = WINE_FOLDERS[width];
        let parents = WINE_PARENTS.iter().map(move |parent| Path::new(parent).join("wine"));
        let folders = given.iter().cloned().chain(parents).map(move |parent| parent.join(folder));
        folders.filter(|folder| folder.is_dir())
    };
    let system =
        std::iter::once(root.join("syswow64")).chain(own(0)).chain([root.join("system32")]).chain(own(1)).collect();
    PeDirectories { system, fallback: side_by_side(&root) }
}

/// The folders of side-by-side assemblies (`WinSxS`), where manifests find older C runtimes, MFC and common controls.
fn side_by_side(root: &Path) -> Vec<PathBuf> {
    let store = ["WinSxS", "winsxs"].map(|name| root.join(name)).into_iter().find(|store| store.is_dir());
    let entries = store.and_then(|store| std::fs::read_dir(store).ok()).into_iter().flatten().flatten();
    let is_assembly = |name: &str| ["x86_", "amd64_"].iter().any(|prefix| name.starts_with(prefix));
    let needed = |name: &str| {
        ["crt", "mfc", "atl", "common-controls", "gdiplus", "openmp"].iter().any(|part| name.contains(part))
    };
    entries
        .filter(|entry| {
            entry.file_name().to_str().is_some_and(|name| is_assembly(name) && needed(&name.to_ascii_lowercase()))
        })
        .map(|entry| entry.path())
        .collect()
}

/// Whether a name has the extension of a DLL.
pub(super) fn is_dll_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    EXTENSIONS.iter().any(|extension| lower.ends_with(extension))
}

/// The file that a bare name stands for. Windows adds `.dll` to a name without an extension.
pub(super) fn candidates(directory: &Path, name: &str) -> Vec<PathBuf> {
    let mut names = vec![name.to_owned()];
    if !is_dll_name(name) {
        let extended = format!("{}.dll", name.trim_end_matches('.'));
        // A version number is not an extension, so a name with a dot is tried both ways.
        if name.contains('.') {
            names.push(extended);
        } else {
            names = vec![extended];
        }
    }
    names.into_iter().map(|name| file_in(directory, &name).unwrap_or_else(|| directory.join(name))).collect()
}

/// The file in `directory` named `name`, compared case-insensitively.
pub(super) fn file_in(directory: &Path, name: &str) -> Option<PathBuf> {
    let exact = directory.join(name);
    if exact.is_file() {
        return Some(exact);
    }
    same_name_in_other_case(&exact)
}

/// The file that differs from `path` only by letter case in its last component, on a case-sensitive file system.
pub(super) fn same_name_in_other_case(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?.to_str().filter(|name| !cfg!(windows) && is_dll_name(name))?;
    let directory = path.parent()?;
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.eq_ignore_ascii_case(wanted))
        .collect();
    // Several spellings can exist side by side; the choice must not depend on directory order.
    names.sort();
    names.into_iter().next().map(|name| directory.join(name))
}
