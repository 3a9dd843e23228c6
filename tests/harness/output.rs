//! What a program that has ended leaves behind.

use std::fmt;
use std::process::ExitStatus;

/// How a program ended, and what it printed. Line ends are `\n`, whatever the system's are.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed on standard output.
    pub stdout: String,
    /// What it printed on standard error.
    pub stderr: String,
}

impl Output {
    /// Asserts that it ended by itself with this code.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "exit code\n{self}");
        self
    }

    /// Asserts that it printed exactly this on standard output.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn assert_stdout(&self, expected: &str) -> &Self {
        assert_eq!(self.stdout, expected, "standard output\n{self}");
        self
    }

    /// Asserts that standard error holds each of these texts.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn assert_stderr_has(&self, fragments: &[&str]) -> &Self {
        for fragment in fragments {
            assert!(self.stderr.contains(fragment), "{fragment:?} is not in standard error\n{self}");
        }
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, stdout, stderr } = self;
        write!(formatter, "{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---")
    }
}
