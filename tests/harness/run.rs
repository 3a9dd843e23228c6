//! Programs run under a watchdog: a test that hangs ends, with what was printed so far.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::output::Output;
use crate::process::{MARK, Process, Role, holders, processes};
use crate::spawn::spawn;
use crate::wait::wait_until;

/// How long a program's output may stay open after the program has ended.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// A running program. Dropped, it and everything it has started is ended.
#[derive(Debug)]
pub struct Run {
    child: Child,
    command: String,
    mark: String,
    deadline: Instant,
    limit: Duration,
    input: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
}

/// Runs a program to its end.
///
/// # Panics
/// If it does not end within the limit, or cannot be started.
#[track_caller]
#[must_use]
pub fn run(command: Command, limit: Duration) -> Output {
    Run::start(command, limit).finish()
}

/// The same with this text as its standard input.
///
/// # Panics
/// If it does not end within the limit, or cannot be started.
#[track_caller]
#[must_use]
pub fn run_with_input(mut command: Command, input: &str, limit: Duration) -> Output {
    command.stdin(Stdio::piped());
    let mut run = Run::start(command, limit);
    run.write(input);
    run.finish()
}

impl Run {
    /// Starts a program in a process group of its own.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    #[must_use]
    pub fn start(mut command: Command, limit: Duration) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        command.env(MARK, &mark).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = spawn(&mut command).unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let stdout = Stream::collect(child.stdout.take());
        let stderr = Stream::collect(child.stderr.take());
        let input = child.stdin.take();
        Self {
            child,
            command: format!("{command:?}"),
            mark,
            deadline: Instant::now() + limit,
            limit,
            input,
            stdout,
            stderr,
        }
    }

    /// Writes to its standard input, which must be piped. That it has ended is seen elsewhere.
    pub fn write(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(text.as_bytes()).and_then(|()| input.flush());
        }
    }

    /// Waits until standard output holds a text.
    ///
    /// # Panics
    /// If the limit passes or the program ends before that.
    #[track_caller]
    pub fn wait_for_stdout(&mut self, text: &str) {
        self.wait_for(text, |run| run.stdout.text());
    }

    /// Waits until standard error holds a text.
    ///
    /// # Panics
    /// If the limit passes or the program ends before that.
    #[track_caller]
    pub fn wait_for_stderr(&mut self, text: &str) {
        self.wait_for(text, |run| run.stderr.text());
    }

    /// What it has printed to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    #[track_caller]
    fn wait_for(&mut self, text: &str, seen: impl Fn(&Self) -> String) {
        let found = wait_until(self.time_left(), || {
            // Looked at in this order, a text printed just before the end is still found.
            let ended = self.ended();
            if seen(self).contains(text) { Some(true) } else { ended.then_some(false) }
        });
        match found {
            Some(true) => {}
            Some(false) if wait_until(CLOSE_LIMIT, || seen(self).contains(text).then_some(())).is_some() => {}
            Some(false) => panic!("the program ended before it printed {text:?}\n{}", self.so_far()),
            None => panic!("{text:?} was not printed within {:?}\n{}", self.limit, self.so_far()),
        }
    }

    /// Closes its standard input, waits for its end, and gives what it printed.
    ///
    /// # Panics
    /// If it does not end within the limit, or something that outlives it holds its output.
    #[track_caller]
    #[must_use]
    pub fn finish(self) -> Output {
        self.finish_unless(|| false).expect("nothing is ever lost")
    }

    /// The same, but gives up once what the program depends on is lost, with what it has printed so far.
    ///
    /// # Panics
    /// As [`finish`](Self::finish).
    #[track_caller]
    pub fn finish_unless(mut self, mut is_lost: impl FnMut() -> bool) -> Result<Output, String> {
        drop(self.input.take());
        let ended = wait_until(self.time_left(), || match self.child.try_wait().ok().flatten() {
            Some(status) => Some(Some(status)),
            None => is_lost().then_some(None),
        });
        match ended {
            Some(Some(status)) => Ok(self.output(status)),
            Some(None) => Err(self.stdout.text()),
            None => panic!("the program did not end within {:?}\n{}", self.limit, self.so_far()),
        }
    }

    /// What it has printed, once that is all.
    #[track_caller]
    fn output(&self, status: ExitStatus) -> Output {
        let closed = || (self.stdout.is_closed() && self.stderr.is_closed()).then_some(());
        assert!(
            wait_until(CLOSE_LIMIT, closed).is_some() || self.is_held_by_wine_alone(),
            "the program has ended, but its output is still held open\n{}",
            self.so_far()
        );
        Output { status, stdout: self.stdout.text(), stderr: self.stderr.text() }
    }

    /// Asserts that its limit has not passed, for tests that wait in ways of their own.
    ///
    /// # Panics
    /// If it has.
    #[track_caller]
    pub fn assert_in_time(&self) {
        assert!(!self.time_left().is_zero(), "the program did not end within {:?}\n{}", self.limit, self.so_far());
    }

    /// Waits for its end, at most this long.
    pub fn wait_for_end(&mut self, limit: Duration) -> Option<ExitStatus> {
        wait_until(limit, || self.child.try_wait().ok().flatten())
    }

    /// Its workers that have not ended.
    #[must_use]
    pub fn workers(&self) -> Vec<Process> {
        self.with_role(Role::Worker)
    }

    /// Its hosts that have not ended.
    #[must_use]
    pub fn hosts(&self) -> Vec<Process> {
        self.with_role(Role::Host)
    }

    /// Ends the host at once, as `kill -9` does, and leaves its workers to themselves.
    #[cfg(unix)]
    pub fn kill_host(&mut self) {
        for host in self.hosts() {
            host.kill();
        }
    }

    /// Ends its workers at once, as `kill -9` does.
    #[cfg(unix)]
    pub fn kill_workers(&mut self) {
        for worker in self.workers() {
            worker.kill();
        }
    }

    /// Interrupts its process group, as Ctrl-C on a terminal does.
    #[cfg(unix)]
    pub fn interrupt(&mut self) {
        if let Some(group) = self.group() {
            // It may have ended already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::INT);
        }
    }

    /// Waits until it has no process any more, as must be once it has ended or was killed. A worker that is being
    /// started still looks like its host.
    ///
    /// # Panics
    /// If one is left when the limit has passed.
    #[track_caller]
    pub fn assert_nothing_left_within(&self, limit: Duration) {
        assert!(self.is_nothing_left_within(limit), "a process is left after {limit:?}\n{}", self.so_far());
    }

    /// Waits until it has no process any more, and gives whether that came to pass.
    #[must_use]
    pub fn is_nothing_left_within(&self, limit: Duration) -> bool {
        let is_ours = |process: &Process| process.role() != Role::Other;
        wait_until(limit, || (!processes(&self.mark).iter().any(is_ours)).then_some(())).is_some()
    }

    /// Whether nothing has its output open but Wine's system processes. The first program to use Wine hands them its output,
    /// which they keep open for as long as they live, and never print; and Wine's server keeps what it has handed to a process
    /// that it has forgotten while it created it.
    fn is_held_by_wine_alone(&self) -> bool {
        let holders = self.holders();
        !holders.is_empty() && holders.iter().all(|process| process.role() == Role::Other)
    }

    /// Who has its output open.
    fn holders(&self) -> Vec<Process> {
        [&self.stdout, &self.stderr].into_iter().filter_map(|stream| stream.pipe).flat_map(holders).collect()
    }

    fn with_role(&self, role: Role) -> Vec<Process> {
        processes(&self.mark).into_iter().filter(|process| process.role() == role).collect()
    }

    #[cfg(unix)]
    fn group(&self) -> Option<rustix::process::Pid> {
        i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
    }

    fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What is known, for a failure's message.
    fn so_far(&self) -> String {
        let list = |processes: Vec<Process>| processes.iter().map(|process| format!("{process}\n")).collect::<String>();
        format!(
            "--- command\n{}\n--- stdout so far\n{}\n--- stderr so far\n{}\n--- its processes\n{}--- who has its output open\n{}---",
            self.command,
            self.stdout.text(),
            self.stderr.text(),
            list(processes(&self.mark)),
            list(self.holders())
        )
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        #[cfg(unix)]
        {
            if let Some(group) = self.group() {
                // Nothing may be left of the group.
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            // Wine's system processes stay: other tests use them too.
            processes(&self.mark).iter().filter(|process| process.role() != Role::Other).for_each(Process::kill);
        }
        let _ = self.child.wait();
    }
}

/// The reading end of a pipe.
#[cfg(unix)]
trait Pipe: Read + Send + std::os::fd::AsFd + 'static {}
#[cfg(unix)]
impl<T: Read + Send + std::os::fd::AsFd + 'static> Pipe for T {}
#[cfg(windows)]
trait Pipe: Read + Send + 'static {}
#[cfg(windows)]
impl<T: Read + Send + 'static> Pipe for T {}

/// The number by which the system knows a pipe.
#[cfg(unix)]
fn number(pipe: &impl Pipe) -> Option<u64> {
    rustix::fs::fstat(pipe).ok().map(|status| status.st_ino)
}
#[cfg(windows)]
fn number(_: &impl Pipe) -> Option<u64> {
    None
}

/// One of a program's output streams, collected as it comes so that the program never waits for its reader.
#[derive(Clone, Debug, Default)]
struct Stream {
    /// The number by which the system knows the pipe, where it tells.
    pipe: Option<u64>,
    collected: Arc<Mutex<Collected>>,
}

#[derive(Debug, Default)]
struct Collected {
    bytes: Vec<u8>,
    closed: bool,
}

impl Stream {
    fn collect(source: Option<impl Pipe>) -> Self {
        let stream = Self { pipe: source.as_ref().and_then(number), ..Self::default() };
        let collected = Arc::clone(&stream.collected);
        thread::spawn(move || {
            let lock = || collected.lock().unwrap_or_else(PoisonError::into_inner);
            let mut buffer = [0; 4096];
            if let Some(mut source) = source {
                while let Ok(length @ 1..) = source.read(&mut buffer) {
                    lock().bytes.extend_from_slice(&buffer[..length]);
                }
            }
            lock().closed = true;
        });
        stream
    }

    fn text(&self) -> String {
        let collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&collected.bytes).replace("\r\n", "\n")
    }

    fn is_closed(&self) -> bool {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner).closed
    }
}
