//! Folders for the files a test makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::spawn::turn;

/// A new folder, removed at the end of the test.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes the folder.
    ///
    /// # Panics
    /// If the system's folder for temporary files cannot be written to.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("runtime64-test-{}-{number}", std::process::id()));
        // A folder of an earlier process with the same number would bring its files into this test.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the folder for temporary files can be written to");
        Self { path }
    }

    /// The folder's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file and gives its path. Folders in the name are made.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder can be made in the scratch folder");
        }
        let _turn = turn();
        fs::write(&path, content).expect("a file can be written in the scratch folder");
        path
    }

    /// Copies a file into the folder under a name, permissions included, and gives its path.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub fn copy(&self, from: &Path, name: &str) -> PathBuf {
        let path = self.path.join(name);
        let _turn = turn();
        fs::copy(from, &path).unwrap_or_else(|error| panic!("{} cannot be copied: {error}", from.display()));
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is in the system's folder for temporary files, where no later test looks for it.
        let _ = fs::remove_dir_all(&self.path);
    }
}
