//! A program on a terminal of its own, typed to and read as a person would.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use crate::spawn::spawn;
use crate::wait::wait_until;

/// How long the program may take to show what is expected.
const LIMIT: Duration = Duration::from_secs(30);

/// A pseudo-terminal with a program on it. Dropped, it hangs up.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    /// How much of the screen earlier expectations have used up.
    seen: usize,
}

impl Terminal {
    /// Starts a program whose standard streams and controlling terminal are a new terminal of 100 by 40 characters.
    ///
    /// # Panics
    /// If the system has no terminal to give, or the program cannot be started.
    #[must_use]
    pub fn start(program: &Command) -> Self {
        let master =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has pseudo-terminals");
        rustix::pty::grantpt(&master).expect("the terminal is granted");
        rustix::pty::unlockpt(&master).expect("the terminal is unlocked");
        let name = rustix::pty::ptsname(&master, Vec::new()).expect("the terminal has a name");
        let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the terminal opens");
        let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&slave, size).expect("the terminal has a size");
        let child = spawn(&mut in_new_session(program, &slave)).expect("setsid (package util-linux) is installed");
        let reader = File::from(master.try_clone().expect("the terminal can be read and written"));
        let screen = Arc::default();
        let written = Arc::clone(&screen);
        thread::spawn(move || collect(reader, &written));
        Self { child, keyboard: File::from(master), screen, seen: 0 }
    }

    /// Types; `\r` is Enter, `\x03` Ctrl-C, `\x04` Ctrl-D.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn type_text(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until a text shows up after what the last expectation found. Escape sequences are left out.
    ///
    /// # Panics
    /// If it does not in time.
    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        let found = wait_until(LIMIT, || self.text().get(self.seen..)?.find(text));
        let Some(position) = found else {
            panic!("{text:?} did not show up; on the screen:\n{}", self.text());
        };
        self.seen += position + text.len();
    }

    /// All that was shown so far, without escape sequences.
    #[must_use]
    pub fn text(&self) -> String {
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        without_escapes(&String::from_utf8_lossy(&screen))
    }

    /// Waits for the program's end.
    ///
    /// # Panics
    /// If it does not end in time.
    #[track_caller]
    pub fn finish(mut self) -> ExitStatus {
        wait_until(LIMIT, || self.child.try_wait().ok().flatten())
            .unwrap_or_else(|| panic!("the program did not end; on the screen:\n{}", self.text()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program started by `setsid`, which makes the terminal its controlling one and then becomes it.
fn in_new_session(program: &Command, terminal: &OwnedFd) -> Command {
    let stream = || terminal.try_clone().expect("the terminal can be given three times");
    let mut command = Command::new("setsid");
    command.arg("--ctty").arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("TERM", "xterm").stdin(stream()).stdout(stream()).stderr(stream());
    command
}

/// Reads until the last program on the terminal has closed it, which is an error to a reader of the master's side.
fn collect(mut reader: File, screen: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        screen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..length]);
    }
}

/// Takes out escape sequences (ECMA-48): `ESC [ … letter`, `ESC ] … BEL`, and `ESC` with one character.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('[') => drop(characters.find(|character| ('@'..='~').contains(character))),
            Some(']') => drop(characters.find(|character| *character == '\u{7}')),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_left_out() {
        assert_eq!(
            without_escapes("\u{1b}[1;32m> \u{1b}[0m1 + 1\u{1b}[K\r\n\u{1b}]0;title\u{7}2\u{1b}="),
            "> 1 + 1\r\n2"
        );
    }

    #[test]
    fn a_program_on_a_terminal_is_typed_to_and_read() {
        let mut command = Command::new("sh");
        command.args(["-c", "read line; echo \"got $line\"; tty >/dev/null && exit 7"]);
        let mut terminal = Terminal::start(&command);
        terminal.type_text("a line\r");
        terminal.expect("got a line");
        assert_eq!(terminal.finish().code(), Some(7));
    }
}
