//! Starting a worker: its process, the greeting, and the link for its requests.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use protocol::link::Endpoint;
use protocol::{CrashReport, Hello, Identity, Stage, VERSION};

use super::attach::{LinkOptions, WorkerLink, attach};
use super::client::{Client, RequestFailure};
use super::dump::Dumper;
use super::kill_handle::OwnedKillHandle;
use super::process::{Hangup, Process};
use super::{Deadline, Death, Exit, RemoteError, Settings, Started, Wine, WorkerKind, locate, watchdog};
use start_watch::{StartWatch, Unsettled};

mod start_watch;

/// How long a worker may take to answer its first request.
const START_LIMIT: Duration = Duration::from_secs(10);
/// The same under Wine, which may first create its whole prefix.
const WINE_START_LIMIT: Duration = Duration::from_secs(120);

/// A running worker. The fields drop in this order: the link closes first, then the process is waited for.
#[derive(Debug)]
pub(super) struct RunningWorker {
    pub(super) link: WorkerLink,
    pub(super) kill_handle: OwnedKillHandle,
    /// The Wine prefix that it runs in, if it runs under Wine.
    wine_prefix: Option<PathBuf>,
}

impl RunningWorker {
    /// Collects the process of a worker whose link has closed.
    pub(super) fn bury(&self, crash_report: Option<Box<CrashReport>>, started: Started) -> Death {
        let exit = self.kill_handle.process.end();
        // A report written before the end was certain is valid if the process ended for the reported cause.
        let holds = |words: &CrashReport| words.stage == Stage::Final || exit.is_of(words.code);
        let crash_report = crash_report.filter(|words| holds(words));
        let mut death = Death { wine_prefix: self.wine_prefix.clone(), ..Death::new(exit, crash_report, started) };
        if let Some(dumper) = self.link.dumper.as_ref().filter(|_| death.is_crash()) {
            death.dump = Some(dumper.as_ref().map_err(Clone::clone).and_then(Dumper::finish));
        }
        death
    }

    /// Records that the worker has exited, or is about to: the arena's content is invalid from now on.
    pub(super) fn bury_arena(&self) {
        if let Ok(shared) = &self.link.shared {
            shared.arena.bury();
        }
    }

    /// Waits for the worker's answer, visibly to other threads.
    #[inline]
    pub(super) fn awaited<T>(&mut self, ask: impl FnOnce(&mut Client) -> T) -> T {
        self.kill_handle.set_awaited(true);
        let answer = ask(&mut self.link.client);
        self.kill_handle.set_awaited(false);
        answer
    }

    /// Terminates the worker at a given time, unless the returned deadline is dropped before.
    pub(super) fn limit(&self, at: Instant) -> Deadline {
        Deadline::new(&self.kill_handle, at)
    }
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.bury_arena();
    }
}

/// The number of attempts to run a worker before Wine's report of a failure is accepted: on a busy machine the new
/// process may exit before the first instruction of the program.
const WINE_TRIES: u32 = 3;

/// The exits of the program that launches a worker under Wine if the worker could not be started, or Wine lost it
/// before it had begun.
const NOT_STARTED: [Exit; 2] = [Exit::Code(0), Exit::Code(1)];

/// Starts a worker, greets it, and switches to shared memory.
pub(super) fn start(kind: WorkerKind, settings: &Settings) -> Result<RunningWorker, RemoteError> {
    let crash_dir = settings.crash_dir.as_deref();
    let options = LinkOptions { link: settings.link()?, arena_limit: settings.arena_limit()?, crash_dir };
    let path = locate::executable(kind, settings)?;
    let wine = if kind.needs_wine() { Some(Wine::of(settings)?) } else { None };
    wine.as_ref().map_or(Ok(()), Wine::prepare)?;
    let mut started = attempt(kind, &path, wine.as_ref(), options, settings);
    for _ in 1..WINE_TRIES {
        match &started {
            // No library code has run, so trying again repeats nothing.
            Err(RemoteError::EndedAtStart { exit, .. }) if wine.is_some() && NOT_STARTED.contains(exit) => {
                started = attempt(kind, &path, wine.as_ref(), options, settings);
            }
            _ => break,
        }
    }
    if let Ok(running) = &started {
        settings.interrupt.watch(&running.kill_handle);
    }
    started
}

fn attempt(
    kind: WorkerKind,
    path: &Path,
    wine: Option<&Wine>,
    options: LinkOptions<'_>,
    settings: &Settings,
) -> Result<RunningWorker, RemoteError> {
    // The thread that enforces the deadline of the start, and all later ones, exists before the worker does.
    let started = watchdog::start().and_then(|()| Process::start(path, wine, &settings.process_options));
    let (process, mut channel) = started.map_err(|source| {
        let path = wine.map_or(path, Wine::loader).to_path_buf();
        RemoteError::Spawn { kind, through_wine: wine.is_some(), path, source }
    })?;
    let kill_handle = OwnedKillHandle::of(process);
    let process = &kill_handle.process;
    let limit = if kind.needs_wine() { WINE_START_LIMIT } else { START_LIMIT };
    let hangup = Hangup::of(&channel);
    let watch = StartWatch::start(&kill_handle, hangup, limit);
    let outcome = greet(&mut channel).and_then(|identity| {
        process.begun();
        if fits(&identity, kind) { Ok(Ok(attach(channel, process, kind, options)?)) } else { Ok(Err(identity)) }
    });
    match watch.settle(outcome) {
        Ok(Ok(link)) => {
            let wine_prefix = wine.map(|wine| wine.prefix().to_path_buf());
            Ok(RunningWorker { link, kill_handle, wine_prefix })
        }
        Ok(Err(identity)) => Err(RemoteError::WrongWorker { kind, path: path.to_path_buf(), identity }),
        Err(Unsettled::Silent) => Err(RemoteError::SilentAtStart { kind, path: path.to_path_buf(), limit }),
        Err(Unsettled::Failed(failure)) => Err(start_failure(failure, kind, path, process)),
    }
}

fn greet(channel: &mut Endpoint) -> Result<Identity, RequestFailure> {
    Client::ask(channel, &Hello { version: VERSION })
}

fn fits(identity: &Identity, kind: WorkerKind) -> bool {
    identity.version == VERSION
        && identity.platform == kind.platform
        && identity.machine == kind.machine
        && identity.pointer_bits == kind.pointer_bits()
}

fn start_failure(failure: RequestFailure, kind: WorkerKind, path: &Path, process: &Process) -> RemoteError {
    match failure {
        RequestFailure::Ended { .. } => {
            RemoteError::EndedAtStart { kind, path: path.to_path_buf(), exit: process.end() }
        }
        RequestFailure::Fault(fault) => RemoteError::RefusedAtStart { kind, path: path.to_path_buf(), fault },
        failure => RemoteError::Protocol(format!("{} is not a worker: {failure}", path.display())),
    }
}
