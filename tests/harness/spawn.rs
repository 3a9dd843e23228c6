//! Programs are started and files are written in turns.
//!
//! Between fork and exec a new process holds every descriptor of this one. If one of them is of a program that another
//! thread is writing at that moment, the program cannot be run for as long: "Text file busy".

use std::io;
use std::process::{self, Child, Command};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// The exit code of tests that are interrupted.
const INTERRUPTED: i32 = 130;

static TURN: Mutex<()> = Mutex::new(());

/// Starts a program; it has been executed, or could not be, when this returns.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    receive_interrupts();
    let _turn = turn();
    command.spawn()
}

/// Gives programs the default action for SIGINT, also if the tests run in the background of a shell, which makes them
/// ignore it: an ignored signal is inherited, a handled one is not (`execve(2)`).
fn receive_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| ctrlc::set_handler(|| process::exit(INTERRUPTED)).expect("SIGINT can be handled"));
}

/// Held while a file is open for writing.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
