//! The main loops: a request in, its answer out.
//!
//! Library functions run on the serving thread, which is the worker's main thread. Another thread detects the host's
//! exit, even if the library hangs.

use std::io::{self, Read, Write};
use std::sync::mpsc;

use protocol::link::{self, Endpoint, FrameReader, FrameWriter, LinkError, SharedEndpoint};
use protocol::{Attach, Call, Fault, FaultKind, Hello, decode};

use crate::conversation::Conversation;
use crate::link::{Link, Request, attach};
use crate::server::Server;
use crate::watch;

/// Serves a host until it closes the channel or violates the protocol. Switches to shared memory on the host's
/// request.
///
/// If the worker cannot watch for the host's exit (`watched`), it answers the greeting with that error and returns.
///
/// # Errors
/// The channel's error if an answer could not be sent for another reason than the host's exit.
pub(crate) fn serve_host<F>(mut channel: Endpoint, watched: io::Result<()>, closed: F) -> Result<(), LinkError>
where
    F: FnOnce() + Send + 'static,
{
    let mut server = Server::default();
    if let Err(error) = watched {
        // Whatever the first request is, the host reads this as its answer.
        let _ = Request::receive(&mut FrameReader::new(&mut channel.receiver));
        return FrameWriter::new(&mut channel.sender).send(link::FAULT, &no_thread(&error));
    }
    // No library code runs until the link is settled, so the channel need not be watched until then.
    loop {
        let request = match Request::receive(&mut FrameReader::new(&mut channel.receiver)) {
            Ok(request) => request,
            Err(_) => return Ok(()),
        };
        match request.kind {
            Hello::NUMBER => greet(&mut server, &request, &mut channel)?,
            Attach::NUMBER if server.is_greeted() => match switch_to_shared_memory(channel, &request, &mut server)? {
                Attached::Shared(endpoint) => return serve_shared(server, endpoint, closed),
                Attached::Plain(same) => channel = same,
            },
            _ => return serve_plain(server, Some(request), channel.receiver, channel.sender, closed),
        }
    }
}

/// Serves requests from a plain channel, until the peer closes it or violates the protocol. When the channel closes,
/// a watching thread calls `closed`, while an idle main loop simply returns.
///
/// # Errors
/// The channel's error if an answer could not be sent for another reason than the host's exit.
pub fn serve<R, W, F>(receiver: R, sender: W, closed: F) -> Result<(), LinkError>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
    F: FnOnce() + Send + 'static,
{
    serve_plain(Server::default(), None, receiver, sender, closed)
}

fn serve_plain<R, W, F>(
    server: Server,
    first: Option<Request>,
    receiver: R,
    sender: W,
    closed: F,
) -> Result<(), LinkError>
where
    R: Read + Send + 'static,
    W: Write + Send + 'static,
    F: FnOnce() + Send + 'static,
{
    let (found, requests) = mpsc::channel();
    let reading = watch::run_beside(move || {
        read(receiver, &found);
        drop(found);
        closed();
    });
    let mut answers = FrameWriter::new(Box::new(sender) as Box<dyn Write + Send>);
    if let Err(error) = reading {
        return answers.send(link::FAULT, &no_thread(&error));
    }
    Conversation::new(Link::Plain { first, requests, answers }, server).serve()
}

/// Serves requests from shared memory.
fn serve_shared<F>(server: Server, mut endpoint: SharedEndpoint, closed: F) -> Result<(), LinkError>
where
    F: FnOnce() + Send + 'static,
{
    // Under Wine the host's exit ends the launcher of this process, and thereby this process: there is no watcher.
    if let Some(watcher) = endpoint.doorbell().watcher().map_err(LinkError::Io)? {
        watch::watch_host(watcher, closed).map_err(LinkError::Io)?;
    }
    Conversation::new(Link::Shared(Box::new(endpoint)), server).serve()
}

/// The fault with which a worker answers if it has no thread to watch for the host's exit.
fn no_thread(error: &io::Error) -> Fault {
    let message = format!("the worker cannot start the thread that watches for the host's exit: {error}");
    Fault { code: error.raw_os_error().map(i64::from), ..Fault::new(FaultKind::Memory, message) }
}

impl Request {
    fn receive<R: Read>(reader: &mut FrameReader<R>) -> Result<Self, LinkError> {
        let frame = reader.receive()?;
        Ok(Self { kind: frame.kind, payload: frame.payload.to_vec() })
    }
}

/// Answers the greeting, before the link is settled.
fn greet(server: &mut Server, request: &Request, channel: &mut Endpoint) -> Result<(), LinkError> {
    let answer = decode::<Hello>(&request.payload)
        .map_err(|error| Fault::new(FaultKind::Protocol, error.to_string()))
        .and_then(|hello| server.greet(&hello));
    let mut writer = FrameWriter::new(&mut channel.sender);
    match answer {
        Ok(identity) => writer.send(link::REPLY, &identity),
        Err(fault) => writer.send(link::FAULT, &fault),
    }
}

/// Reads frames until the channel closes or contains an invalid frame.
fn read<R: Read>(receiver: R, requests: &mpsc::Sender<Request>) {
    let mut reader = FrameReader::new(receiver);
    while let Ok(request) = Request::receive(&mut reader) {
        if requests.send(request).is_err() {
            return;
        }
    }
}

/// The result of the request to switch to shared memory.
enum Attached {
    Shared(SharedEndpoint),
    Plain(Endpoint),
}

/// Answers the request to switch to shared memory, still through the channel.
fn switch_to_shared_memory(channel: Endpoint, request: &Request, server: &mut Server) -> Result<Attached, LinkError> {
    let request = match decode::<Attach>(&request.payload) {
        Ok(request) => request,
        Err(error) => return refuse(channel, &Fault::new(FaultKind::Protocol, error.to_string())),
    };
    match attach(channel, &request) {
        Ok((mut endpoint, segments, call_area)) => {
            server.share(segments);
            FrameWriter::new(&mut endpoint.doorbell().channel().sender).send(link::REPLY, &call_area)?;
            Ok(Attached::Shared(endpoint))
        }
        Err(refused) => {
            let (channel, fault) = *refused;
            refuse(channel, &fault)
        }
    }
}

fn refuse(mut channel: Endpoint, fault: &Fault) -> Result<Attached, LinkError> {
    FrameWriter::new(&mut channel.sender).send(link::FAULT, fault)?;
    Ok(Attached::Plain(channel))
}
