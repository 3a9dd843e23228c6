//! Linux, and Windows programs through Wine.
#![allow(unsafe_code, reason = "descriptors are closed between fork and exec")]

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use protocol::link::{self, Endpoint};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, getrlimit, nice, pidfd_open, set_parent_process_death_signal, setrlimit,
};

use super::Exit;
use crate::remote::lasting_thread::LastingThread;
use crate::remote::{Conditions, Priority, Wine, windows_path};
use guard::Guard;
use relay::Relay;

mod guard;
mod relay;
mod signals;

pub use signals::{end_at_interrupt, outlive_file_size_limit};

/// A worker's process.
#[derive(Debug)]
pub(in crate::remote) struct Process {
    child: Mutex<Child>,
    channel: OwnedFd,
    /// Until the worker has begun, if Wine starts it.
    guard: Mutex<Option<Guard>>,
    relays: Mutex<Vec<Relay>>,
}

impl Process {
    /// Starts `executable`, through Wine if one is given, with a channel as its standard input.
    pub(in crate::remote) fn start(
        executable: &Path,
        wine: Option<&Wine>,
        conditions: &Conditions,
    ) -> io::Result<(Self, Endpoint)> {
        let (endpoint, worker_end) = link::pair()?;
        let channel = link::closer(&endpoint)?;
        let mut command = match wine {
            Some(wine) => wine_command(wine, executable),
            None => Command::new(executable),
        };
        keep_from_current_directory(&mut command);
        // A group of its own keeps the terminal's Ctrl-C from the worker; the host decides what becomes of a call.
        command.stdin(worker_end).process_group(0);
        for (name, value) in &conditions.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = &conditions.directory {
            command.current_dir(directory);
        }
        let (priority, memory_limit) = (conditions.priority, conditions.memory_limit);
        let guard = wine.map(|_| Guard::new()).transpose()?;
        let guarded = guard.as_ref().map(Guard::descriptor);
        // SAFETY: the functions run between fork and exec and make system calls only, which are async-signal-safe and
        // touch no memory.
        unsafe {
            command
                .pre_exec(move || before_exec(priority, memory_limit).and_then(|()| guarded.map_or(Ok(()), guard::arm)))
        };
        // On a terminal Wine would take it over to emulate a Windows console in it.
        let needs_relays = wine.is_some() && (io::stdout().is_terminal() || io::stderr().is_terminal());
        let relays = if needs_relays { Relay::of(&mut command)? } else { Vec::new() };
        let child = spawn(command).map_err(|error| conditions.explain(error))?;
        let process = Self { child: Mutex::new(child), channel, guard: Mutex::new(guard), relays: Mutex::new(relays) };
        Ok((process, endpoint))
    }

    /// Tells that the worker's own program runs: from here on it sees the end of its host by itself, and what a library starts
    /// may outlive it.
    pub(in crate::remote) fn begun(&self) {
        if let Some(guard) = self.take_guard() {
            guard.disarm();
        }
    }

    fn take_guard(&self) -> Option<Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The process id. Through Wine it is the one of the program that Wine starts first.
    pub(in crate::remote) fn id(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// Closes the channel, which an idle worker answers by ending.
    pub(in crate::remote) fn close(&self) {
        // It may be closed already, by the worker's end.
        let _ = rustix::net::shutdown(&self.channel, rustix::net::Shutdown::Both);
    }

    /// Ends the process at once. A program under Wine is no child of this process: its guard ends it until it has begun, and
    /// from then on the closing channel.
    pub(in crate::remote) fn kill(&self) {
        self.close();
        drop(self.take_guard());
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }

    /// Whether it has ended. This does not wait, not even for the rest of its output.
    pub(in crate::remote) fn has_ended(&self) -> bool {
        !matches!(self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait(), Ok(None))
    }

    /// Waits for the end, at most for `limit`.
    pub(in crate::remote) fn wait(&self, limit: Duration) -> Option<Exit> {
        let deadline = Instant::now() + limit;
        let mut end = None;
        loop {
            let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
            match status {
                Ok(None) => {}
                Ok(Some(status)) => {
                    let relays = std::mem::take(&mut *self.relays.lock().unwrap_or_else(PoisonError::into_inner));
                    relays.into_iter().for_each(Relay::finish);
                    let code = || Exit::Code(status.code().unwrap_or(-1).into());
                    return Some(status.signal().map_or_else(code, |signal| Exit::Signal(signal.into())));
                }
                // The host's program has collected its children itself: the worker has ended, how is not known.
                Err(_) => return Some(Exit::Code(-1)),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            // A descriptor is opened only where there is something to wait for: most waits ask whether it has ended already.
            let end = end.get_or_insert_with(|| End::of(self.id()));
            end.wait(left);
        }
    }
}

/// Nothing need call off the read of a channel here: the end of the process shuts it down.
#[derive(Debug)]
pub(in crate::remote) struct Hangup;

impl Hangup {
    pub(in crate::remote) fn of(_: &Endpoint) -> Self {
        Self
    }

    pub(in crate::remote) fn call_off(&self) {}
}

/// What tells of the end of a process that has not been collected.
enum End {
    /// A descriptor that can be read from then on.
    Announced(OwnedFd),
    /// Nothing, on kernels before 5.3 and where a filter refuses the call: it is looked for after pauses of this length.
    Unannounced(Duration),
}

impl End {
    fn of(process: u32) -> Self {
        let id = i32::try_from(process).ok().and_then(Pid::from_raw);
        let descriptor = id.and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok());
        descriptor.map_or(Self::Unannounced(Duration::from_micros(100)), Self::Announced)
    }

    /// Waits for the end, or for a while, at most for the limit.
    fn wait(&mut self, limit: Duration) {
        match self {
            // Should the host's program collect its children itself, the number may stand for another process.
            Self::Announced(descriptor) => {
                let limit = Timespec::try_from(limit.min(Duration::from_millis(100))).ok();
                // An interrupted wait is one that was short.
                let _ = poll(&mut [PollFd::new(descriptor, PollFlags::IN)], limit.as_ref());
            }
            Self::Unannounced(pause) => {
                thread::sleep((*pause).min(limit));
                *pause = (*pause * 2).min(Duration::from_millis(5));
            }
        }
    }
}

/// Takes out of `LD_LIBRARY_PATH` what is no absolute folder: the loader would look for it in the current directory, which an
/// empty entry stands for.
fn keep_from_current_directory(command: &mut Command) {
    const VARIABLE: &str = "LD_LIBRARY_PATH";
    let Some(folders) = std::env::var_os(VARIABLE) else { return };
    // The loader takes semicolons for colons (ld.so(8)).
    let meant = folders.as_encoded_bytes().split(|byte| b":;".contains(byte)).filter(|folder| folder.starts_with(b"/"));
    let meant = meant.collect::<Vec<_>>().join(&b':');
    match meant.is_empty() {
        true => command.env_remove(VARIABLE),
        false => command.env(VARIABLE, OsString::from_vec(meant)),
    };
}

/// Ends this process at once: nothing is flushed, no destructor runs. Its workers end with it.
pub fn exit_at_once(code: i32) -> ! {
    // SAFETY: the call takes a number, and nothing of this process runs after it.
    unsafe { libc::_exit(code) }
}

/// The program that starts a worker of the other width, so that it ends with the host even if that ends meanwhile. Where it is
/// missing, Wine finds a way of its own, which takes longer and may leave a process behind.
const LAUNCHER: &str = "worker32-launcher.exe";

/// The worker that Wine's loader runs by itself.
const OF_THE_LOADERS_WIDTH: &str = "worker64.exe";

fn wine_command(wine: &Wine, executable: &Path) -> Command {
    let mut command = Command::new(wine.loader());
    let launcher = executable.with_file_name(LAUNCHER);
    if executable.ends_with(OF_THE_LOADERS_WIDTH) || !launcher.is_file() {
        command.arg(executable);
    } else {
        command.arg(launcher).arg(windows_path(executable));
    }
    // Wine finds out the widths of a prefix by itself; a user's word that it is a 32-bit one makes it refuse one of both.
    command.env_remove("WINEARCH").envs(wine.environment());
    if std::env::var_os("WINEDEBUG").is_none() {
        // Wine's own warnings are not the library's output.
        command.env("WINEDEBUG", "-all");
    }
    command
}

/// Has the kernel kill the process when the thread that starts it ends, even while it hangs in a library; a host that
/// ended before this is noticed by the closed channel. Under Wine this ends the program that runs the worker, and Wine
/// ends the worker with it.
///
/// Marks all descriptors but the standard ones to be closed by exec: a host may have opened some without that mark.
fn before_exec(priority: Priority, memory_limit: Option<u64>) -> io::Result<()> {
    // A failure leaves the worker's watch thread, which sees the channel close.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    const FIRST: libc::c_uint = 3;
    // SAFETY: the call takes numbers only. A kernel before 5.11 does not know it; then only what this host marked itself
    // is closed, as for every other program it starts.
    unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if let Some(limit) = memory_limit {
        // What this process may have itself cannot be exceeded without a privilege.
        let limit = getrlimit(Resource::Data).maximum.map_or(limit, |most| most.min(limit));
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        setrlimit(Resource::Data, limit)?;
    }
    let further = match priority {
        Priority::Idle => 19,
        Priority::Low => 10,
        Priority::Normal => return Ok(()),
        Priority::High => -10,
    };
    nice(further)?;
    Ok(())
}

/// Starts a process from a thread that stays for the life of this one: the worker has the kernel kill it when the
/// thread that started it ends, which must mean that the host ended.
fn spawn(command: Command) -> io::Result<Child> {
    type Job = (Command, mpsc::SyncSender<io::Result<Child>>);
    static SPAWNER: LastingThread<Job> = LastingThread::new("starts workers", |(mut command, answer)| {
        // Who asked is waiting; if it went away after all, the child is dropped and ends with its channel.
        let _ = answer.send(command.spawn());
    });
    let (answer, started) = mpsc::sync_channel(1);
    SPAWNER.send((command, answer)).map_err(|(_, error)| error)?;
    started.recv().map_err(|_| io::Error::other("the thread that starts workers has ended"))?
}
