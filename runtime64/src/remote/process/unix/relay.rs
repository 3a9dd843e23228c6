//! Relays a worker's output, if it cannot use this process's own output.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::remote::lasting_thread::no_thread;

/// How long to wait for the end of the output after the worker has exited: a program that the worker started may hold
/// the pipe open.
const LIMIT: Duration = Duration::from_secs(1);

/// A thread that copies one stream.
#[derive(Debug)]
pub(super) struct Relay(JoinHandle<()>);

impl Relay {
    /// Creates a relay for each output stream of a program that is about to start. They run before it does: a program
    /// that prints to a pipe without a reader would wait for ever. They end with the last process that holds the
    /// stream, including this process's command.
    pub(super) fn of(command: &mut Command) -> io::Result<Vec<Self>> {
        let (output, stdout) = Self::start(io::stdout().as_fd())?;
        let (errors, stderr) = Self::start(io::stderr().as_fd())?;
        command.stdout(stdout).stderr(stderr);
        Ok(vec![output, errors])
    }

    /// Copies to the descriptor itself: a buffer of this process would hold back incomplete lines.
    fn start(to: BorrowedFd<'_>) -> io::Result<(Self, Stdio)> {
        let mut to = File::from(to.try_clone_to_owned()?);
        let (mut pipe, end) = io::pipe()?;
        let started = thread::Builder::new().spawn(move || {
            // Output that cannot be written is lost, as it would be without a relay.
            let _ = io::copy(&mut pipe, &mut to);
        });
        let thread = started.map_err(|error| no_thread("relays the worker's output", &error))?;
        Ok((Self(thread), end.into()))
    }

    /// Waits until everything is copied.
    pub(super) fn finish(self) {
        let deadline = Instant::now() + LIMIT;
        while !self.0.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
