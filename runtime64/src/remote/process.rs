//! The process of a worker: starting it with only its channel, ending it, describing its exit.

use std::fmt;
use std::time::Duration;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{Hangup, Process};
#[cfg(unix)]
pub use unix::{end_at_interrupt, exit_at_once, outlive_file_size_limit};
#[cfg(windows)]
pub(super) use windows::{Hangup, Process};
#[cfg(windows)]
pub use windows::{end_at_interrupt, exit_at_once, outlive_file_size_limit};

/// How long a process may take to exit by itself after its channel has closed.
const END_LIMIT: Duration = Duration::from_secs(3);

impl Process {
    /// Closes the channel, waits for the exit, and kills the process if it does not exit by itself.
    ///
    /// An idle worker exits at once, and its libraries' destructors run.
    pub(super) fn end(&self) -> Exit {
        // Pauses take longer on a machine that is busy with other work, and so do the worker's last steps.
        const PAUSE: Duration = Duration::from_millis(20);
        self.close();
        let mut pauses = 0..END_LIMIT.as_millis() / PAUSE.as_millis();
        pauses.find_map(|_| self.wait(PAUSE)).unwrap_or_else(|| {
            self.kill();
            // Collects the process; its exit status adds nothing to the fact that it was killed.
            let _ = self.wait(END_LIMIT);
            Exit::Killed
        })
    }
}

/// How a process exited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code. On Windows a fault appears as its exception code.
    Code(i64),
    /// By a signal.
    Signal(i64),
    /// The host killed it because it did not exit.
    Killed,
}

impl Exit {
    /// Whether the process exited with this code. Through Wine only the lowest byte of a code arrives.
    pub(super) fn is_of(self, code: u32) -> bool {
        matches!(self, Exit::Code(exit) if exit == code.into() || cfg!(unix) && exit == (code & 0xff).into())
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) if *code > 0xffff => write!(formatter, "exit code {code:#010x}"),
            Exit::Code(code) => write!(formatter, "exit code {code}"),
            Exit::Signal(signal) => write!(formatter, "signal {signal}"),
            Exit::Killed => formatter.write_str("killed, as it did not exit by itself"),
        }
    }
}
