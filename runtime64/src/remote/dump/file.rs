//! Files that are their owner's alone: a dump holds what the library had in its memory.

use std::fs::File;
use std::io;
use std::path::Path;

#[cfg(windows)]
mod windows;

/// Creates a file, which must not be there.
#[cfg(unix)]
pub(super) fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Creates a file, which must not be there.
#[cfg(windows)]
pub(super) fn create(path: &Path) -> io::Result<File> {
    windows::create(path)
}
