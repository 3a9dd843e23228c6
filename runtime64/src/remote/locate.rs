//! Finding the executables of workers.

use std::env;
use std::path::{Path, PathBuf};

use protocol::Machine;

use super::{RemoteError, Settings, WorkerKind, program_folder};

/// Finds the executable of a kind of worker: by the settings, by the environment, or beside this program.
///
/// The settings and the environment may give a folder, which applies to all kinds that its variable covers, or a file,
/// which applies to the kind with its width and the platform of its file name's extension.
pub(super) fn executable(kind: WorkerKind, settings: &Settings) -> Result<PathBuf, RemoteError> {
    let variable = match kind.machine {
        Machine::I386 => "RUNTIME64_WORKER32",
        Machine::X86_64 => "RUNTIME64_WORKER64",
    };
    let named = absolute_variable(variable)?;
    let option = settings.worker.as_deref().and_then(|path| candidate(path, kind, Some(Machine::I386)));
    let named = named.as_deref().and_then(|path| candidate(path, kind, None));
    // A path given by the user is used or its absence reported; it is not silently replaced by another.
    let tried: Vec<PathBuf> = match option.or(named) {
        Some(path) => vec![absolute(&path)],
        None => program_folder::folders().iter().map(|folder| folder.join(kind.executable())).collect(),
    };
    match tried.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(RemoteError::WorkerMissing { kind, tried, variable }),
    }
}

/// The path in an environment variable, which must not depend on the current directory: scripts may run in folders
/// where others can write.
pub(super) fn absolute_variable(variable: &'static str) -> Result<Option<PathBuf>, RemoteError> {
    let Some(value) = env::var_os(variable).filter(|path| !path.is_empty()) else { return Ok(None) };
    let path = PathBuf::from(value);
    if path.is_absolute() {
        return Ok(Some(path));
    }
    let value = path.to_string_lossy().into_owned();
    Err(RemoteError::Setting { variable, value, expected: "an absolute path" })
}

/// Makes a path given by the user absolute: the system would search PATH for a path without a folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The executable that a given path means for a kind: the worker in a folder, or the file itself if it can be of that
/// kind.
fn candidate(path: &Path, kind: WorkerKind, file_stands_for: Option<Machine>) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.join(kind.executable()));
    }
    let is_windows = |path: &Path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("exe"));
    let same_platform = is_windows(path) == is_windows(Path::new(kind.executable()));
    let same_width = file_stands_for.is_none_or(|machine| machine == kind.machine);
    (same_platform && same_width).then(|| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use protocol::Platform;

    use super::*;

    #[test]
    fn a_file_stands_for_the_kind_its_name_tells() {
        let kind = |platform, machine| WorkerKind { platform, machine };
        let elf32 = kind(Platform::Linux, Machine::I386);
        let pe32 = kind(Platform::Windows, Machine::I386);
        let elf64 = kind(Platform::Linux, Machine::X86_64);
        let cases = [
            ("/opt/worker32", elf32, true),
            ("/opt/worker32", pe32, false),
            ("/opt/worker32", elf64, false),
            ("/opt/worker32.EXE", pe32, true),
            ("/opt/worker32.exe", elf32, false),
        ];
        for (path, kind, stands) in cases {
            let found = candidate(Path::new(path), kind, Some(Machine::I386));
            assert_eq!(found.is_some(), stands, "{path} for {kind}");
        }
    }

    #[test]
    fn a_folder_stands_for_every_kind() {
        for kind in WorkerKind::ALL {
            let found = candidate(Path::new("/"), kind, Some(Machine::I386)).expect("a folder holds workers");
            assert_eq!(found, Path::new("/").join(kind.executable()));
        }
    }

    #[test]
    fn a_named_file_that_is_missing_is_reported_with_its_path() {
        let settings = Settings { worker: Some("/nowhere/worker32".into()), ..Settings::default() };
        let kind = WorkerKind { platform: Platform::Linux, machine: Machine::I386 };
        let message = executable(kind, &settings).expect_err("it is missing").to_string();
        assert!(message.contains("/nowhere/worker32") && message.contains("RUNTIME64_WORKER32"), "{message}");
    }
}
