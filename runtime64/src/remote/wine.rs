//! Wine, through which a Linux host runs Windows workers.

mod prefix;

use std::collections::HashMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::locate::{absolute, absolute_variable};
use super::{RemoteError, Settings};
use prefix::Candidates;

/// Loaders that distributions keep outside PATH.
const LOADERS: [&str; 3] = ["/usr/lib/wine/wine64", "/usr/lib/wine/wine", "/opt/wine-stable/bin/wine"];

/// A Wine installation with the prefix that it runs in.
#[derive(Clone, Debug)]
pub struct Wine {
    loader: PathBuf,
    prefix: PathBuf,
    /// The folder of Wine's own DLLs, if its 32-bit half is not where it looks by default.
    dlls: Option<PathBuf>,
}

impl Wine {
    /// Finds the Wine that runs a worker with these settings.
    ///
    /// # Errors
    /// There is no Wine, or no folder for its prefix.
    pub fn of(settings: &Settings) -> Result<Self, RemoteError> {
        let loader = loader(settings)?;
        let set = |name: &str| variable(settings, name);
        let home = set("HOME").map(PathBuf::from);
        let within_home = |name: &str, default: &str| {
            let named = set(name).map(PathBuf::from).filter(|path| path.is_absolute());
            Some(named.or_else(|| Some(home.as_ref()?.join(default)))?.join("runtime64"))
        };
        let named = set("WINEPREFIX").map(PathBuf::from);
        let wanted: &[&str] = match (&named, set("WINEDLLPATH")) {
            (None, None) => &["prefix", "dlls"],
            (None, Some(_)) => &["prefix"],
            (Some(_), None) => &["dlls"],
            (Some(_), Some(_)) => &[],
        };
        let set_up = within_home("XDG_CACHE_HOME", ".cache").and_then(|cache| set_up_for(&loader, &cache, wanted));
        let in_set_up = |name: &str| Some(set_up.as_ref()?.join(name)).filter(|folder| folder.is_dir());
        let own_dlls = in_set_up("dlls");
        let candidates = Candidates {
            named,
            default: home.as_ref().map(|home| home.join(".wine")).filter(|prefix| prefix.is_dir()),
            of_set_up: in_set_up("prefix"),
            needs_set_up: own_dlls.is_some(),
            own: within_home("XDG_DATA_HOME", ".local/share").map(|data| data.join("prefix")),
        };
        let prefix = candidates.choose().ok_or(RemoteError::WinePrefixNowhere)?;
        let dlls = own_dlls.filter(|_| set("WINEDLLPATH").is_none());
        Ok(Self { loader, prefix, dlls })
    }

    /// The program that runs Windows programs.
    pub(super) fn loader(&self) -> &Path {
        &self.loader
    }

    /// The folder that contains `drive_c`.
    #[must_use]
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The folder of Wine's own DLLs, apart from the usual places.
    #[must_use]
    pub fn dlls(&self) -> Option<&Path> {
        self.dlls.as_deref()
    }

    /// Ensures that Wine can use the prefix, or create it.
    ///
    /// # Errors
    /// It belongs to another user, or its folder cannot be created.
    pub(super) fn prepare(&self) -> Result<(), RemoteError> {
        let unusable = |path: &Path, reason: String| {
            Err(RemoteError::WinePrefix { path: path.to_path_buf(), prefix: self.prefix.clone(), reason })
        };
        let mut looked_at = self.prefix.as_path();
        if !looked_at.exists()
            && let Some(parent) = looked_at.parent()
        {
            if let Err(error) = fs::create_dir_all(parent) {
                return unusable(parent, format!("cannot be created: {error}"));
            }
            looked_at = parent;
        }
        match owner(looked_at) {
            Ok(None) => Ok(()),
            Ok(Some(user)) => unusable(looked_at, format!("belongs to another user (user ID {user})")),
            Err(error) => unusable(looked_at, format!("cannot be read: {error}")),
        }
    }

    /// The environment variables that a worker needs beside this process's own.
    #[cfg(unix)]
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![("WINEPREFIX", self.prefix.clone().into_os_string())];
        variables.extend(self.dlls.iter().map(|dlls| ("WINEDLLPATH", dlls.clone().into_os_string())));
        if !self.prefix.exists() && env::var_os("WINEDLLOVERRIDES").is_none() {
            // While creating a prefix, Wine would ask in a window whether to download the first two, and the last one
            // would add entries to the menus of the user's desktop.
            variables.push(("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d".into()));
        }
        variables
    }
}

/// A worker's environment variable that contains a path. An empty one counts as unset.
fn variable(settings: &Settings, name: &str) -> Option<OsString> {
    let of_worker = settings.process_options.environment.iter().rev().find(|(key, _)| key == name);
    let value = of_worker.map_or_else(|| env::var_os(name), |(_, value)| value.clone());
    value.filter(|value| !value.is_empty())
}

/// The folder that `cargo xtask` has set up for this version of Wine in the user's cache folder, if any part of it is
/// wanted.
fn set_up_for(loader: &Path, cache: &Path, wanted: &[&str]) -> Option<PathBuf> {
    let is_of_wine =
        |folder: &Path| folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"wine-"));
    let has_any = |folder: &Path| wanted.iter().any(|part| folder.join(part).is_dir());
    // If nothing is set up for any version, the loader need not be queried.
    let mut folders = fs::read_dir(cache).ok()?.flatten().map(|entry| entry.path());
    folders.find(|folder| is_of_wine(folder) && has_any(folder))?;
    Some(cache.join(version(loader)?)).filter(|folder| folder.is_dir())
}

/// The version of a Wine, such as `wine-8.0`. Each loader is queried once.
fn version(loader: &Path) -> Option<String> {
    static KNOWN: Mutex<Option<HashMap<PathBuf, Option<String>>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    known.entry(loader.to_path_buf()).or_insert_with(|| ask_version(loader)).clone()
}

fn ask_version(loader: &Path) -> Option<String> {
    let mut command = Command::new(loader);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null());
    let said = command.output().ok()?.stdout;
    let version = std::str::from_utf8(&said).ok()?.split_whitespace().next()?;
    (version.starts_with("wine-") && !version.contains('/')).then(|| version.to_owned())
}

/// The owner of a folder, if it is not the user that this process runs as.
#[cfg(unix)]
fn owner(folder: &Path) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::MetadataExt;
    let owner = fs::metadata(folder)?.uid();
    Ok((owner != rustix::process::getuid().as_raw()).then_some(owner))
}
#[cfg(windows)]
fn owner(_: &Path) -> std::io::Result<Option<u32>> {
    Ok(None)
}

/// Finds Wine's loader: by the settings, by `RUNTIME64_WINE`, in PATH, or in the folders of distributions.
fn loader(settings: &Settings) -> Result<PathBuf, RemoteError> {
    let named = match &settings.wine {
        Some(path) => Some(absolute(path)),
        None => absolute_variable("RUNTIME64_WINE")?,
    };
    if let Some(path) = named {
        // A wrong path is reported by the attempt to start it.
        return Ok(path);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = candidates(&path).chain(LOADERS.map(PathBuf::from)).find(|path| path.is_file());
    found.ok_or(RemoteError::WineMissing)
}

/// The possible loaders in `PATH`. An empty or relative entry means the current directory, where anybody may have put a
/// program of that name.
fn candidates(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
    folders.into_iter().flat_map(|folder| ["wine", "wine64"].map(|name| folder.join(name)))
}

/// Converts an absolute Unix path to the form of programs under Wine: drive Z is the root.
#[must_use]
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.to_string_lossy().replace('/', "\\"))
}

/// Converts a file's path in a worker of 32 or 64 bits to this process's path; `wine` is the prefix of a worker that
/// runs through Wine. `None` if it cannot be determined.
#[must_use]
pub fn host_path(path: &str, wine: Option<&Path>, bits: u8) -> Option<PathBuf> {
    let Some(prefix) = wine else {
        return (path.starts_with('/') || cfg!(windows)).then(|| PathBuf::from(of_width(path, bits)));
    };
    let (drive, rest) = path.split_at_checked(2)?;
    match drive {
        "Z:" | "z:" => Some(PathBuf::from(rest.replace('\\', "/"))),
        "C:" | "c:" => {
            let within = of_width(rest, bits).replace('\\', "/");
            Some(prefix.join("drive_c").join(within.trim_start_matches('/')))
        }
        _ => None,
    }
}

/// Adapts the folder of the system's libraries, whose name is the same in processes of either width but denotes
/// different folders.
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
        let there = |path: &str| {
            let path = host_path(path, Some(Path::new("/prefix")), 32);
            path.map(|path| path.to_string_lossy().into_owned())
        };
        assert_eq!(there("Z:\\opt\\a.dll").as_deref(), Some("/opt/a.dll"));
        assert_eq!(there("Q:\\a.dll"), None);
        assert_eq!(there("é"), None);
        let system = there("C:\\windows\\system32\\msvcrt.dll");
        assert_eq!(system.as_deref(), Some("/prefix/drive_c/windows/syswow64/msvcrt.dll"));
        assert_eq!(of_width("C:\\Windows\\System32\\a.dll", 64), "C:\\Windows\\System32\\a.dll");
        assert_eq!(host_path("[vdso]", None, 64).is_some(), cfg!(windows));
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
        assert_eq!(loader(&settings).expect("a named loader"), Path::new("/nowhere/wine"));
    }
}
