//! The process of a worker: started with its channel and nothing else, ended, its end explained.

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

/// How long a process may take to end by itself once its channel has closed.
const END_LIMIT: Duration = Duration::from_secs(3);

impl Process {
    /// Closes the channel, waits for the end, and ends the process if it does not end by itself.
    ///
    /// An idle worker ends at once, and its libraries' destructors run.
    pub(super) fn end(&self) -> Exit {
        // Pauses take longer on a machine that is busy with other things, and so does what the worker has to do.
        const PAUSE: Duration = Duration::from_millis(20);
        self.close();
        let mut pauses = 0..END_LIMIT.as_millis() / PAUSE.as_millis();
        pauses.find_map(|_| self.wait(PAUSE)).unwrap_or_else(|| {
            self.kill();
            // Collects the process; that it was killed is all there is to say.
            let _ = self.wait(END_LIMIT);
            Exit::Killed
        })
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code. On Windows a fault shows as its exception code.
    Code(i64),
    /// By a signal.
    Signal(i64),
    /// It was ended by the host because it would not end.
    Killed,
}

impl Exit {
    /// Whether the process ended with this code. Through Wine only the lowest byte of a code arrives.
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
            Exit::Killed => formatter.write_str("it did not end by itself"),
        }
    }
}
