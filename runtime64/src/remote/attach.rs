//! Going over to shared memory, once a worker has been greeted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use protocol::Attach;
use protocol::link::{ARENA_START, CALL_AREA_BYTES, CONTROL_BYTES, Endpoint, Memory, SharedEndpoint, Side};

use super::client::{Client, Failure};
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

/// How long it is looked whether a worker that cannot be offered anything has ended.
const LOOK: Duration = Duration::from_millis(100);

/// What link is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) link: LinkKind,
    /// How large the arena may grow, in bytes.
    pub(super) arena_limit: u64,
    /// Where dumps go, if they are wanted.
    pub(super) crash_dir: Option<&'a Path>,
}

/// What a running worker is asked and reached through.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    /// The memory that is shared, or why none is.
    pub(super) shared: Result<SharedMemory, String>,
    pub(super) foreign: Arc<Foreign>,
    /// What makes a dump of the worker when it crashes, or why nothing does, if one is wanted.
    pub(super) dumper: Option<Result<Dumper, String>>,
}

/// The parts of the shared memory beside the rings.
#[derive(Debug)]
pub(super) struct SharedMemory {
    pub(super) arena: Arc<Arena>,
    pub(super) call_area: CallArea,
}

/// Goes over to shared memory if it can be had, and stays with the plain channel otherwise.
///
/// # Errors
/// The worker's end or its breach of the protocol; that there is no memory is none.
pub(super) fn attach(
    mut channel: Endpoint,
    process: &Process,
    kind: WorkerKind,
    wanted: Wanted<'_>,
) -> Result<Link, Failure> {
    let foreign = |memory: Option<&Memory>| Arc::new(foreign_of(process, kind, memory));
    let plain = |channel, reason| Link {
        dumper: wanted.crash_dir.map(|_| Err(format!("no memory is shared with the worker, as {reason}"))),
        client: Client::plain(channel),
        shared: Err(reason),
        foreign: foreign(None),
    };
    if wanted.link == LinkKind::Plain {
        return Ok(plain(channel, "the settings ask for it".to_owned()));
    }
    let bytes = ARENA_START + wanted.arena_limit;
    let memory = Memory::create(bytes);
    let offered = memory.and_then(|memory| Ok((Offer::new(process, kind, &memory)?, memory)));
    let (offer, memory) = match offered {
        Ok(offered) => offered,
        // Nothing can be put into a process that has ended.
        Err(_) if process.wait(LOOK).is_some() => {
            return Err(Failure::Ended { last_words: None, started: Started::No });
        }
        Err(error) => return Ok(plain(channel, format!("the system gives no shared memory: {error}"))),
    };
    // The host's own parts are mapped first: once the worker has gone over there is no way back.
    let views = memory.map(0, CONTROL_BYTES).and_then(|control| Ok((control, CallArea::map(&memory)?)));
    let (control, call_area) = match views {
        Ok(views) => views,
        Err(error) => return Ok(plain(channel, format!("the shared memory cannot be mapped: {error}"))),
    };
    let request = Attach { memory: offer.memory.clone(), bytes, doorbell: offer.doorbell.clone() };
    let mapped = match Client::ask(&mut channel, &request) {
        Ok(mapped) => mapped,
        Err(Failure::Fault(fault)) => {
            return Ok(plain(channel, format!("the worker cannot open the shared memory: {fault}")));
        }
        Err(failure) => return Err(failure),
    };
    if !kind.can_hold(mapped.address, CALL_AREA_BYTES) {
        return Err(Failure::Impossible("it says that it has mapped memory where there is none"));
    }
    let foreign = foreign(Some(&memory));
    // A view of its own stays mapped for as long as the thread runs.
    let dumper = wanted.crash_dir.map(|folder| {
        let view = memory.map(0, CONTROL_BYTES);
        let dumper = view.and_then(|view| Dumper::start(folder, kind, Arc::clone(&foreign), view));
        dumper.map_err(|error| error.to_string())
    });
    let endpoint = SharedEndpoint::over(control, Side::Host, offer.into_doorbell(channel));
    let arena = Arc::new(Arena::new(memory, wanted.arena_limit));
    let shared = SharedMemory { arena, call_area: call_area.at(mapped.address) };
    Ok(Link { client: Client::shared(endpoint), shared: Ok(shared), foreign, dumper })
}
