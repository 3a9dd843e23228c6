//! Files that only their owner can access: a dump contains the memory of the library.

use std::fs::File;
#[cfg(unix)]
use std::fs::Permissions;
use std::io;
use std::path::Path;

#[cfg(windows)]
mod windows;

/// Creates a file, which must not exist yet.
#[cfg(unix)]
pub(super) fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    // The umask may have removed permissions of the owner. On a file system without permissions this call has no
    // effect.
    let _ = file.set_permissions(Permissions::from_mode(0o600));
    Ok(file)
}

/// Creates a file, which must not exist yet.
#[cfg(windows)]
pub(super) fn create(path: &Path) -> io::Result<File> {
    windows::create(path)
}
