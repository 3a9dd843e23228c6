//! Windows: the file does not inherit the folder's permissions.
#![allow(unsafe_code, reason = "permissions are set through the operating system's functions")]

use std::fs::File;
use std::io;
use std::iter;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::FromRawHandle;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{GENERIC_WRITE, INVALID_HANDLE_VALUE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES};
use windows_sys::Win32::Storage::FileSystem::{CREATE_NEW, CreateFileW, FILE_ATTRIBUTE_NORMAL};
use windows_sys::w;

/// An access list that inherits nothing and grants everything to the owner (MSDN, Security Descriptor String Format).
/// Wine takes this as no access for anybody; but rights that are granted to a user by name, Wine also grants to the
/// user's group.
const OWNER_ALONE: *const u16 = w!("D:P(A;;FA;;;OW)");

/// A security descriptor allocated by the system.
struct Descriptor(PSECURITY_DESCRIPTOR);

impl Descriptor {
    fn new() -> io::Result<Self> {
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text is zero-terminated, and the descriptor is written to a local.
        let made = unsafe {
            let revision = SDDL_REVISION_1;
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                OWNER_ALONE,
                revision,
                &raw mut descriptor,
                ptr::null_mut(),
            )
        };
        if made == 0 { Err(io::Error::last_os_error()) } else { Ok(Self(descriptor)) }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the function that allocated it requires this way of freeing it, which happens once.
        unsafe { LocalFree(self.0) };
    }
}

pub(super) fn create(path: &Path) -> io::Result<File> {
    let descriptor = Descriptor::new()?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    let path: Vec<u16> = path.as_os_str().encode_wide().chain(iter::once(0)).collect();
    // SAFETY: the path is zero-terminated; attributes and descriptor live for the call. A returned handle has no other
    // owner.
    unsafe {
        let (attributes, flags) = (&raw const attributes, FILE_ATTRIBUTE_NORMAL);
        let handle = CreateFileW(path.as_ptr(), GENERIC_WRITE, 0, attributes, CREATE_NEW, flags, ptr::null_mut());
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        Ok(File::from_raw_handle(handle))
    }
}
