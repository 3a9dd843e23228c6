//! Standard output and error, and the handling of failed writes and closed readers.
//!
//! A script's output goes through C's streams, which Lua uses; everything else goes through Rust's.
//!
//! - Once the reader of standard output or error is gone, the next write ends the program silently: on Unix by SIGPIPE,
//!   which a shell shows as 141, on Windows with exit code 141.
//! - A write that fails for another reason, such as a full disk, is reported and makes the exit code 1.

#[cfg(unix)]
mod pipe;
mod print;
mod stdout;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use mlua::{Function, Table};
use runtime64::Runtime;

/// The exit code when the reader of the output is gone: the one that a shell shows for a program ended by SIGPIPE.
const UNREAD: u8 = 141;

/// The start of every message about a failed write.
const CANNOT_WRITE: &str = "cannot write to standard output";

/// Whether a write has shown that the reader is gone.
static IS_UNREAD: AtomicBool = AtomicBool::new(false);

/// Whether a write has failed.
static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// Whether a failed write was reported on standard error.
static IS_REPORTED: AtomicBool = AtomicBool::new(false);

/// Prepares this process. Called once, before any output.
pub(crate) fn prepare() {
    #[cfg(unix)]
    pipe::end_when_unread();
    stdout::check_at_exit();
}

/// Replaces Lua's `print`, which ignores failed writes.
///
/// # Errors
/// Memory is exhausted.
pub(crate) fn install(runtime: &Runtime) -> mlua::Result<()> {
    /// Level 3 is the function that called `print`.
    const FAILED: &str = "local error, describe = error, ... return function(code) error(describe(code), 3) end";
    let lua = runtime.lua();
    let os: Table = lua.globals().get("os")?;
    let exit: Function = os.get("exit")?;
    let describe = lua.create_function(move |_, code: i32| {
        let error = io::Error::from_raw_os_error(code);
        if says_unread(&error) {
            IS_UNREAD.store(true, Ordering::Relaxed);
            exit.call::<()>(UNREAD)?;
        }
        Ok(format!("{CANNOT_WRITE}: {error}"))
    })?;
    let failed: Function = lua.load(FAILED).set_name("=[runtime64]").call(describe)?;
    let print = print::checked(lua, lua.globals().get("print")?, failed)?;
    lua.globals().set("print", print)
}

/// Writes a line to standard output.
pub(crate) fn line(text: &str) {
    written(writeln!(io::stdout(), "{text}"));
}

/// Processes the result of a write to standard output. A failure changes the exit code.
pub(crate) fn written(result: io::Result<()>) {
    let Err(error) = result else { return };
    if says_unread(&error) {
        std::process::exit(UNREAD.into());
    }
    HAS_FAILED.store(true, Ordering::Relaxed);
    report_failure(&error);
}

/// Notes a text written to standard error, so that a failed write is not reported there twice.
pub(crate) fn reported(text: &str) {
    if text.contains(CANNOT_WRITE) {
        IS_REPORTED.store(true, Ordering::Relaxed);
    }
}

/// Whether the reader of standard output is gone, as far as the system shows it.
pub(crate) fn has_no_reader() -> bool {
    #[cfg(unix)]
    return pipe::has_no_reader();
    #[cfg(windows)]
    false
}

/// Ends the process as the system ends a program whose output has no reader.
pub(crate) fn end_unread() -> ! {
    #[cfg(unix)]
    pipe::raise();
    std::process::exit(UNREAD.into())
}

fn report_failure(error: &io::Error) {
    if !IS_REPORTED.swap(true, Ordering::Relaxed) {
        super::report::line(&format!("runtime64: {CANNOT_WRITE}: {error}"));
    }
}

/// Whether a write error means that the reader is gone.
fn says_unread(error: &io::Error) -> bool {
    // Windows also reports this as "no process is on the other end of the pipe".
    const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
    let is_not_connected = || cfg!(windows) && error.raw_os_error() == Some(ERROR_PIPE_NOT_CONNECTED);
    error.kind() == io::ErrorKind::BrokenPipe || is_not_connected()
}
