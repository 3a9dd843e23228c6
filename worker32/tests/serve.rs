//! The main loop over in-memory channels: requests in, answers out, in this process and with its own C library.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use protocol::link::{self, FrameReader, FrameWriter};
use protocol::{
    Call, Convention, Fault, FaultKind, FindSymbol, Hello, Invoke, OpenDefaultLibrary, OpenLibrary, Outcome, Prepare,
    ReadString, Signature, Symbol, Type, VERSION, Value, decode,
};
use serde::Serialize;

/// Requests to be served at once, and the frames of their answers.
struct Conversation(Vec<u8>);

impl Conversation {
    /// Starts with the greeting, like every conversation.
    fn new() -> Self {
        Self(Vec::new()).ask(&Hello { version: VERSION })
    }

    fn ask<C: Call>(self, request: &C) -> Self {
        self.frame(C::NUMBER, request)
    }

    fn frame<T: Serialize>(mut self, kind: u8, body: &T) -> Self {
        FrameWriter::new(&mut self.0).send(kind, body).unwrap();
        self
    }

    /// The answers, except the one to the greeting.
    fn answers(self) -> Vec<(u8, Vec<u8>)> {
        let answers = Answers::default();
        worker32::serve(Cursor::new(self.0), answers.clone(), || {}).unwrap();
        let answers = answers.0.lock().unwrap();
        let mut reader = FrameReader::new(answers.as_slice());
        let mut frames = Vec::new();
        while let Ok(frame) = reader.receive() {
            frames.push((frame.kind, frame.payload.to_vec()));
        }
        frames.remove(0);
        frames
    }
}

/// The buffer for answers, owned by the worker while it serves.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<Vec<u8>>>);

impl Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn fault(frame: &(u8, Vec<u8>)) -> Fault {
    assert_eq!(frame.0, link::FAULT);
    decode(&frame.1).unwrap()
}

fn outcome(frame: &(u8, Vec<u8>)) -> Outcome {
    assert_eq!(frame.0, link::REPLY);
    decode(&frame.1).unwrap()
}

fn prepare(name: &str, result: Type, parameters: &[Type]) -> Prepare {
    let signature = Signature {
        convention: Convention::Cdecl,
        is_convention_open: true,
        result,
        parameters: parameters.to_vec(),
        fixed: None,
        records: vec![],
    };
    Prepare { library: 0, symbols: vec![Symbol::Name(name.to_owned())], signature }
}

#[test]
fn functions_of_the_c_library_are_called() {
    let answers = Conversation::new()
        .ask(&OpenDefaultLibrary {})
        .ask(&prepare("strlen", Type::Uint32, &[Type::Pointer]))
        .ask(&prepare("abs", Type::Int32, &[Type::Int32]))
        .ask(&prepare("atof", Type::Float64, &[Type::CString]))
        .ask(&Invoke { function: 0, address: 0, arguments: &[Value::Bytes(b"seven c\0".to_vec())] })
        .ask(&Invoke { function: 1, address: 0, arguments: &[Value::Integer(-5)] })
        .ask(&Invoke { function: 2, address: 0, arguments: &[Value::Bytes(b"2.5\0".to_vec())] })
        .answers();
    let results: Vec<Value> = answers[4..].iter().map(|frame| outcome(frame).result).collect();
    assert_eq!(results, [Value::Integer(7), Value::Integer(5), Value::Float(2.5)]);
}

#[test]
fn wrong_requests_are_faults_and_the_worker_goes_on() {
    let answers = Conversation::new()
        .ask(&OpenDefaultLibrary {})
        .ask(&prepare("no_such_function", Type::Void, &[]))
        .ask(&prepare("abs", Type::Int32, &[Type::Void]))
        .ask(&prepare("abs", Type::Int32, &[Type::Int32]))
        .ask(&Invoke { function: 9, address: 0, arguments: &[] })
        .ask(&Invoke { function: 0, address: 0, arguments: &[] })
        .ask(&Invoke { function: 0, address: 0, arguments: &[Value::Float(1.0)] })
        .ask(&Prepare { library: 5, ..prepare("abs", Type::Int32, &[]) })
        .ask(&OpenLibrary { path: "/nowhere/absent".into(), directories: Vec::new() })
        .ask(&ReadString { address: 16, length: Some(4) })
        .frame(99, &())
        .frame(Invoke::NUMBER, &"not an invocation")
        .ask(&Invoke { function: 0, address: 0, arguments: &[Value::Integer(-1)] })
        .answers();
    let kinds: Vec<FaultKind> = answers[1..=2].iter().chain(&answers[4..12]).map(|frame| fault(frame).kind).collect();
    use FaultKind::{Load, Memory, Protocol, Signature, Symbol};
    assert_eq!(kinds, [Symbol, Signature, Protocol, Protocol, Protocol, Protocol, Load, Memory, Protocol, Protocol]);
    assert_eq!(outcome(&answers[12]).result, Value::Integer(1));
}

#[test]
fn ordinals_belong_to_windows_libraries() {
    let symbols = vec![Symbol::Ordinal(u16::MAX)];
    let answers = Conversation::new().ask(&OpenDefaultLibrary {}).ask(&FindSymbol { library: 0, symbols }).answers();
    let fault = fault(&answers[1]);
    assert_eq!(fault.kind, FaultKind::Symbol);
    let expected = if cfg!(windows) { "#65535" } else { "only Windows libraries have ordinals" };
    assert!(fault.message.contains(expected), "{}", fault.message);
}

#[test]
fn nothing_is_answered_before_the_greeting() {
    let mut requests = Vec::new();
    FrameWriter::new(&mut requests).send(OpenDefaultLibrary::NUMBER, &OpenDefaultLibrary {}).unwrap();
    let answers = Answers::default();
    worker32::serve(Cursor::new(requests), answers.clone(), || {}).unwrap();
    let answers = answers.0.lock().unwrap();
    let mut reader = FrameReader::new(answers.as_slice());
    assert_eq!(reader.receive().unwrap().kind, link::FAULT);
}

#[test]
fn a_library_that_is_opened_twice_is_one_library() {
    let answers = Conversation::new().ask(&OpenDefaultLibrary {}).ask(&OpenDefaultLibrary {}).answers();
    assert_eq!(answers[0], answers[1]);
}

/// A channel that stays open until a message closes it.
struct Open(mpsc::Receiver<()>);

impl Read for Open {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        let _ = self.0.recv();
        Ok(0)
    }
}

#[test]
fn the_closing_of_the_channel_is_reported_and_ends_an_idle_loop() {
    let (close, channel) = mpsc::channel();
    let (told, hears) = mpsc::channel();
    let server = std::thread::spawn(move || worker32::serve(Open(channel), Vec::new(), move || told.send(()).unwrap()));
    drop(close);
    hears.recv_timeout(Duration::from_secs(10)).unwrap();
    server.join().unwrap().unwrap();
}
