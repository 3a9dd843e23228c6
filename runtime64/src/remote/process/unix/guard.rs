//! The guard of a worker that Wine has not yet brought to its first instruction.
//!
//! Wine runs a program in a process that is no child of any other. If the program that requested it is killed at the
//! wrong time, Wine's server forgets that process, which then waits for its answer for ever (Wine 8: it holds both ends
//! of the pipe that it reads from). It is still in the process group that the host created for the worker, and the
//! kernel kills that group when the guard's pipe closes, which it does with the host.
#![allow(unsafe_code, reason = "descriptors are prepared between fork and exec")]

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsRawFd, RawFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Kills the process group of a child when it is dropped, or when this process ends in any way.
#[derive(Debug)]
pub(super) struct GroupGuard {
    /// Only the host holds this end. Children that it forks at this time also hold it, until they call exec.
    _held: PipeWriter,
    /// The child and its descendants also hold this end, which the signal request is attached to.
    guarded: PipeReader,
}

impl GroupGuard {
    pub(super) fn new() -> io::Result<Self> {
        let (guarded, _held) = io::pipe()?;
        Ok(Self { _held, guarded })
    }

    /// The descriptor for the child to arm.
    pub(super) fn descriptor(&self) -> RawFd {
        self.guarded.as_raw_fd()
    }

    /// Releases the group, which then stays alive.
    pub(super) fn disarm(self) {
        // Both calls succeed for every open descriptor.
        if let Ok(flags) = fcntl_getfl(&self.guarded) {
            let _ = fcntl_setfl(&self.guarded, flags - OFlags::ASYNC);
        }
    }
}

/// Makes the kernel kill the calling process's group when the last writer closes the pipe (fcntl(2), `F_SETOWN` and
/// `F_SETSIG`). Called between fork and exec: the child's own writing end closes at exec, so that a host which has
/// ended by then is also noticed.
pub(super) fn arm(descriptor: RawFd) -> io::Result<()> {
    /// The command that selects the signal for the pipe (`asm-generic/fcntl.h`).
    const F_SETSIG: libc::c_int = 10;
    // SAFETY: the calls take numbers only and are async-signal-safe. The guard holds the descriptor open.
    let failed = unsafe {
        libc::fcntl(descriptor, libc::F_SETOWN, -libc::getpgrp()) < 0
            || libc::fcntl(descriptor, F_SETSIG, libc::SIGKILL) < 0
            || libc::fcntl(descriptor, libc::F_SETFL, libc::O_ASYNC) < 0
            || libc::fcntl(descriptor, libc::F_SETFD, 0) < 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, ChildStdout, Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process_group};

    use super::*;

    /// A shell and a program that it started, which both hold the output open.
    fn group(guard: &GroupGuard) -> (Child, BufReader<ChildStdout>) {
        let descriptor = guard.descriptor();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo started; wait"]).process_group(0).stdout(Stdio::piped());
        // SAFETY: the function only makes system calls.
        unsafe { command.pre_exec(move || arm(descriptor)) };
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        (child, output)
    }

    #[test]
    fn a_guard_that_is_dropped_ends_the_child_and_what_it_started() {
        let guard = GroupGuard::new().unwrap();
        let (mut child, mut output) = group(&guard);
        drop(guard);
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0, "the output closes with the last of them");
    }

    #[test]
    fn a_guard_that_is_disarmed_leaves_them() {
        let guard = GroupGuard::new().unwrap();
        let (mut child, _) = group(&guard);
        guard.disarm();
        // If another signal had been sent before this one, the child would end by that.
        kill_process_group(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
    }
}
