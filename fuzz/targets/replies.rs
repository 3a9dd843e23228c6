//! Messages of a hostile worker: the host's own client returns a reply or a failure for any bytes, through the plain
//! channel and as data left by a dead worker beside shared memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::link::{self, CONTROL_BYTES, Doorbell, Endpoint, Memory, SharedEndpoint, Side};
use protocol::{
    Allocate, AwaitJob, BatchOutcome, Call, CallbackReply, CancelJob, Convention, CreateCallbacks, DescribeLastError,
    FailureRule, FindSymbol, Hello, Invoke, InvokeBatch, MapSegment, OpenDefaultLibrary, OpenLibrary, Outcome,
    PathBytes, Poll, Prepare, PrepareSignature, QueueCallback, ReadString, Release, SetErrors, Signature, StartJob,
    Type, VERSION, Value, WriteMemory,
};
use runtime64::remote::{Answer, Client};

fuzz_target!(|data: &[u8]| {
    let [first, second, bytes @ ..] = data else { return };
    let (channel, worker) = link::pair().expect("sockets are available");
    // The worker sends all of this and is gone, so that nothing waits.
    std::io::Write::write_all(&mut std::fs::File::from(worker), bytes).expect("inputs fit a socket's buffer");
    let mut client = if first % 2 == 0 { Client::plain(channel) } else { Client::shared(shared(channel)) };
    for request in [first / 2, *second] {
        ask(&mut client, request);
    }
});

/// Shared memory without contents.
fn shared(channel: Endpoint) -> SharedEndpoint {
    let memory = Memory::create(CONTROL_BYTES).expect("memory is available");
    let view = memory.map(0, CONTROL_BYTES).expect("the memory can be mapped");
    SharedEndpoint::over(view, Side::Host, Doorbell::through(channel))
}

/// Sends one of all requests and decodes the reply.
fn ask(client: &mut Client, request: u8) {
    let signature = || Signature {
        convention: Convention::Cdecl,
        is_convention_open: true,
        result: Type::Int32,
        parameters: vec![Type::Pointer],
        fixed: None,
        records: Vec::new(),
    };
    match request % 21 {
        0 => call(client, &Hello { version: VERSION }),
        1 => call(client, &OpenLibrary { path: PathBytes::default(), directories: Vec::new() }),
        2 => call(client, &OpenDefaultLibrary {}),
        3 => call(client, &Prepare { library: 0, symbols: Vec::new(), signature: signature() }),
        4 => call(client, &SetErrors { errno: None, last_error: None }),
        5 => call(client, &ReadString { address: 0, length: None }),
        6 => call(client, &DescribeLastError { code: 0 }),
        7 => call(client, &MapSegment { offset: 0, bytes: 0 }),
        8 => call(client, &WriteMemory { address: 0, bytes: Vec::new() }),
        9 => call(client, &Allocate { bytes: 0, align: 1 }),
        10 => call(client, &Release { address: 0 }),
        11 => call(client, &PrepareSignature { signature: signature() }),
        12 => call(client, &FindSymbol { library: 0, symbols: Vec::new() }),
        13 => call(client, &CreateCallbacks { signature: signature(), count: 1 }),
        14 => call(client, &QueueCallback { callback: 0, is_queued: false, answer: Value::Nil }),
        15 => call(client, &StartJob { function: 0, address: 0, arguments: &[] }),
        16 => call(client, &CancelJob { job: 0 }),
        17 => drop(converse(client, &Poll { milliseconds: 0 })),
        18 => rules(converse(client, &AwaitJob { job: 0, milliseconds: None }).flatten().as_slice()),
        19 => rules(converse(client, &Invoke { function: 0, address: 0, arguments: &[] }).as_slice()),
        _ => {
            let outcome: Option<BatchOutcome> = converse(client, &InvokeBatch { calls: Vec::new() });
            rules(outcome.as_ref().map_or(&[], |outcome| &outcome.outcomes));
        }
    }
}

/// A request that runs no library function.
fn call<C: Call>(client: &mut Client, request: &C) {
    if let Err(failure) = client.call(request) {
        let _ = (failure.to_string(), format!("{failure:?}"));
    }
}

/// A request that runs functions: each callback invocation is answered.
fn converse<C: Call>(client: &mut Client, request: &C) -> Option<C::Reply> {
    let mut arguments = Vec::new();
    let mut answer = client.converse(request, &mut arguments);
    while let Ok(Answer::Called(_)) = answer {
        let result = arguments.pop().unwrap_or_default();
        answer = client.resume(&CallbackReply { result }, &mut arguments);
    }
    match answer {
        Ok(Answer::Reply(reply)) => Some(reply),
        _ => None,
    }
}

/// Applies every failure rule to the outcomes.
fn rules(outcomes: &[Outcome]) {
    use FailureRule::{Errno, Hresult, LastError, Negative, Never, Nonzero, Zero};
    for outcome in outcomes {
        for rule in [Never, Nonzero, Zero, Negative, LastError, Errno, Hresult] {
            let _ = rule.holds(outcome);
        }
    }
}
