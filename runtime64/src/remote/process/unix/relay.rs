//! Passes on what a worker prints, where it could not be given this process's own output.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Child;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the end of the output is waited for once the worker has ended: a program that the worker started may hold
/// the pipe open.
const LIMIT: Duration = Duration::from_secs(1);

/// A thread that copies one stream.
#[derive(Debug)]
pub(super) struct Relay(JoinHandle<()>);

impl Relay {
    /// One for each stream of the child that is a pipe.
    pub(super) fn of(child: &mut Child) -> Vec<Self> {
        let output = child.stdout.take().and_then(|pipe| Self::start(pipe, io::stdout().as_fd()));
        let errors = child.stderr.take().and_then(|pipe| Self::start(pipe, io::stderr().as_fd()));
        output.into_iter().chain(errors).collect()
    }

    /// Copies to the descriptor itself: a buffer of this process's would hold back what is no whole line.
    fn start(mut pipe: impl Read + Send + 'static, to: BorrowedFd<'_>) -> Option<Self> {
        let mut to = File::from(to.try_clone_to_owned().ok()?);
        Some(Self(thread::spawn(move || {
            // Output that cannot be written is lost as it would be without a relay.
            let _ = io::copy(&mut pipe, &mut to);
        })))
    }

    /// Waits until everything is passed on.
    pub(super) fn finish(self) {
        let deadline = Instant::now() + LIMIT;
        while !self.0.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
