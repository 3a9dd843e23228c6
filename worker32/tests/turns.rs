//! Turns: callbacks, requests made while one is served, batches and jobs, over a channel whose other end is this
//! test.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};

use protocol::link::{self, FrameReader, FrameWriter};
use protocol::{
    Allocate, AwaitJob, BatchedCall, Call, CallbackInvocation, CallbackReply, CancelJob, Convention, CreateCallbacks,
    FailureRule, Fault, FaultKind, Hello, Invoke, InvokeBatch, Job, JobState, OpenDefaultLibrary, Outcome, Poll,
    Prepare, ReadString, Served, Signature, StartJob, Symbol, Type, VERSION, Value, WriteMemory, decode,
    decode_callback,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The host's end of a channel, with a worker in another thread.
struct Host {
    reader: FrameReader<UnixStream>,
    writer: FrameWriter<UnixStream>,
    worker: Option<JoinHandle<()>>,
}

/// A message from the worker.
enum Sent {
    Reply(Vec<u8>),
    Fault(Fault),
    CallbackInvocation(CallbackInvocation, Vec<Value>),
}

impl Host {
    fn start() -> Self {
        let (own, others) = UnixStream::pair().unwrap();
        let receiver = others.try_clone().unwrap();
        let worker = thread::spawn(move || worker32::serve(receiver, others, || {}).unwrap());
        let (reader, writer) = (FrameReader::new(own.try_clone().unwrap()), FrameWriter::new(own));
        let mut host = Self { reader, writer, worker: Some(worker) };
        host.ask(&Hello { version: VERSION });
        host.ask(&OpenDefaultLibrary {});
        host
    }

    fn send<T: Serialize>(&mut self, kind: u8, message: &T) {
        self.writer.send(kind, message).unwrap();
    }

    fn receive(&mut self) -> Sent {
        let frame = self.reader.receive().unwrap();
        match frame.kind {
            link::REPLY => Sent::Reply(frame.payload.to_vec()),
            link::FAULT => Sent::Fault(decode(frame.payload).unwrap()),
            link::CALLBACK => {
                let mut arguments = Vec::new();
                let called = decode_callback(frame.payload, &mut arguments).unwrap();
                Sent::CallbackInvocation(called, arguments)
            }
            kind => panic!("a message of kind {kind}"),
        }
    }

    /// The reply to the last request.
    fn reply<R: DeserializeOwned>(&mut self) -> R {
        match self.receive() {
            Sent::Reply(payload) => decode(&payload).unwrap(),
            Sent::Fault(fault) => panic!("{fault}"),
            Sent::CallbackInvocation(called, _) => panic!("{called:?}"),
        }
    }

    fn fault(&mut self) -> Fault {
        match self.receive() {
            Sent::Fault(fault) => fault,
            _ => panic!("a fault is expected"),
        }
    }

    fn ask<C: Call>(&mut self, request: &C) -> C::Reply {
        self.send(C::NUMBER, request);
        self.reply()
    }

    fn prepare(&mut self, name: &str, result: Type, parameters: &[Type]) -> u32 {
        let symbols = vec![Symbol::Name(name.to_owned())];
        self.ask(&Prepare { library: 0, symbols, signature: signature(result, parameters) }).id
    }

    /// Memory of the worker with these bytes.
    fn put(&mut self, bytes: &[u8]) -> u64 {
        let address = self.ask(&Allocate { bytes: bytes.len() as u64, align: 16 }).address;
        self.ask(&WriteMemory { address, bytes: bytes.to_vec() });
        address
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The worker's end of the channel gets end of file once both of these are gone.
        let (other, _) = UnixStream::pair().unwrap();
        self.writer = FrameWriter::new(other.try_clone().unwrap());
        self.reader = FrameReader::new(other);
        if let Some(worker) = self.worker.take() {
            let ended = worker.join();
            assert!(ended.is_ok() || thread::panicking());
        }
    }
}

fn signature(result: Type, parameters: &[Type]) -> Signature {
    Signature {
        convention: Convention::Cdecl,
        is_convention_open: false,
        result,
        parameters: parameters.to_vec(),
        fixed: None,
        records: vec![],
    }
}

fn integers(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn a_callback_is_served_and_may_ask_meanwhile() {
    let mut host = Host::start();
    let size = if size_of::<usize>() == 8 { Type::Uint64 } else { Type::Uint32 };
    let sort = host.prepare("qsort", Type::Void, &[Type::Pointer, size, size, Type::Pointer]);
    let absolute = host.prepare("abs", Type::Int32, &[Type::Int32]);
    let compare = CreateCallbacks { signature: signature(Type::Int32, &[Type::Pointer, Type::Pointer]), count: 2 };
    let callbacks = host.ask(&compare);
    assert_eq!((callbacks.first, callbacks.addresses.len()), (0, 2));
    let values = host.put(&integers(&[5, -7, 3]));
    let address = |address: u64| Value::Integer(address as i64);
    let arguments = [address(values), Value::Integer(3), Value::Integer(4), address(callbacks.addresses[1])];
    host.send(Invoke::NUMBER, &Invoke { function: sort, address: 0, arguments: &arguments });
    let mut calls = 0;
    loop {
        let (called, arguments) = match host.receive() {
            Sent::CallbackInvocation(called, arguments) => (called, arguments),
            Sent::Reply(payload) => break assert_eq!(decode::<Outcome>(&payload).unwrap().result, Value::Nil),
            Sent::Fault(fault) => panic!("{fault}"),
        };
        calls += 1;
        assert_eq!((called.callback, called.is_foreign, called.is_queued), (1, false, false));
        let mut magnitudes = arguments.iter().map(|pointer| {
            let Value::Integer(address) = pointer else { panic!("{pointer:?}") };
            let read = host.ask(&ReadString { address: *address as u64, length: Some(4) });
            let Value::Bytes(bytes) = read else { panic!("{read:?}") };
            let value = i32::from_le_bytes(bytes.try_into().unwrap());
            let arguments = [Value::Integer(value.into())];
            match host.ask(&Invoke { function: absolute, address: 0, arguments: &arguments }).result {
                Value::Integer(magnitude) => magnitude,
                other => panic!("{other:?}"),
            }
        });
        let difference = magnitudes.next().unwrap() - magnitudes.next().unwrap();
        host.send(link::CALLBACK_REPLY, &CallbackReply { result: Value::Integer(difference) });
    }
    assert!(calls >= 2, "{calls}");
    let sorted = host.ask(&ReadString { address: values, length: Some(12) });
    assert_eq!(sorted, Value::Bytes(integers(&[3, 5, -7])));
}

#[test]
fn a_batch_uses_earlier_results_and_ends_at_a_failure() {
    let mut host = Host::start();
    let absolute = host.prepare("abs", Type::Int32, &[Type::Int32]);
    let call = |value, earlier: &[(u32, u32)], failure| BatchedCall {
        function: absolute,
        address: 0,
        arguments: vec![Value::Integer(value)],
        earlier: earlier.to_vec(),
        failure,
    };
    let calls = vec![
        call(-5, &[], FailureRule::Zero),
        call(0, &[(0, 0)], FailureRule::Zero),
        call(0, &[], FailureRule::Zero),
        call(9, &[], FailureRule::Zero),
    ];
    let outcome = host.ask(&InvokeBatch { calls });
    let results: Vec<Value> = outcome.outcomes.into_iter().map(|outcome| outcome.result).collect();
    assert_eq!(results, [5, 5, 0].map(Value::Integer));
    assert_eq!(outcome.fault, None);
    for earlier in [(0, 1), (1, 0), (0, 9)] {
        let calls = vec![call(1, &[], FailureRule::Never), call(0, &[earlier], FailureRule::Never)];
        let outcome = host.ask(&InvokeBatch { calls });
        assert_eq!((outcome.outcomes.len(), outcome.fault.unwrap().kind), (1, FaultKind::Protocol));
    }
    let unknown = BatchedCall { function: 99, ..call(0, &[], FailureRule::Never) };
    host.send(InvokeBatch::NUMBER, &InvokeBatch { calls: vec![unknown] });
    assert_eq!(host.fault().kind, FaultKind::Protocol);
}

#[test]
fn a_job_is_awaited_once() {
    let mut host = Host::start();
    let absolute = host.prepare("abs", Type::Int32, &[Type::Int32]);
    let start = StartJob { function: absolute, address: 0, arguments: &[Value::Integer(-3)] };
    host.send(StartJob::NUMBER, &start);
    let job = host.reply::<Job>().id;
    let outcome = host.ask(&AwaitJob { job, milliseconds: None });
    assert_eq!(outcome.unwrap().result, Value::Integer(3));
    host.send(AwaitJob::NUMBER, &AwaitJob { job, milliseconds: Some(0) });
    assert_eq!(host.fault().kind, FaultKind::Protocol);
    host.send(CancelJob::NUMBER, &CancelJob { job });
    assert_eq!(host.fault().kind, FaultKind::Protocol);
    let wrong = StartJob { function: absolute, address: 0, arguments: &[] };
    host.send(StartJob::NUMBER, &wrong);
    let job = host.reply::<Job>().id;
    host.send(AwaitJob::NUMBER, &AwaitJob { job, milliseconds: None });
    assert_eq!(host.fault().kind, FaultKind::Protocol, "it fails like a call");
}

#[test]
fn a_job_that_has_not_begun_is_withdrawn() {
    let mut host = Host::start();
    let pause = host.prepare("usleep", Type::Int32, &[Type::Uint32]);
    let mut jobs = Vec::new();
    // More than the number that can run at a time; the first ones last until the last one is cancelled.
    for _ in 0..200 {
        let start = StartJob { function: pause, address: 0, arguments: &[Value::Integer(300_000)] };
        host.send(StartJob::NUMBER, &start);
        jobs.push(host.reply::<Job>().id);
    }
    assert_eq!(host.ask(&CancelJob { job: jobs[199] }), JobState::Withdrawn);
    host.send(AwaitJob::NUMBER, &AwaitJob { job: jobs[199], milliseconds: None });
    assert_eq!(host.fault().kind, FaultKind::Protocol);
    assert_eq!(host.ask(&AwaitJob { job: jobs[0], milliseconds: None }).unwrap().result, Value::Integer(0));
}

#[test]
fn a_poll_without_callbacks_waits_no_longer_than_requested() {
    let mut host = Host::start();
    assert_eq!(host.ask(&Poll { milliseconds: 0 }), Served { count: 0 });
    assert_eq!(host.ask(&Poll { milliseconds: 20 }), Served { count: 0 });
}

#[test]
fn signatures_that_cannot_be_called_are_rejected() {
    let mut host = Host::start();
    for (result, parameters) in
        [(Type::Record(0), vec![]), (Type::Void, vec![Type::Record(3)]), (Type::Int32, vec![Type::Void])]
    {
        host.send(CreateCallbacks::NUMBER, &CreateCallbacks { signature: signature(result, &parameters), count: 1 });
        assert_eq!(host.fault().kind, FaultKind::Signature, "{result:?} {parameters:?}");
    }
    host.send(CreateCallbacks::NUMBER, &CreateCallbacks { signature: signature(Type::Void, &[]), count: u32::MAX });
    assert_eq!(host.fault().kind, FaultKind::Protocol);
}
