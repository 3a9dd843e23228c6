//! Files that are their owner's alone: a dump holds what the library had in its memory.

use std::fs::File;
#[cfg(unix)]
use std::fs::Permissions;
use std::io;
use std::path::Path;

#[cfg(windows)]
mod windows;

/// Creates a file, which must not be there.
#[cfg(unix)]
pub(super) fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    // The umask may have taken bits from the owner. A file system that has no such bits does not give more than it did.
    let _ = file.set_permissions(Permissions::from_mode(0o600));
    Ok(file)
}

/// Creates a file, which must not be there.
#[cfg(windows)]
pub(super) fn create(path: &Path) -> io::Result<File> {
    windows::create(path)
}
