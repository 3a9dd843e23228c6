//! The main loop: a request in, its answer out.

use std::io::{Read, Write};
use std::sync::mpsc;
use std::thread;

use protocol::link::{self, FrameReader, FrameWriter, LinkError};
use protocol::{
    Call, DescribeLastError, Fault, FaultKind, Function, Hello, Identity, Invoke, Library, Machine, OpenDefaultLibrary,
    OpenLibrary, Outcome, Platform, Prepare, ReadString, SetErrno, VERSION, Value, decode,
};

use crate::invoke::Prepared;
use crate::library::Libraries;
use crate::{invoke, memory, output, process};

/// Serves requests until the peer closes the channel or breaks the protocol.
///
/// The library runs on the calling thread, which for the worker is the process's main thread. Frames are read by a
/// watch thread of its own, so that the closing of the channel is seen however hung the library is: it then calls
/// `closed`, while an idle main loop just returns.
///
/// # Errors
/// The channel's error if an answer could not be sent for another reason than the host's end.
pub fn serve<R, W, F>(receiver: R, sender: W, closed: F) -> Result<(), LinkError>
where
    R: Read + Send + 'static,
    W: Write,
    F: FnOnce() + Send + 'static,
{
    let (requests, arrivals) = mpsc::channel();
    thread::spawn(move || {
        watch(receiver, &requests);
        drop(requests);
        closed();
    });
    let mut server = Server::new(sender);
    for request in arrivals {
        match server.answer(&request) {
            Ok(()) => {}
            Err(LinkError::Closed) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

struct Request {
    kind: u8,
    payload: Vec<u8>,
}

/// Reads frames until the channel closes or holds something that is no frame.
fn watch<R: Read>(receiver: R, requests: &mpsc::Sender<Request>) {
    let mut reader = FrameReader::new(receiver);
    while let Ok(frame) = reader.receive() {
        let request = Request { kind: frame.kind, payload: frame.payload.to_vec() };
        if requests.send(request).is_err() {
            return;
        }
    }
}

struct Server<W> {
    writer: FrameWriter<W>,
    greeted: bool,
    libraries: Libraries,
    functions: Vec<Prepared>,
    errors: invoke::ErrorNumbers,
}

impl<W: Write> Server<W> {
    fn new(sender: W) -> Self {
        Self {
            writer: FrameWriter::new(sender),
            greeted: false,
            libraries: Libraries::default(),
            functions: Vec::new(),
            errors: invoke::ErrorNumbers::default(),
        }
    }

    fn answer(&mut self, request: &Request) -> Result<(), LinkError> {
        let payload = &request.payload;
        if !self.greeted && request.kind != Hello::NUMBER {
            let fault = Fault::new(FaultKind::Protocol, "the first request must be the greeting");
            return self.writer.send(link::FAULT, &fault);
        }
        match request.kind {
            Hello::NUMBER => self.respond(payload, Self::greet),
            OpenLibrary::NUMBER => self.respond(payload, Self::open_library),
            OpenDefaultLibrary::NUMBER => self.respond(payload, Self::open_default_library),
            Prepare::NUMBER => self.respond(payload, Self::prepare),
            Invoke::NUMBER => self.respond(payload, Self::invoke),
            SetErrno::NUMBER => self.respond(payload, Self::set_errno),
            ReadString::NUMBER => self.respond(payload, Self::read_string),
            DescribeLastError::NUMBER => self.respond(payload, Self::describe_last_error),
            unknown => {
                let fault = Fault::new(FaultKind::Protocol, format!("there is no request number {unknown}"));
                self.writer.send(link::FAULT, &fault)
            }
        }
    }

    fn respond<C: Call>(
        &mut self,
        payload: &[u8],
        handle: impl FnOnce(&mut Self, &C) -> Result<C::Reply, Fault>,
    ) -> Result<(), LinkError> {
        let outcome = decode::<C>(payload)
            .map_err(|error| Fault::new(FaultKind::Protocol, error.to_string()))
            .and_then(|call| handle(self, &call));
        if process::is_fork() {
            process::end_now();
        }
        let fault = match outcome {
            Ok(reply) => match self.writer.send(link::REPLY, &reply) {
                // Nothing was written of an answer that is too large, so a fault can take its place.
                Err(error @ LinkError::TooLarge { .. }) => Fault::new(FaultKind::Protocol, error.to_string()),
                sent => return sent,
            },
            Err(fault) => fault,
        };
        self.writer.send(link::FAULT, &fault)
    }

    fn greet(&mut self, _: &Hello) -> Result<Identity, Fault> {
        // A host of another version learns of it from the identity, and closes.
        self.greeted = true;
        Ok(Identity {
            version: VERSION,
            pointer_bits: usize::BITS as u8,
            platform: if cfg!(windows) { Platform::Windows } else { Platform::Linux },
            machine: if cfg!(target_arch = "x86") { Machine::I386 } else { Machine::X86_64 },
            process: std::process::id(),
        })
    }

    fn open_library(&mut self, request: &OpenLibrary) -> Result<Library, Fault> {
        let id = self.libraries.open(request)?;
        output::prepare_new_runtime();
        output::flush();
        Ok(Library { id })
    }

    fn open_default_library(&mut self, _: &OpenDefaultLibrary) -> Result<Library, Fault> {
        Ok(Library { id: self.libraries.open_default()? })
    }

    fn prepare(&mut self, request: &Prepare) -> Result<Function, Fault> {
        let (symbol, address) = self.libraries.resolve(request.library, &request.symbols)?;
        let id = u32::try_from(self.functions.len())
            .map_err(|_| Fault::new(FaultKind::Protocol, "too many functions are prepared"))?;
        self.functions.push(Prepared::new(address, request.signature.clone())?);
        Ok(Function { id, address: address.addr() as u64, symbol })
    }

    fn invoke(&mut self, request: &Invoke) -> Result<Outcome, Fault> {
        let function = self.functions.get(request.function as usize).ok_or_else(|| {
            Fault::new(FaultKind::Protocol, format!("there is no function number {}", request.function))
        })?;
        let result = function.call(&request.arguments, &mut self.errors)?;
        output::flush();
        Ok(Outcome { result, errno: self.errors.errno, last_error: self.errors.last_error })
    }

    fn set_errno(&mut self, request: &SetErrno) -> Result<(), Fault> {
        self.errors.errno = request.value;
        Ok(())
    }

    fn describe_last_error(&mut self, request: &DescribeLastError) -> Result<Value, Fault> {
        Ok(process::last_error_text(request.code).map_or(Value::Nil, |text| Value::Bytes(text.into_bytes())))
    }

    fn read_string(&mut self, request: &ReadString) -> Result<Value, Fault> {
        memory::read_string(request.address, request.length).map(Value::Bytes)
    }
}
