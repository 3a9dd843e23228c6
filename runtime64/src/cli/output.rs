//! Standard output and error: what is written there, and what follows when nobody reads it or it cannot be written.
//!
//! A script's output goes through C's streams, which Lua uses; everything else goes through Rust's.
//!
//! - Once nobody reads standard output or error, the next write ends the program silently: on Unix by SIGPIPE, which a shell
//!   shows as 141, on Windows with exit code 141.
//! - A write that fails for another reason, such as a full disk, is reported and makes the exit code 1.

#[cfg(unix)]
mod pipe;
mod print;
mod stdout;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use mlua::{Function, Table};
use runtime64::Runtime;

/// The exit code of a program whose output nobody reads: what a shell shows of one that SIGPIPE ended.
const UNREAD: u8 = 141;

/// What every message about a failed write begins with.
const CANNOT_WRITE: &str = "standard output cannot be written";

/// Whether a write has shown that nobody reads.
static IS_UNREAD: AtomicBool = AtomicBool::new(false);

/// Whether Rust's side failed to write something.
static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// Whether standard error has a message about a failed write.
static IS_REPORTED: AtomicBool = AtomicBool::new(false);

/// Prepares this process. It is called once, before anything is written.
pub(crate) fn prepare() {
    #[cfg(unix)]
    pipe::end_when_unread();
    stdout::check_at_exit();
}

/// Replaces Lua's `print`, which ignores that a write has failed.
///
/// # Errors
/// No memory is left.
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

/// Takes the result of a write to standard output. Whether it failed decides about the exit code.
pub(crate) fn written(result: io::Result<()>) {
    let Err(error) = result else { return };
    if says_unread(&error) {
        std::process::exit(UNREAD.into());
    }
    HAS_FAILED.store(true, Ordering::Relaxed);
    report_failure(&error);
}

/// Takes note of what was written to standard error, so that a failed write is not reported there twice.
pub(crate) fn reported(text: &str) {
    if text.contains(CANNOT_WRITE) {
        IS_REPORTED.store(true, Ordering::Relaxed);
    }
}

/// Whether nobody reads standard output any more, as far as the system shows that.
pub(crate) fn has_no_reader() -> bool {
    #[cfg(unix)]
    return pipe::has_no_reader();
    #[cfg(windows)]
    false
}

/// Ends the process as the system ends a program whose output nobody reads.
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

/// Whether the error of a write says that nobody reads.
fn says_unread(error: &io::Error) -> bool {
    // Windows also has "no process is on the other end of the pipe" for that.
    const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
    let is_not_connected = || cfg!(windows) && error.raw_os_error() == Some(ERROR_PIPE_NOT_CONNECTED);
    error.kind() == io::ErrorKind::BrokenPipe || is_not_connected()
}
