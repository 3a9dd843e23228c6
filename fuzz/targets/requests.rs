//! Requests of a hostile or faulty host: the worker's own main loop answers each request once, with a reply or a
//! fault.
//!
//! The worker runs in this process, so no request may run code, load a file or write to an address: such requests are
//! decoded as the worker decodes them, and forwarded without the parts that cause it.

#![no_main]

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use libfuzzer_sys::fuzz_target;
use protocol::link::{self, FrameReader};
use protocol::{
    Allocate, Attach, Call, CallbackReply, CreateCallbacks, Fault, FindSymbol, Hello, Invoke, InvokeBatch, OpenLibrary,
    Poll, Prepare, PrepareSignature, StartJob, VERSION, WriteMemory, decode, decode_invoke, encode, limits,
};
use serde::Serialize;

/// The maximum number of requests in one conversation: more only take longer.
const MOST: usize = 32;

/// The maximum memory to request: the worker allocates what the system has, which here counts as a leak.
const MOST_BYTES: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    frames(data);
    let mut wire = Wire::default();
    wire.send(Hello::NUMBER, &Hello { version: VERSION });
    let mut rest = data;
    while let [kind, low, high, after @ ..] = rest {
        // A length that is too long means the whole rest, so that any input contains some requests.
        let (payload, after) = after.split_at(after.len().min(u16::from_le_bytes([*low, *high]).into()));
        ask(&mut wire, *kind, payload);
        rest = after;
        if wire.requests > MOST {
            break;
        }
    }
    let answers = Answers::default();
    worker32::serve(Cursor::new(wire.bytes), answers.clone(), || {}).expect("writing to memory cannot fail");
    let answers = std::mem::take(&mut *answers.0.lock().expect("no holder of the lock panics"));
    assert_eq!(count(&answers), wire.requests, "each request has one answer");
});

/// The input, unchanged, as the bytes of a channel.
fn frames(data: &[u8]) {
    let mut reader = FrameReader::new(data);
    while let Ok(frame) = reader.receive() {
        assert!(frame.payload.len() <= data.len());
    }
}

/// Forwards a request, without the parts that make it run code, load a file, write to an address or wait.
fn ask(wire: &mut Wire, kind: u8, payload: &[u8]) {
    match kind {
        Invoke::NUMBER => {
            let mut arguments = Vec::new();
            if let Ok((function, _)) = decode_invoke(payload, &mut arguments) {
                return wire.send(kind, &Invoke { function, address: 0, arguments: &arguments });
            }
        }
        // A thread that runs jobs stays for the life of the process.
        StartJob::NUMBER if decode_invoke(payload, &mut Vec::new()).is_ok() => return,
        InvokeBatch::NUMBER => {
            if let Ok(mut batch) = decode::<InvokeBatch>(payload) {
                batch.calls.iter_mut().for_each(|call| call.address = 0);
                return wire.send(kind, &batch);
            }
        }
        Prepare::NUMBER => {
            if let Ok(Prepare { library, symbols, signature }) = decode(payload) {
                wire.send(FindSymbol::NUMBER, &FindSymbol { library, symbols });
                return wire.send(PrepareSignature::NUMBER, &PrepareSignature { signature });
            }
        }
        OpenLibrary::NUMBER if decode::<OpenLibrary>(payload).is_ok() => return,
        WriteMemory::NUMBER if decode::<WriteMemory>(payload).is_ok() => return,
        Allocate::NUMBER => {
            if let Ok(Allocate { bytes, align }) = decode(payload) {
                let align = if align.is_power_of_two() { align.min(MOST_BYTES) } else { align };
                return wire.send(kind, &Allocate { bytes: bytes % MOST_BYTES, align });
            }
        }
        CreateCallbacks::NUMBER => {
            if let Ok(CreateCallbacks { signature, count }) = decode(payload) {
                let count = if count as usize > limits::CALLBACKS { count } else { count % 3 };
                return wire.send(kind, &CreateCallbacks { signature, count });
            }
        }
        Poll::NUMBER if decode::<Poll>(payload).is_ok() => return wire.send(kind, &Poll { milliseconds: 0 }),
        // These are decoded before the main loop, and in the middle of a request.
        Attach::NUMBER => drop(decode::<Attach>(payload)),
        link::CALLBACK_REPLY => drop(decode::<CallbackReply>(payload)),
        _ => {}
    }
    wire.frame(kind, payload);
}

/// The requests, as frames.
#[derive(Default)]
struct Wire {
    bytes: Vec<u8>,
    requests: usize,
}

impl Wire {
    fn send<T: Serialize>(&mut self, kind: u8, message: &T) {
        let payload = encode(message).expect("a decoded message can be encoded");
        self.frame(kind, &payload);
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("inputs are short");
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.push(kind);
        self.bytes.extend_from_slice(payload);
        self.requests += 1;
    }
}

/// The number of answers, each of which is checked to be valid for a host.
fn count(answers: &[u8]) -> usize {
    let mut reader = FrameReader::new(answers);
    let mut count = 0;
    while let Ok(frame) = reader.receive() {
        match frame.kind {
            link::REPLY => {}
            link::FAULT => drop(decode::<Fault>(frame.payload).expect("a fault can be decoded")),
            kind => panic!("a message of kind {kind} is not an answer"),
        }
        count += 1;
    }
    count
}

/// A buffer for answers.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<Vec<u8>>>);

impl Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no holder of the lock panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
