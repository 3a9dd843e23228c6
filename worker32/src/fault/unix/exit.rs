//! The end of the process by `exit`, which a library should not call.

use std::ffi::{c_int, c_void};
use std::ptr;

use protocol::{Cause, CrashReport, Stage};

use crate::process;

unsafe extern "C" {
    /// Registers a function that `exit` calls with its status (on_exit(3)).
    fn on_exit(function: unsafe extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

/// Installs reporting of `exit`.
pub(super) fn prepare() {
    // SAFETY: the function has the required type and needs no argument.
    unsafe { on_exit(exiting, ptr::null_mut()) };
}

process::entry! {
    /// Called by `exit`.
    unsafe extern "C" fn exiting(status: c_int, argument: *mut c_void) = report_exit;
}

unsafe extern "C" fn report_exit(status: c_int, _: *mut c_void) {
    if !process::is_fork() && !crate::is_ending() {
        crate::fault::deliver(CrashReport::new(Stage::Final, Cause::Exit, status as u32));
    }
}
