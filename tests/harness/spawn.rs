//! Programs are started and files are written in turns.
//!
//! Between fork and exec a new process holds every descriptor of this one. If one of them is of a program that another
//! thread is writing at that moment, the program cannot be run for as long: "Text file busy".

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

static TURN: Mutex<()> = Mutex::new(());

/// Starts a program; it has been executed, or could not be, when this returns.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let _turn = turn();
    command.spawn()
}

/// Held while a file is open for writing.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
