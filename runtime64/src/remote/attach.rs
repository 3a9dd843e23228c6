//! Switching to shared memory, after the greeting of a worker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use protocol::Attach;
use protocol::link::{ARENA_START, CALL_AREA_BYTES, CONTROL_BYTES, Endpoint, Memory, SharedEndpoint, Side};

use super::client::{Client, RequestFailure};
use super::dump::Dumper;
use super::memory::{Arena, CallArea, Foreign};
use super::process::Process;
use super::settings::LinkKind;
use super::{Started, WorkerKind};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::{Offer, foreign_of};
#[cfg(windows)]
use windows::{Offer, foreign_of};

/// How long to wait for the exit of a worker to which nothing can be offered.
const LOOK: Duration = Duration::from_millis(100);

/// The requested link.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkOptions<'a> {
    pub(super) link: LinkKind,
    /// The arena's maximum size, in bytes.
    pub(super) arena_limit: u64,
    /// The folder for dumps, if they are requested.
    pub(super) crash_dir: Option<&'a Path>,
}

/// The connection to a running worker.
#[derive(Debug)]
pub(super) struct WorkerLink {
    pub(super) client: Client,
    /// The shared memory, or the reason why there is none.
    pub(super) shared: Result<SharedMemory, String>,
    pub(super) foreign: Arc<Foreign>,
    /// The dumper that runs when the worker crashes, or the reason why there is none; `None` if no dumps are requested.
    pub(super) dumper: Option<Result<Dumper, String>>,
}

/// The parts of the shared memory beside the rings.
#[derive(Debug)]
pub(super) struct SharedMemory {
    pub(super) arena: Arc<Arena>,
    pub(super) call_area: CallArea,
}

/// Switches to shared memory if possible, and stays with the plain channel otherwise.
///
/// # Errors
/// The worker exited or violated the protocol. Missing shared memory is not an error.
pub(super) fn attach(
    mut channel: Endpoint,
    process: &Process,
    kind: WorkerKind,
    options: LinkOptions<'_>,
) -> Result<WorkerLink, RequestFailure> {
    let foreign = |memory: Option<&Memory>| Arc::new(foreign_of(process, kind, memory));
    let plain = |channel, reason| WorkerLink {
        dumper: options.crash_dir.map(|_| Err(format!("no memory is shared with the worker: {reason}"))),
        client: Client::plain(channel),
        shared: Err(reason),
        foreign: foreign(None),
    };
    if options.link == LinkKind::Plain {
        return Ok(plain(channel, "the settings request it".to_owned()));
    }
    let bytes = ARENA_START + options.arena_limit;
    let memory = Memory::create(bytes);
    let offered = memory.and_then(|memory| Ok((Offer::new(process, kind, &memory)?, memory)));
    let (offer, memory) = match offered {
        Ok(offered) => offered,
        // No handles can be put into a process that has exited.
        Err(_) if process.wait(LOOK).is_some() => {
            return Err(RequestFailure::Ended { crash_report: None, started: Started::No });
        }
        Err(error) => return Ok(plain(channel, format!("the system refused shared memory: {error}"))),
    };
    // The host maps its own parts first: once the worker has switched there is no way back.
    let views = memory.map(0, CONTROL_BYTES).and_then(|control| Ok((control, CallArea::map(&memory)?)));
    let (control, call_area) = match views {
        Ok(views) => views,
        Err(error) => return Ok(plain(channel, format!("cannot map the shared memory: {error}"))),
    };
    let request = Attach { memory: offer.memory.clone(), bytes, doorbell: offer.doorbell.clone() };
    let mapped = match Client::ask(&mut channel, &request) {
        Ok(mapped) => mapped,
        Err(RequestFailure::Fault(fault)) => {
            return Ok(plain(channel, format!("the worker cannot open the shared memory: {fault}")));
        }
        Err(failure) => return Err(failure),
    };
    if !kind.can_hold(mapped.address, CALL_AREA_BYTES) {
        return Err(RequestFailure::Impossible("it reported mapped memory at an impossible address"));
    }
    let foreign = foreign(Some(&memory));
    // A separate view, which stays mapped for as long as the thread runs.
    let dumper = options.crash_dir.map(|folder| {
        let view = memory.map(0, CONTROL_BYTES);
        let dumper = view.and_then(|view| Dumper::start(folder, kind, Arc::clone(&foreign), view));
        dumper.map_err(|error| error.to_string())
    });
    let endpoint = SharedEndpoint::over(control, Side::Host, offer.into_doorbell(channel));
    let arena = Arc::new(Arena::new(memory, options.arena_limit));
    let shared = SharedMemory { arena, call_area: call_area.at(mapped.address) };
    Ok(WorkerLink { client: Client::shared(endpoint), shared: Ok(shared), foreign, dumper })
}
