//! Access of threads to the conversation with the host.
//!
//! The host sends a request and waits; from then on it is the worker's turn until it replies. While a library
//! function runs, any thread may take the turn to serve a callback: it sends the invocation, and then it is the
//! host's turn, in which it may send requests, which this thread answers, before it sends the callback's result.
//! Conversations thus nest like calls, and the innermost one ends first: a thread whose function has returned waits
//! until the host expects its answer.
//!
//! Holding the lock means having the turn. A thread that waits for the host keeps it; a thread that runs a library
//! function has released it. The lock serves threads in the order of their arrival.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use protocol::link::{self, CallState, LinkError};
use protocol::{
    AwaitJob, Call, CallbackInvocation, CallbackReply, CancelJob, CreateCallbacks, Fault, Invoke, InvokeBatch,
    LimitJob, Poll, QueueCallback, Served, StartJob, Value, decode, decode_invoke,
};

use crate::batch::Batch;
use crate::callback::CallbackTable;
use crate::foreign_callbacks::{ForeignCallbacks, QueuedCall};
use crate::invoke::ErrorNumbers;
use crate::jobs::{self, Jobs};
use crate::link::Link;
use crate::server::Server;
use crate::{output, process};
use turn::Turn;
pub(crate) use turn::{malformed, outcome, send};
use turn_lock::TurnLock;

mod turn;
mod turn_lock;

/// The threads of this process that communicate with the host.
pub(crate) struct Conversation {
    turn: TurnLock<Turn>,
    foreign_callbacks: ForeignCallbacks,
    jobs: Arc<Jobs>,
    callbacks: CallbackTable,
}

type TurnGuard<'a> = turn_lock::TurnGuard<'a, Turn>;

/// The result of using a turn; an error means that the host is gone.
type Used<'a> = Result<TurnGuard<'a>, LinkError>;

thread_local! {
    /// The number of functions that this thread runs for the host: a thread that runs none was started by the
    /// library.
    static RUNNING: Cell<u32> = const { Cell::new(0) };
}

impl Conversation {
    pub(crate) fn new(link: Link, server: Server) -> Arc<Self> {
        Arc::new(Self {
            turn: TurnLock::new(Turn::new(link, server)),
            foreign_callbacks: ForeignCallbacks::default(),
            jobs: Arc::default(),
            callbacks: CallbackTable::default(),
        })
    }

    /// Answers requests until the host closes the link.
    ///
    /// # Errors
    /// The link's, if it failed instead of being closed.
    pub(crate) fn serve(self: &Arc<Self>) -> Result<(), LinkError> {
        let mut turn = self.turn.take();
        loop {
            let answered = turn.receive().and_then(|kind| self.answer(turn, kind));
            turn = match answered {
                Ok(turn) => turn,
                Err(LinkError::Closed) => return Ok(()),
                Err(error) => return Err(error),
            };
        }
    }

    /// Answers the last request received.
    fn answer<'a>(self: &'a Arc<Self>, mut turn: TurnGuard<'a>, kind: u8) -> Used<'a> {
        match kind {
            Invoke::NUMBER => return self.invoke(turn),
            InvokeBatch::NUMBER => return self.invoke_batch(turn),
            AwaitJob::NUMBER => return self.await_job(turn),
            Poll::NUMBER => return self.poll(turn),
            CreateCallbacks::NUMBER => turn.respond(|_, request| self.callbacks.create(self, request))?,
            QueueCallback::NUMBER => turn.respond(|_, request| self.callbacks.queue(request))?,
            StartJob::NUMBER => self.start_job(&mut turn)?,
            LimitJob::NUMBER => turn.respond(|_, request| Jobs::limit(&self.jobs, request))?,
            CancelJob::NUMBER => turn.respond(|_, request: &CancelJob| self.jobs.cancel(request.job))?,
            kind => {
                let Turn { link, server, payload, .. } = &mut *turn;
                server.answer(kind, payload, link)?;
            }
        }
        Ok(turn)
    }

    fn invoke<'a>(self: &'a Arc<Self>, mut turn: TurnGuard<'a>) -> Used<'a> {
        let Turn { link, server, payload, arguments, .. } = &mut *turn;
        let decoded = decode_invoke(payload, arguments);
        link.publish(CallState::Running);
        let prepared = decoded.map_err(malformed).and_then(|(id, address)| Ok((server.function(id)?, address)));
        let (function, address) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return refuse(turn, fault),
        };
        let arguments = std::mem::take(arguments);
        let mut errors = server.errors();
        let (mut turn, result) = self.during(turn, || {
            let result = function.call(address, &arguments, &mut errors);
            output::flush();
            result
        })?;
        turn.arguments = arguments;
        turn.server.set_errors(errors);
        let outcome = result.map(|result| outcome(result, errors));
        send(&mut turn.link, &outcome)?;
        Ok(turn)
    }

    fn invoke_batch<'a>(self: &'a Arc<Self>, mut turn: TurnGuard<'a>) -> Used<'a> {
        let request = turn.request::<InvokeBatch>();
        let batch = request.and_then(|request| Batch::new(request, &turn.server));
        let batch = match batch {
            Ok(batch) => batch,
            Err(fault) => return refuse(turn, fault),
        };
        let mut errors = turn.server.errors();
        let (mut turn, outcome) = self.during(turn, || {
            let outcome = batch.run(&mut errors);
            output::flush();
            outcome
        })?;
        turn.server.set_errors(errors);
        send(&mut turn.link, &Ok(outcome))?;
        Ok(turn)
    }

    fn start_job(&self, turn: &mut Turn) -> Result<(), LinkError> {
        let Turn { link, server, payload, .. } = turn;
        let mut arguments = Vec::new();
        let due = self.jobs.take_limit();
        let decoded = decode_invoke(payload, &mut arguments);
        link.publish(CallState::Running);
        let announced = decoded.map_err(malformed).and_then(|(id, address)| {
            let function = server.function(id)?;
            Ok((Jobs::announce(&self.jobs)?, jobs::JobCall { function, address, arguments }))
        });
        match announced {
            Ok((job, call)) => {
                send(link, &Ok(&job))?;
                self.jobs.start(job, call, due);
                Ok(())
            }
            Err(fault) => send(link, &Err::<(), _>(fault)),
        }
    }

    fn await_job<'a>(self: &'a Arc<Self>, mut turn: TurnGuard<'a>) -> Used<'a> {
        let request = match turn.request::<AwaitJob>() {
            Ok(request) => request,
            Err(fault) => return refuse(turn, fault),
        };
        let limit = request.milliseconds.map(|limit| Duration::from_millis(limit.into()));
        let (mut turn, outcome) = self.during(turn, || self.jobs.wait(request.job, limit))?;
        send(&mut turn.link, &outcome)?;
        Ok(turn)
    }

    fn poll<'a>(self: &'a Arc<Self>, mut turn: TurnGuard<'a>) -> Used<'a> {
        let request = match turn.request::<Poll>() {
            Ok(request) => request,
            Err(fault) => return refuse(turn, fault),
        };
        let before = self.foreign_callbacks.served();
        let limit = Duration::from_millis(request.milliseconds.into());
        // Threads that are already waiting are served without reading the clock.
        let limit = if turn.is_awaited() { Duration::ZERO } else { limit };
        let (mut turn, ()) = self.during(turn, || self.foreign_callbacks.wait(before, limit))?;
        let count = self.foreign_callbacks.served().wrapping_sub(before);
        send(&mut turn.link, &Ok(Served { count }))?;
        Ok(turn)
    }

    /// Runs an operation while other threads may take the turn, and takes it back when the host expects the answer.
    /// Threads that are waiting for the host by then go first, each once; otherwise a host that only makes short
    /// calls would never serve them.
    fn during<'a, R>(
        self: &'a Arc<Self>,
        turn: TurnGuard<'a>,
        work: impl FnOnce() -> R,
    ) -> Result<(TurnGuard<'a>, R), LinkError> {
        let level = turn.descend();
        RUNNING.set(RUNNING.get() + 1);
        let result = work();
        RUNNING.set(RUNNING.get() - 1);
        let mut turn = self.turn.take_back(level);
        if self.foreign_callbacks.has_queued() {
            turn = self.deliver(turn)?;
        }
        turn.ascend();
        Ok((turn, result))
    }

    /// Sends the host the calls that are currently queued.
    fn deliver<'a>(self: &'a Arc<Self>, mut turn: TurnGuard<'a>) -> Used<'a> {
        let (queued, mut lost) = self.foreign_callbacks.take_queued();
        for QueuedCall { callback, errors, arguments } in queued {
            let ErrorNumbers { errno, last_error } = errors;
            let called = CallbackInvocation { callback, errno, last_error, is_foreign: true, is_queued: true, lost };
            lost = 0;
            (turn, _) = self.speak(turn, called, &arguments)?;
            self.foreign_callbacks.count_served();
        }
        Ok(turn)
    }

    /// Serves a callback invoked by a library: reads its arguments with `read`, calls the host, and returns the
    /// result. The caller finds the error numbers that the host has set.
    pub(crate) fn call_host(self: &Arc<Self>, callback: u32, read: impl FnOnce(&mut Vec<Value>)) -> Value {
        let entered = process::error_numbers();
        let is_foreign = RUNNING.get() == 0;
        let mut turn = self.turn.take();
        let mut arguments = std::mem::take(&mut turn.called_with);
        arguments.clear();
        read(&mut arguments);
        let outer = turn.server.errors();
        turn.server.set_errors(entered);
        let ErrorNumbers { errno, last_error } = entered;
        let called = CallbackInvocation { callback, errno, last_error, is_foreign, is_queued: false, lost: 0 };
        let Ok((mut turn, result)) = self.speak(turn, called, &arguments) else {
            // The host is gone, so nothing can determine the callback's result.
            process::end_now()
        };
        turn.called_with = arguments;
        let left = turn.server.errors();
        turn.server.set_errors(outer);
        if is_foreign {
            self.foreign_callbacks.count_served();
        }
        drop(turn);
        process::set_error_numbers(left);
        result
    }

    /// Queues a call from one of the library's own threads for the host. Returns whether this is such a thread.
    pub(crate) fn queue(&self, callback: u32, read: impl FnOnce(&mut Vec<Value>)) -> bool {
        if RUNNING.get() != 0 {
            return false;
        }
        let errors = process::error_numbers();
        let mut arguments = Vec::new();
        read(&mut arguments);
        self.foreign_callbacks.queue(QueuedCall { callback, errors, arguments });
        process::set_error_numbers(errors);
        true
    }

    /// Sends a callback invocation, answers the host's requests in the meantime, and returns the callback's result.
    fn speak<'a>(
        self: &'a Arc<Self>,
        mut turn: TurnGuard<'a>,
        called: CallbackInvocation,
        arguments: &[Value],
    ) -> Result<(TurnGuard<'a>, Value), LinkError> {
        turn.link.send(link::CALLBACK, &(called, arguments))?;
        loop {
            let kind = turn.receive()?;
            if kind == link::CALLBACK_REPLY {
                let reply: CallbackReply = decode(&turn.payload)?;
                return Ok((turn, reply.result));
            }
            turn = self.answer(turn, kind)?;
        }
    }
}

/// Rejects a request.
fn refuse(mut turn: TurnGuard<'_>, fault: Fault) -> Used<'_> {
    send(&mut turn.link, &Err::<(), Fault>(fault))?;
    Ok(turn)
}
