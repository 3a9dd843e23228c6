//! A worker that runs, held for a sequence of requests.

use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use protocol::{Allocate, Call, CallbackReply, ReadString, Release, Value, WriteMemory, limits};
use serde::de::DeserializeOwned;

use super::alarm::Limit;
use super::client::{Answer, Failure};
use super::control::Ending;
use super::memory::{AccessError, Allocation};
use super::start::Running;
use super::worker::State;
use super::{Deadline, Generation, RemoteError, Worker};

/// A worker that runs, held for a sequence of requests.
#[derive(Debug)]
pub struct Session<'a> {
    worker: &'a Worker,
    state: MutexGuard<'a, State>,
}

impl<'a> Session<'a> {
    pub(super) fn new(worker: &'a Worker, state: MutexGuard<'a, State>) -> Self {
        Self { worker, state }
    }

    /// Whether it is this worker that is held.
    #[must_use]
    pub fn is_of(&self, worker: &Worker) -> bool {
        std::ptr::eq(self.worker, worker)
    }

    /// Which generation is being asked.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.state.generation
    }

    /// Whether this is the first to ask since the worker was started anew.
    #[inline]
    pub fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.state.is_restarted)
    }

    /// Counts a call that goes on while the worker answers other requests, or one that does no longer: for as long as there is
    /// one, the worker is not replaced.
    pub fn count_job(&mut self, is_started: bool) {
        let jobs = &mut self.state.jobs;
        *jobs = if is_started { *jobs + 1 } else { jobs.saturating_sub(1) };
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// [`RemoteError::Fault`] and [`RemoteError::TooLarge`] leave the worker running; after [`RemoteError::Lost`] and
    /// [`RemoteError::Protocol`] the next session starts a new one.
    pub fn call<C: Call>(&mut self, request: &C) -> Result<C::Reply, RemoteError> {
        let state = &mut *self.state;
        let counters = &self.worker.counters;
        counters.requests.add(1);
        let Some(running) = &mut state.running else {
            return Err(ended_earlier());
        };
        let _limit = self.worker.call_deadline().map(|limit| running.limit(Instant::now() + limit));
        let reply = running.awaited(|client| client.call(request));
        running.link.client.count_traffic(counters);
        reply.map_err(|failure| self.failed(failure))
    }

    /// Sends a request that runs functions of a library, and waits for its reply, or for a callback that must be served
    /// first: the session is then let go of while that runs, and the next one [resumes](Self::resume).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn converse<C: Call>(&mut self, request: &C) -> Result<Answer<C::Reply>, RemoteError> {
        let state = &mut *self.state;
        let counters = &self.worker.counters;
        counters.requests.add(1);
        counters.calls.add(1);
        let Some(running) = &mut state.running else {
            return Err(ended_earlier());
        };
        if self.worker.interrupt().is_requested() && self.worker.interrupt().take() {
            return Err(RemoteError::Interrupted(None));
        }
        let answer = running.awaited(|client| client.converse(request, &mut state.called_with));
        running.link.client.count_traffic(counters);
        self.answered(answer)
    }

    /// Tells the worker a callback's result and goes on waiting for the reply.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn resume<R: DeserializeOwned>(&mut self, reply: &CallbackReply) -> Result<Answer<R>, RemoteError> {
        let state = &mut *self.state;
        let Some(running) = &mut state.running else {
            return Err(ended_earlier());
        };
        if let Ok(shared) = &mut running.link.shared {
            shared.call_area.resume();
        }
        state.held.pop();
        let answer = running.awaited(|client| client.resume(reply, &mut state.called_with));
        running.link.client.count_traffic(&self.worker.counters);
        self.answered(answer)
    }

    fn answered<R>(&mut self, answer: Result<Answer<R>, Failure>) -> Result<Answer<R>, RemoteError> {
        match answer {
            Ok(answer) => {
                if matches!(answer, Answer::Called(_)) {
                    self.hold();
                }
                Ok(answer)
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// Keeps what was lent for the call that waits for a callback of its.
    fn hold(&mut self) {
        let state = &mut *self.state;
        state.held.push(state.lent.len());
        if let Some(Running { link, .. }) = &mut state.running
            && let Ok(shared) = &mut link.shared
        {
            shared.call_area.hold();
        }
    }

    /// The arguments that a callback was called with, in a list that is to be given back.
    #[must_use]
    pub fn take_called_with(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.state.called_with)
    }

    /// Gives that list back.
    pub fn give_back_called_with(&mut self, arguments: Vec<Value>) {
        self.state.called_with = arguments;
    }

    /// Ends the worker at a moment, if it is not told before then that it need not be.
    #[must_use]
    pub fn limit(&self, at: Instant) -> Option<Deadline> {
        self.state.running.as_ref().map(|running| running.limit(at))
    }

    /// The same for a call that goes on beside those that are waited for.
    #[must_use]
    pub fn limit_job(&self, at: Instant) -> Option<Limit> {
        self.state.running.as_ref().map(|running| Limit::new(&running.control, at))
    }

    /// An empty list for the arguments of one call, which keeps its room from call to call. A worker that sleeps wakes up
    /// while the list is filled.
    #[must_use]
    pub fn take_arguments(&mut self) -> Vec<Value> {
        if let Some(running) = &mut self.state.running {
            running.link.client.rouse();
        }
        std::mem::take(&mut self.state.arguments)
    }

    /// Gives the list back.
    pub fn give_back(&mut self, mut arguments: Vec<Value>) {
        arguments.clear();
        self.state.arguments = arguments;
    }

    /// Puts bytes, and some zeros after them, where the function that is called next can read them, and gives the argument
    /// that stands for their address.
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] for more than a message may hold where memory is not shared, otherwise those of
    /// allocating.
    pub fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, RemoteError> {
        let Some(running) = &mut self.state.running else {
            return Err(ended_earlier());
        };
        let Ok(shared) = &mut running.link.shared else {
            return in_message(bytes, zeros);
        };
        self.worker.counters.sent.add(bytes.len() as u64);
        if let Some(address) = shared.call_area.put(bytes, zeros) {
            return Ok(Value::Integer(address as i64));
        }
        let allocation = self.allocate(bytes.len() as u64 + zeros as u64, 1)?;
        let address = allocation.address();
        allocation.write(0, bytes)?;
        allocation.write(bytes.len() as u64, &vec![0; zeros])?;
        if let Some(Running { link, .. }) = &mut self.state.running
            && let Ok(shared) = &mut link.shared
        {
            shared.call_area.keep(allocation);
        }
        Ok(Value::Integer(address as i64))
    }

    /// Makes room for what the function that is called next may read and write, beginning with these bytes and filled up
    /// with zeros, and gives its address. It can be read until the session ends.
    ///
    /// # Errors
    /// Those of allocating.
    pub fn lend_room(&mut self, bytes: &[u8], zeros: usize) -> Result<u64, RemoteError> {
        if self.shares_memory() {
            return match self.lend(bytes, zeros)? {
                Value::Integer(address) => Ok(address as u64),
                _ => Err(RemoteError::Protocol("memory that is shared has no address".to_owned())),
            };
        }
        let room = bytes.len() as u64 + zeros as u64;
        let address = self.call(&Allocate { bytes: room.max(1), align: 16 })?.address;
        self.check_place(address, room)?;
        self.state.lent.push(address);
        self.write(address, bytes)?;
        Ok(address)
    }

    /// Lets go of what was lent for a call that is over.
    fn take_back(&mut self) {
        if let Some(Running { link, .. }) = &mut self.state.running
            && let Ok(shared) = &mut link.shared
        {
            shared.call_area.clear();
        }
        let held = self.state.held.last().copied().unwrap_or(0);
        while self.state.lent.len() > held
            && let Some(address) = self.state.lent.pop()
        {
            // The worker's end takes the memory along.
            let _ = self.call(&Release { address });
        }
    }

    /// Whether memory is shared with the worker.
    pub(super) fn shares_memory(&self) -> bool {
        self.state.running.as_ref().is_some_and(|running| running.link.shared.is_ok())
    }

    /// Allocates zeroed memory of this worker that stays until it is let go of. Where memory is shared, the worker is asked only
    /// when the arena must grow.
    ///
    /// # Errors
    /// As [`Worker::allocate`].
    pub fn allocate_lasting(
        &mut self,
        worker: &Arc<Worker>,
        bytes: u64,
        align: u64,
    ) -> Result<Allocation, RemoteError> {
        if self.shares_memory() {
            let allocation = self.allocate(bytes, align)?;
            allocation.clear();
            return Ok(allocation);
        }
        worker.release_lent(self)?;
        let address = self.call(&Allocate { bytes, align })?.address;
        self.check_place(address, bytes)?;
        Ok(Allocation::lent(Arc::clone(worker), self.generation(), address, bytes))
    }

    /// Allocates in the arena, whatever the memory holds.
    pub(super) fn allocate(&mut self, bytes: u64, align: u64) -> Result<Allocation, RemoteError> {
        let arena = match &self.state.running {
            Some(Running { link, .. }) => link.shared.as_ref().map(|shared| &shared.arena).ok().cloned(),
            None => None,
        };
        let arena = arena.ok_or_else(ended_earlier)?;
        if let Some(allocation) = arena.allocate(bytes, align) {
            return Ok(allocation);
        }
        let full = || RemoteError::ArenaFull { bytes, usage: arena.usage() };
        let segment = arena.next_segment(bytes, align).ok_or_else(full)?;
        let mapped = self.call(&segment)?;
        self.check_place(mapped.address, segment.bytes)?;
        arena.add(&segment, mapped.address).map_err(|_| full())?;
        arena.allocate(bytes, align).ok_or_else(full)
    }

    /// Copies memory of the worker.
    ///
    /// # Errors
    /// [`RemoteError::Unmapped`], and those of asking the worker where the system does not allow to reach its memory.
    pub fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), RemoteError> {
        let link = &self.running()?.link;
        if let Ok(shared) = &link.shared {
            if shared.call_area.read(address, into) {
                return Ok(());
            }
            if let Some(place) = shared.arena.find(address, into.len() as u64) {
                place.read(into);
                return Ok(());
            }
        }
        match link.foreign.read(address, into) {
            Ok(()) => Ok(()),
            Err(AccessError::Unmapped { address, access }) => Err(RemoteError::Unmapped { address, access }),
            Err(AccessError::Refused) => self.ask_to_read(address, into),
        }
    }

    /// Asks the worker for a copy, by messages of the size that fits.
    fn ask_to_read(&mut self, address: u64, into: &mut [u8]) -> Result<(), RemoteError> {
        for (index, part) in into.chunks_mut(limits::STRING_BYTES as usize).enumerate() {
            let address = address.saturating_add(index as u64 * u64::from(limits::STRING_BYTES));
            let reply = self.call(&ReadString { address, length: Some(part.len() as u32) })?;
            match reply {
                Value::Bytes(bytes) if bytes.len() == part.len() => part.copy_from_slice(&bytes),
                _ => return Err(self.break_off("it answered with other bytes than were asked for")),
            }
        }
        Ok(())
    }

    /// Copies bytes into the worker's memory. Those before an address that cannot be written may have been written.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), RemoteError> {
        let link = &self.running()?.link;
        if let Ok(shared) = &link.shared
            && let Some(place) = shared.arena.find(address, bytes.len() as u64)
        {
            place.write(bytes);
            return Ok(());
        }
        match link.foreign.write(address, bytes) {
            Ok(()) => Ok(()),
            Err(AccessError::Unmapped { address, access }) => Err(RemoteError::Unmapped { address, access }),
            Err(AccessError::Refused) => {
                for (index, part) in bytes.chunks(limits::STRING_BYTES as usize).enumerate() {
                    let address = address.saturating_add(index as u64 * u64::from(limits::STRING_BYTES));
                    self.call(&WriteMemory { address, bytes: part.to_vec() })?;
                }
                Ok(())
            }
        }
    }

    /// Copies the bytes before the first zero byte.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`RemoteError::TooLarge`] for a string over [`limits::STRING_BYTES`].
    pub fn read_to_zero(&mut self, address: u64) -> Result<Vec<u8>, RemoteError> {
        let limit = limits::STRING_BYTES as usize;
        match self.running()?.link.foreign.read_to_zero(address, limit) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(RemoteError::TooLarge(format!("a string without a zero in its first {limit} bytes"))),
            Err(AccessError::Unmapped { address, access }) => Err(RemoteError::Unmapped { address, access }),
            Err(AccessError::Refused) => match self.call(&ReadString { address, length: None })? {
                Value::Bytes(bytes) => Ok(bytes),
                _ => Err(self.break_off("it answered with something else than bytes")),
            },
        }
    }

    /// Ends a worker that says what cannot be.
    #[cold]
    pub fn break_off(&mut self, why: &'static str) -> RemoteError {
        self.failed(Failure::Impossible(why))
    }

    /// Refuses an address that a worker gave for memory, if it can have none there.
    fn check_place(&mut self, address: u64, bytes: u64) -> Result<(), RemoteError> {
        if self.worker.kind().can_hold(address, bytes) {
            return Ok(());
        }
        Err(self.break_off("it says that it has memory where there is none"))
    }

    fn running(&self) -> Result<&Running, RemoteError> {
        self.state.running.as_ref().ok_or_else(ended_earlier)
    }

    /// What a failure means, and the end of the worker if it means that.
    #[cold]
    fn failed(&mut self, failure: Failure) -> RemoteError {
        let error = match (failure, &self.state.running) {
            (Failure::Fault(fault), _) => return RemoteError::Fault(fault),
            (Failure::TooLarge(error), _) => return RemoteError::TooLarge(error.to_string()),
            (Failure::Ended { last_words, started }, Some(running)) => {
                let death = running.bury(last_words, started);
                match running.control.ending() {
                    Some(Ending::Expired) => RemoteError::TimedOut(death),
                    Some(Ending::Interrupted) => {
                        self.worker.interrupt().take();
                        RemoteError::Interrupted(Some(death))
                    }
                    Some(Ending::Dismissed) | None => RemoteError::Lost(death),
                }
            }
            (failure, _) => RemoteError::Protocol(failure.to_string()),
        };
        self.state.running = None;
        self.worker.counters.running.set(0);
        self.worker.counters.deaths.add(1);
        self.state.lent.clear();
        self.state.held.clear();
        error
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}

fn ended_earlier() -> RemoteError {
    RemoteError::Protocol("the worker ended earlier in this session".to_owned())
}

/// An argument that carries its bytes with it.
fn in_message(bytes: &[u8], zeros: usize) -> Result<Value, RemoteError> {
    if bytes.len() + zeros > limits::STRING_BYTES as usize {
        let limit = limits::STRING_BYTES;
        return Err(RemoteError::TooLarge(format!("a string of {} bytes is over the limit of {limit}", bytes.len())));
    }
    let mut carried = Vec::with_capacity(bytes.len() + zeros);
    carried.extend_from_slice(bytes);
    carried.resize(bytes.len() + zeros, 0);
    Ok(Value::Bytes(carried))
}
