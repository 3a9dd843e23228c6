//! Wine, through which a Linux host runs Windows workers.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::locate::{absolute, absolute_variable};
use super::{RemoteError, Settings};

/// Where distributions keep a loader that is not in PATH.
const LOADERS: [&str; 3] = ["/usr/lib/wine/wine64", "/usr/lib/wine/wine", "/opt/wine-stable/bin/wine"];

/// Wine's loader: by the settings, by `RUNTIME64_WINE`, in PATH, or where distributions keep it.
pub(super) fn loader(settings: &Settings) -> Result<PathBuf, RemoteError> {
    let named = match &settings.wine {
        Some(path) => Some(absolute(path)),
        None => absolute_variable("RUNTIME64_WINE")?,
    };
    if let Some(path) = named {
        // A name that is wrong is reported by the attempt to start it.
        return Ok(path);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = candidates(&path).chain(LOADERS.map(PathBuf::from)).find(|path| path.is_file());
    found.ok_or(RemoteError::WineMissing)
}

/// What may be the loader by `PATH`. An empty or relative entry is the current directory, where anybody may have put a
/// program of that name.
fn candidates(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
    folders.into_iter().flat_map(|folder| ["wine", "wine64"].map(|name| folder.join(name)))
}

/// The folder that holds Wine's `drive_c`: `WINEPREFIX`, or `.wine` in the home folder.
#[must_use]
pub fn prefix() -> Option<PathBuf> {
    set("WINEPREFIX").or_else(|| set("HOME").map(|home| home.join(".wine")))
}

/// An environment variable that names a path. An empty one is as good as none.
fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// An absolute Unix path as programs under Wine name it: drive Z is the root.
#[must_use]
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.to_string_lossy().replace('/', "\\"))
}

/// Where a file lies for this process that a worker of 32 or 64 bits names so. Nothing, if that cannot be known.
#[must_use]
pub fn host_path(path: &str, through_wine: bool, bits: u8) -> Option<PathBuf> {
    if !through_wine {
        return (path.starts_with('/') || cfg!(windows)).then(|| PathBuf::from(of_width(path, bits)));
    }
    let (drive, rest) = path.split_at_checked(2)?;
    match drive {
        "Z:" | "z:" => Some(PathBuf::from(rest.replace('\\', "/"))),
        "C:" | "c:" => {
            let within = of_width(rest, bits).replace('\\', "/");
            Some(prefix()?.join("drive_c").join(within.trim_start_matches('/')))
        }
        _ => None,
    }
}

/// The folder of the system's libraries has one name in the processes of either width, and is another one.
fn of_width(path: &str, bits: u8) -> String {
    const SYSTEM: &str = "\\windows\\system32\\";
    match path.to_ascii_lowercase().find(SYSTEM) {
        Some(start) if bits == 32 => {
            format!("{}\\windows\\syswow64\\{}", &path[..start], &path[start + SYSTEM.len()..])
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_worker_are_found_from_here() {
        let there = |path: &str| host_path(path, true, 32).map(|path| path.to_string_lossy().into_owned());
        assert_eq!(there("Z:\\opt\\a.dll").as_deref(), Some("/opt/a.dll"));
        assert_eq!(there("Q:\\a.dll"), None);
        assert_eq!(there("é"), None);
        let system = there("C:\\windows\\system32\\msvcrt.dll");
        assert!(system.is_none_or(|path| path.ends_with("drive_c/windows/syswow64/msvcrt.dll")));
        assert_eq!(of_width("C:\\Windows\\System32\\a.dll", 64), "C:\\Windows\\System32\\a.dll");
        assert_eq!(host_path("[vdso]", false, 64).is_some(), cfg!(windows));
    }

    #[test]
    fn drive_z_is_the_root() {
        assert_eq!(windows_path(Path::new("/opt/my sdk/device.dll")), "Z:\\opt\\my sdk\\device.dll");
    }

    #[test]
    fn the_current_directory_holds_no_loader() {
        let found: Vec<PathBuf> = candidates(OsStr::new(":.:bin:/opt/wine/bin:")).collect();
        assert_eq!(found, [Path::new("/opt/wine/bin/wine"), Path::new("/opt/wine/bin/wine64")]);
    }

    #[test]
    fn a_named_loader_is_taken_as_it_is() {
        let settings = Settings { wine: Some("/nowhere/wine".into()), ..Settings::default() };
        assert_eq!(loader(&settings).expect("it is named"), Path::new("/nowhere/wine"));
    }
}
