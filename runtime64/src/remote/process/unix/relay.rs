//! Passes on what a worker prints, where it could not be given this process's own output.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::remote::lasting_thread::no_thread;

/// How long the end of the output is waited for once the worker has ended: a program that the worker started may hold
/// the pipe open.
const LIMIT: Duration = Duration::from_secs(1);

/// A thread that copies one stream.
#[derive(Debug)]
pub(super) struct Relay(JoinHandle<()>);

impl Relay {
    /// One for each stream of a program that is about to be started. They run before it does: a program that prints to a pipe
    /// that nobody reads would wait for ever. They end with the last process that holds the stream, this one's command included.
    pub(super) fn of(command: &mut Command) -> io::Result<Vec<Self>> {
        let (output, stdout) = Self::start(io::stdout().as_fd())?;
        let (errors, stderr) = Self::start(io::stderr().as_fd())?;
        command.stdout(stdout).stderr(stderr);
        Ok(vec![output, errors])
    }

    /// Copies to the descriptor itself: a buffer of this process's would hold back what is no whole line.
    fn start(to: BorrowedFd<'_>) -> io::Result<(Self, Stdio)> {
        let mut to = File::from(to.try_clone_to_owned()?);
        let (mut pipe, end) = io::pipe()?;
        let started = thread::Builder::new().spawn(move || {
            // Output that cannot be written is lost as it would be without a relay.
            let _ = io::copy(&mut pipe, &mut to);
        });
        let thread = started.map_err(|error| no_thread("passes on what the worker prints", &error))?;
        Ok((Self(thread), end.into()))
    }

    /// Waits until everything is passed on.
    pub(super) fn finish(self) {
        let deadline = Instant::now() + LIMIT;
        while !self.0.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
