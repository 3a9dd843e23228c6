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
use crate::remote::{Priority, ProcessOptions, Wine, windows_path};
use guard::GroupGuard;
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
    /// Present until the worker has begun, if Wine starts it.
    guard: Mutex<Option<GroupGuard>>,
    relays: Mutex<Vec<Relay>>,
}

impl Process {
    /// Starts `executable`, through Wine if one is given, with a channel as its standard input.
    pub(in crate::remote) fn start(
        executable: &Path,
        wine: Option<&Wine>,
        options: &ProcessOptions,
    ) -> io::Result<(Self, Endpoint)> {
        let (endpoint, worker_end) = link::pair()?;
        let channel = link::closer(&endpoint)?;
        let mut command = match wine {
            Some(wine) => wine_command(wine, executable),
            None => Command::new(executable),
        };
        keep_from_current_directory(&mut command);
        // A separate process group protects the worker from the terminal's Ctrl-C; the host decides what happens to a
        // call.
        command.stdin(worker_end).process_group(0);
        for (name, value) in &options.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = &options.directory {
            command.current_dir(directory);
        }
        let (priority, memory_limit) = (options.priority, options.memory_limit);
        let guard = wine.map(|_| GroupGuard::new()).transpose()?;
        let guarded = guard.as_ref().map(GroupGuard::descriptor);
        // SAFETY: the functions run between fork and exec and only make system calls, which are async-signal-safe and
        // touch no memory.
        unsafe {
            command
                .pre_exec(move || before_exec(priority, memory_limit).and_then(|()| guarded.map_or(Ok(()), guard::arm)))
        };
        // On a terminal, Wine would take it over to emulate a Windows console.
        let needs_relays = wine.is_some() && (io::stdout().is_terminal() || io::stderr().is_terminal());
        let relays = if needs_relays { Relay::of(&mut command)? } else { Vec::new() };
        let child = spawn(command).map_err(|error| options.explain(error))?;
        let process = Self { child: Mutex::new(child), channel, guard: Mutex::new(guard), relays: Mutex::new(relays) };
        Ok((process, endpoint))
    }

    /// Records that the worker's own program is running: from now on it notices the end of its host by itself, and
    /// programs started by a library may outlive it.
    pub(in crate::remote) fn begun(&self) {
        if let Some(guard) = self.take_guard() {
            guard.disarm();
        }
    }

    fn take_guard(&self) -> Option<GroupGuard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The process ID. Through Wine it is that of the program that Wine starts first.
    pub(in crate::remote) fn id(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// Closes the channel, whereupon an idle worker exits.
    pub(in crate::remote) fn close(&self) {
        // It may already be closed, as the worker has exited.
        let _ = rustix::net::shutdown(&self.channel, rustix::net::Shutdown::Both);
    }

    /// Kills the process. A program under Wine is not a child of this process: until it has begun, its guard ends it,
    /// and later the closing channel.
    pub(in crate::remote) fn kill(&self) {
        self.close();
        drop(self.take_guard());
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }

    /// Whether it has exited. This does not wait, not even for the rest of its output.
    pub(in crate::remote) fn has_ended(&self) -> bool {
        !matches!(self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait(), Ok(None))
    }

    /// Waits for the exit, for at most `limit`.
    pub(in crate::remote) fn wait(&self, limit: Duration) -> Option<Exit> {
        let deadline = Instant::now() + limit;
        let mut notice = None;
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
                // The host's program has collected its children itself: the worker has exited, in an unknown way.
                Err(_) => return Some(Exit::Code(-1)),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            // A descriptor is opened only if there is something to wait for: most calls only ask whether it has already
            // exited.
            let notice = notice.get_or_insert_with(|| ExitNotice::of(self.id()));
            notice.wait(left);
        }
    }
}

/// Cancelling the read of a channel is not necessary here: the end of the process shuts it down.
#[derive(Debug)]
pub(in crate::remote) struct Hangup;

impl Hangup {
    pub(in crate::remote) fn of(_: &Endpoint) -> Self {
        Self
    }

    pub(in crate::remote) fn call_off(&self) {}
}

/// A means to notice the exit of a process that has not been collected.
enum ExitNotice {
    /// A descriptor that becomes readable at the exit.
    Announced(OwnedFd),
    /// No descriptor, on kernels before 5.3 or if a filter refuses the call: the process is polled with pauses of this
    /// length.
    Unannounced(Duration),
}

impl ExitNotice {
    fn of(process: u32) -> Self {
        let id = i32::try_from(process).ok().and_then(Pid::from_raw);
        let descriptor = id.and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok());
        descriptor.map_or(Self::Unannounced(Duration::from_micros(100)), Self::Announced)
    }

    /// Waits for the exit, or for a while, for at most `limit`.
    fn wait(&mut self, limit: Duration) {
        match self {
            // If the host's program collects its children itself, the ID may belong to another process.
            Self::Announced(descriptor) => {
                let limit = Timespec::try_from(limit.min(Duration::from_millis(100))).ok();
                // An interrupted wait counts as a short one.
                let _ = poll(&mut [PollFd::new(descriptor, PollFlags::IN)], limit.as_ref());
            }
            Self::Unannounced(pause) => {
                thread::sleep((*pause).min(limit));
                *pause = (*pause * 2).min(Duration::from_millis(5));
            }
        }
    }
}

/// Removes entries from `LD_LIBRARY_PATH` that are not absolute folders: the loader would search the current directory
/// for them, which is also what an empty entry means.
fn keep_from_current_directory(command: &mut Command) {
    const VARIABLE: &str = "LD_LIBRARY_PATH";
    let Some(folders) = std::env::var_os(VARIABLE) else { return };
    // The loader treats semicolons like colons (ld.so(8)).
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

/// The program that starts a worker of the other width, so that it ends with the host even if the host ends meanwhile.
/// Without it, Wine starts the worker in its own way, which takes longer and may leave a process behind.
const LAUNCHER: &str = "worker32-launcher.exe";

/// The worker that Wine's loader itself runs.
const OF_THE_LOADERS_WIDTH: &str = "worker64.exe";

fn wine_command(wine: &Wine, executable: &Path) -> Command {
    let mut command = Command::new(wine.loader());
    let launcher = executable.with_file_name(LAUNCHER);
    if executable.ends_with(OF_THE_LOADERS_WIDTH) || !launcher.is_file() {
        command.arg(executable);
    } else {
        command.arg(launcher).arg(windows_path(executable));
    }
    // Wine detects the widths of a prefix by itself; if the user has set it to 32 bits, it refuses a prefix with both.
    command.env_remove("WINEARCH").envs(wine.environment());
    if std::env::var_os("WINEDEBUG").is_none() {
        // Wine's own warnings are not part of the library's output.
        command.env("WINEDEBUG", "-all");
    }
    command
}

/// Makes the kernel kill the process when the thread that starts it ends, even while it hangs in a library; if the host
/// has ended before this, the closed channel shows that. Under Wine this ends the program that runs the worker, and
/// Wine ends the worker with it.
///
/// Marks all descriptors but the standard ones as close-on-exec: a host may have opened some without that mark.
fn before_exec(priority: Priority, memory_limit: Option<u64>) -> io::Result<()> {
    // If it fails, the worker's watch thread remains, which notices that the channel closes.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    const FIRST: libc::c_uint = 3;
    // SAFETY: the call takes numbers only. A kernel before 5.11 does not support it; then only descriptors that the
    // host itself has marked are closed, as for every other program that it starts.
    unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if let Some(limit) = memory_limit {
        // The limit of this process itself cannot be exceeded without a privilege.
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

/// Starts a process from a thread that lives as long as this process: the kernel kills the worker when the thread that
/// started it ends, which must mean that the host has ended.
fn spawn(command: Command) -> io::Result<Child> {
    type SpawnRequest = (Command, mpsc::SyncSender<io::Result<Child>>);
    static SPAWNER: LastingThread<SpawnRequest> = LastingThread::new("starts workers", |(mut command, answer)| {
        // The requesting thread is waiting; if it is gone after all, the child is dropped and ends with its channel.
        let _ = answer.send(command.spawn());
    });
    let (answer, started) = mpsc::sync_channel(1);
    SPAWNER.send((command, answer)).map_err(|(_, error)| error)?;
    started.recv().map_err(|_| io::Error::other("the thread that starts workers has exited"))?
}
