//! Who speaks with the host, and when.
//!
//! The host asks and waits; from then on it is the worker's turn until it answers. While a function of a library runs, any
//! thread may take the turn to have a callback served: it sends what was called, and then the host has its turn, in which it
//! may send requests that this thread answers, before it sends the callback's result. So conversations nest as calls do,
//! and the innermost one ends first: a thread whose function has returned waits until the host expects its answer.
//!
//! To have the turn is to hold the lock on it. A thread that waits for the host keeps it; one that runs a library's
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
use crate::invoke::ErrorNumbers;
use crate::jobs::{self, Jobs};
use crate::link::Link;
use crate::lobby::{Lobby, QueuedCall};
use crate::server::Server;
use crate::{output, process};
use turn::Turn;
pub(crate) use turn::{malformed, outcome, send};
use turn_lock::TurnLock;

mod turn;
mod turn_lock;

/// The threads of this process that have something to say to the host.
pub(crate) struct Conversation {
    turn: TurnLock<Turn>,
    lobby: Lobby,
    jobs: Arc<Jobs>,
    callbacks: CallbackTable,
}

type TurnGuard<'a> = turn_lock::TurnGuard<'a, Turn>;

/// What comes of a turn that was used; an error means that the host is gone.
type Used<'a> = Result<TurnGuard<'a>, LinkError>;

thread_local! {
    /// How many functions this thread runs for the host: a thread that runs none is the library's own.
    static RUNNING: Cell<u32> = const { Cell::new(0) };
}

impl Conversation {
    pub(crate) fn new(link: Link, server: Server) -> Arc<Self> {
        Arc::new(Self {
            turn: TurnLock::new(Turn::new(link, server)),
            lobby: Lobby::default(),
            jobs: Arc::default(),
            callbacks: CallbackTable::default(),
        })
    }

    /// Answers requests until the host closes the link.
    ///
    /// # Errors
    /// The link's, if it is not closed but broken.
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

    /// Answers the request that was received last.
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
            Ok((Jobs::announce(&self.jobs)?, jobs::Call { function, address, arguments }))
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
        let before = self.lobby.served();
        let limit = Duration::from_millis(request.milliseconds.into());
        // Threads that wait already are served without a look at the time.
        let limit = if turn.is_awaited() { Duration::ZERO } else { limit };
        let (mut turn, ()) = self.during(turn, || self.lobby.wait(before, limit))?;
        let count = self.lobby.served().wrapping_sub(before);
        send(&mut turn.link, &Ok(Served { count }))?;
        Ok(turn)
    }

    /// Runs something while other threads may take the turn, and takes it again when the host expects the answer. Threads
    /// that wait for the host by then come first, each once, or a host that only makes short calls would never serve them.
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
        if self.lobby.has_queued() {
            turn = self.deliver(turn)?;
        }
        turn.ascend();
        Ok((turn, result))
    }

    /// Has the host make the calls that are queued at this moment.
    fn deliver<'a>(self: &'a Arc<Self>, mut turn: TurnGuard<'a>) -> Used<'a> {
        let (queued, mut lost) = self.lobby.take_queued();
        for QueuedCall { callback, errors, arguments } in queued {
            let ErrorNumbers { errno, last_error } = errors;
            let called = CallbackInvocation { callback, errno, last_error, is_foreign: true, is_queued: true, lost };
            lost = 0;
            (turn, _) = self.speak(turn, called, &arguments)?;
            self.lobby.count_served();
        }
        Ok(turn)
    }

    /// Serves a callback that a library has called: puts its arguments into a list with `read`, has the host called, and
    /// gives the result. The caller finds its error numbers as the host leaves them.
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
            // The host is gone, and with it whoever could say what the library is to be told.
            process::end_now()
        };
        turn.called_with = arguments;
        let left = turn.server.errors();
        turn.server.set_errors(outer);
        if is_foreign {
            self.lobby.count_served();
        }
        drop(turn);
        process::set_error_numbers(left);
        result
    }

    /// Keeps a call of one of the library's own threads for the host. Tells whether this is such a thread.
    pub(crate) fn queue(&self, callback: u32, read: impl FnOnce(&mut Vec<Value>)) -> bool {
        if RUNNING.get() != 0 {
            return false;
        }
        let errors = process::error_numbers();
        let mut arguments = Vec::new();
        read(&mut arguments);
        self.lobby.queue(QueuedCall { callback, errors, arguments });
        process::set_error_numbers(errors);
        true
    }

    /// Says that a callback was called, answers what the host asks meanwhile, and gives the callback's result.
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

/// Answers a request that is not carried out.
fn refuse(mut turn: TurnGuard<'_>, fault: Fault) -> Used<'_> {
    send(&mut turn.link, &Err::<(), Fault>(fault))?;
    Ok(turn)
}
