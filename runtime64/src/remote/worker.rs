//! One worker: started when first asked, replaced after its death.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use protocol::{Call, Hello, Identity, Invoke, LastWords, VERSION};

use super::client::{Client, Failure};
use super::process::Process;
use super::{Death, RemoteError, Settings, Started, WorkerKind, locate, wine};

/// How long a worker may take to answer its first request.
const START_LIMIT: Duration = Duration::from_secs(10);
/// The same under Wine, which may create its whole prefix first.
const WINE_START_LIMIT: Duration = Duration::from_secs(120);

/// Which start of a worker something belongs to. Never 0.
pub type Generation = u64;

/// A worker of one kind.
#[derive(Debug)]
pub struct Worker {
    kind: WorkerKind,
    settings: Settings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The generation that runs, or ran last; 0 before the first.
    generation: Generation,
    running: Option<Running>,
}

/// The fields drop in this order: the channel closes first, then the end of the process is waited for.
#[derive(Debug)]
struct Running {
    client: Client,
    process: Arc<Process>,
}

impl Worker {
    /// A worker that is started when first asked.
    #[must_use]
    pub fn new(kind: WorkerKind, settings: Settings) -> Self {
        Self { kind, settings, state: Mutex::new(State { generation: 0, running: None }) }
    }

    /// What libraries it can load.
    #[must_use]
    pub fn kind(&self) -> WorkerKind {
        self.kind
    }

    /// The running worker, for one or more requests that must meet the same generation. Starts it if need be.
    ///
    /// # Errors
    /// All of [`RemoteError`]'s variants about the start.
    pub fn session(&self) -> Result<Session<'_>, RemoteError> {
        let mut state = self.lock();
        if state.running.is_none() {
            state.running = Some(start(self.kind, &self.settings)?);
            state.generation += 1;
        }
        Ok(Session { state })
    }

    /// Ends the worker. It starts again when asked again.
    pub fn stop(&self) {
        drop(self.lock().running.take());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in another thread leaves no half-changed state: `running` is replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker that runs, held for a sequence of requests.
#[derive(Debug)]
pub struct Session<'a> {
    state: MutexGuard<'a, State>,
}

impl Session<'_> {
    /// Which generation is being asked.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.state.generation
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// [`RemoteError::Fault`] and [`RemoteError::TooLarge`] leave the worker running; after [`RemoteError::Lost`] and
    /// [`RemoteError::Protocol`] the next session starts a new one.
    pub fn call<C: Call>(&mut self, request: &C) -> Result<C::Reply, RemoteError> {
        let Some(running) = &mut self.state.running else {
            return Err(RemoteError::Protocol("the worker ended earlier in this session".to_owned()));
        };
        let failure = match running.client.call(request) {
            Ok(reply) => return Ok(reply),
            Err(Failure::Fault(fault)) => return Err(RemoteError::Fault(fault)),
            Err(Failure::TooLarge(error)) => return Err(RemoteError::TooLarge(error.to_string())),
            Err(failure) => failure,
        };
        let error = match failure {
            Failure::NotSent => {
                let last_words = running.client.last_words();
                RemoteError::Lost(running.bury(last_words, Started::No))
            }
            Failure::NoReply(Some(words)) => {
                // A fault outside a call may have come before the function or after it.
                let certain = C::NUMBER != Invoke::NUMBER || words.in_call;
                let started = if certain { Started::Yes } else { Started::Unknown };
                RemoteError::Lost(running.bury(Some(words), started))
            }
            Failure::NoReply(None) => RemoteError::Lost(running.bury(None, Started::Unknown)),
            broken => RemoteError::Protocol(broken.to_string()),
        };
        self.state.running = None;
        Err(error)
    }
}

impl Running {
    /// Collects the process of a worker whose channel has closed.
    fn bury(&self, last_words: Option<LastWords>, started: Started) -> Death {
        Death { exit: self.process.end(), last_words, started }
    }
}

/// Starts a worker and greets it.
fn start(kind: WorkerKind, settings: &Settings) -> Result<Running, RemoteError> {
    let path = locate::executable(kind, settings)?;
    let loader = if kind.needs_wine() { Some(wine::loader(settings)?) } else { None };
    let (process, endpoint) = Process::start(&path, loader.as_deref()).map_err(|source| {
        let path = loader.clone().unwrap_or_else(|| path.clone());
        RemoteError::Spawn { kind, through_wine: loader.is_some(), path, source }
    })?;
    let mut running = Running { client: Client::new(endpoint), process: Arc::new(process) };
    let limit = if kind.needs_wine() { WINE_START_LIMIT } else { START_LIMIT };
    let identity = greet(&mut running, kind, &path, limit)?;
    let fits = identity.version == VERSION
        && identity.platform == kind.platform
        && identity.machine == kind.machine
        && identity.pointer_bits == kind.pointer_bits();
    if fits { Ok(running) } else { Err(RemoteError::WrongWorker { kind, path, identity }) }
}

/// The first request, with a watchdog that ends a process that does not answer: a channel's own time limits do not
/// exist on every platform.
fn greet(running: &mut Running, kind: WorkerKind, path: &Path, limit: Duration) -> Result<Identity, RemoteError> {
    let (answered, watched) = mpsc::channel::<()>();
    let process = Arc::clone(&running.process);
    let watchdog = thread::spawn(move || {
        let silent = watched.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
        if silent {
            process.kill();
        }
        silent
    });
    let greeting = running.client.call(&Hello { version: VERSION });
    drop(answered);
    let silent = watchdog.join().unwrap_or(false);
    let path = path.to_path_buf();
    match greeting {
        Ok(identity) => Ok(identity),
        Err(_) if silent => Err(RemoteError::SilentAtStart { kind, path, limit }),
        Err(Failure::NotSent | Failure::NoReply(_)) => {
            let exit = running.bury(None, Started::No).exit;
            Err(RemoteError::EndedAtStart { kind, path, exit })
        }
        Err(Failure::Fault(fault)) => Err(RemoteError::Fault(fault)),
        Err(failure) => Err(RemoteError::Protocol(format!("{} is no worker: {failure}", path.display()))),
    }
}
