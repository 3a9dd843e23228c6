//! The folder of this program, where its workers are.
//!
//! It is the folder of the executable or, in a program that uses this crate as part of a shared library, the folder of
//! that library. Links are followed, as there are no workers beside a link to a program.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

#[cfg(unix)]
use unix::files;
#[cfg(windows)]
use windows::files;

/// Determines the folder. A relative path by which this process was started becomes meaningless once the current
/// directory changes, so this must run before anything else.
pub fn note_program_folder() {
    folders();
}

/// The folders that may contain workers, the most likely first.
pub(super) fn folders() -> &'static [PathBuf] {
    static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FOLDERS.get_or_init(|| folders_of(files()))
}

/// The folders of files: first those of the link targets, then those of the paths themselves.
fn folders_of(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for file in files.into_iter().filter_map(|file| std::path::absolute(file).ok()) {
        for file in [std::fs::canonicalize(&file).unwrap_or_else(|_| file.clone()), file] {
            let folder = file.parent().map(Path::to_path_buf).filter(|folder| !folders.contains(folder));
            folders.extend(folder);
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_s_folder_is_known() {
        let folder =
            std::env::current_exe().expect("the executable is known").parent().expect("a folder").to_path_buf();
        assert!(folders().contains(&folder), "{:?}", folders());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_first() {
        let folder = std::env::temp_dir().join(format!("runtime64-place-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("real")).expect("a folder");
        std::fs::write(folder.join("real/program"), "").expect("a file");
        std::os::unix::fs::symlink("real/program", folder.join("link")).expect("a link");
        let folder = std::fs::canonicalize(folder).expect("it is there");
        assert_eq!(folders_of(vec![folder.join("link")]), [folder.join("real"), folder.clone()]);
        std::fs::remove_dir_all(&folder).expect("it is removed");
    }
}
