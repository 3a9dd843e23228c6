//! The bytes on the wire. A change here changes the protocol: it requires a new `VERSION`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use protocol::link::{
    CALLBACK, CALLBACK_REPLY, DoorbellTicket, FAULT, FrameReader, FrameWriter, LAST_WORDS, REPLY, Ticket, report_frame,
};
use protocol::{
    Allocate, Allocated, Attach, AwaitJob, BatchOutcome, BatchedCall, Call, CallbackInvocation, CallbackReply,
    Callbacks, CancelJob, Cause, Convention, CrashReport, CreateCallbacks, DescribeLastError, Eightbyte, FailureRule,
    Fault, FaultKind, FindSymbol, FoundSymbol, Function, Hello, Identity, Invoke, InvokeBatch, Job, JobState, Library,
    LimitJob, Machine, MapSegment, Mapped, MemoryAccess, OpenDefaultLibrary, OpenLibrary, Outcome, PathBytes, Platform,
    Poll, Prepare, PrepareSignature, PreparedSignature, QueueCallback, ReadString, Record, Registers, Release, Served,
    SetErrors, Signature, Stage, StartJob, Symbol, Text, Type, VERSION, Value, WriteMemory, decode, decode_callback,
    decode_invoke, encode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks the encoding of a message, and that it decodes to the same message.
#[track_caller]
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T, expected: &str) {
    let bytes = encode(message).unwrap();
    assert_eq!(hex(&bytes), expected.replace(' ', ""));
    assert_eq!(&decode::<T>(&bytes).unwrap(), message);
}

#[test]
fn the_version_and_the_numbers_of_the_calls() {
    assert_eq!(VERSION, 6);
    let numbers = [
        Hello::NUMBER,
        OpenLibrary::NUMBER,
        OpenDefaultLibrary::NUMBER,
        Prepare::NUMBER,
        Invoke::NUMBER,
        SetErrors::NUMBER,
        ReadString::NUMBER,
        DescribeLastError::NUMBER,
        Attach::NUMBER,
        MapSegment::NUMBER,
        WriteMemory::NUMBER,
        Allocate::NUMBER,
        Release::NUMBER,
        PrepareSignature::NUMBER,
        FindSymbol::NUMBER,
        CreateCallbacks::NUMBER,
        QueueCallback::NUMBER,
        Poll::NUMBER,
        StartJob::NUMBER,
        AwaitJob::NUMBER,
        CancelJob::NUMBER,
        InvokeBatch::NUMBER,
        LimitJob::NUMBER,
    ];
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    assert_eq!([REPLY, FAULT, LAST_WORDS, CALLBACK, CALLBACK_REPLY], [0x80, 0x81, 0x82, 0x83, 0x84]);
}

#[test]
fn the_handshake() {
    golden(&Hello { version: 1 }, "91 01");
    let identity =
        Identity { version: 1, pointer_bits: 32, platform: Platform::Windows, machine: Machine::I386, process: 4711 };
    golden(&identity, "95 01 20 a757696e646f7773 a449333836 cd1267");
}

#[test]
fn loading() {
    let request = OpenLibrary { path: "C:\\a.dll".into(), directories: vec!["D:\\".into()] };
    golden(&request, "92 c408433a5c612e646c6c 91 c403443a5c");
    let request = OpenLibrary { path: PathBytes(b"/\xff/a.so".to_vec()), directories: Vec::new() };
    golden(&request, "92 c4072fff2f612e736f 90");
    golden(&OpenDefaultLibrary {}, "90");
    golden(&Library { id: 2 }, "91 02");
}

#[test]
fn preparing() {
    let signature = Signature {
        convention: Convention::Stdcall,
        is_convention_open: false,
        result: Type::Int32,
        parameters: vec![Type::Pointer, Type::Uint64],
        fixed: None,
        records: vec![],
    };
    let symbols = vec![Symbol::Name("Add".to_owned()), Symbol::Ordinal(300)];
    let request = Prepare { library: 0, symbols: symbols.clone(), signature: signature.clone() };
    golden(
        &request,
        "93 00 92 81a44e616d65a3416464 81a74f7264696e616ccd012c 96 a7537464 63616c6c c2 a5496e743332 92 a7506f696e746572 a655696e743634 c0 90",
    );
    golden(&Function { id: 1, address: 0x1000, symbol: symbols[0].clone() }, "93 01 cd1000 81a44e616d65a3416464");
    let record = Record { bytes: 12, align: 8, registers: vec![Eightbyte::Sse, Eightbyte::Integer] };
    let variadic = Signature { fixed: Some(1), result: Type::Record(0), records: vec![record], ..signature };
    golden(
        &PrepareSignature { signature: variadic },
        "91 96 a7537464 63616c6c c2 81a65265636f726400 92 a7506f696e746572 a655696e743634 01 \
         91 93 0c 08 92 a3537365 a7496e7465676572",
    );
    golden(&PreparedSignature { id: 3 }, "91 03");
    golden(&FindSymbol { library: 1, symbols }, "92 01 92 81a44e616d65a3416464 81a74f7264696e616ccd012c");
    golden(&FoundSymbol { address: 0x1000, symbol: Symbol::Ordinal(1) }, "92 cd1000 81a74f7264696e616c01");
}

#[test]
fn calling() {
    let arguments = vec![
        Value::Nil,
        Value::Bool(true),
        Value::Integer(-1),
        Value::Integer(3),
        Value::Float(0.5),
        Value::Bytes(b"ab\0".to_vec()),
    ];
    let bytes = encode(&Invoke { function: 7, address: 0x10, arguments: &arguments }).unwrap();
    assert_eq!(hex(&bytes), "930710 96 c0 c3 ff 03 cb3fe0000000000000 c403616200".replace(' ', ""));
    let mut decoded = vec![Value::Nil];
    assert_eq!(decode_invoke(&bytes, &mut decoded).unwrap(), (7, 0x10));
    assert_eq!(decoded, arguments);
    let outcome = Outcome { result: Value::Integer(i64::MIN), errno: 2, last_error: 5 };
    golden(&outcome, "93 d38000000000000000 02 05");
    golden(&SetErrors { errno: Some(0), last_error: None }, "92 00 c0");
    golden(&ReadString { address: 0xffff_0000, length: None }, "92 ceffff0000 c0");
    golden(&DescribeLastError { code: 126 }, "91 7e");
}

#[test]
fn calling_back() {
    let signature = Signature {
        convention: Convention::Cdecl,
        is_convention_open: false,
        result: Type::Void,
        parameters: vec![],
        fixed: None,
        records: vec![],
    };
    golden(&CreateCallbacks { signature, count: 32 }, "92 96 a5436465636c c2 a4566f6964 90 c0 90 20");
    golden(&Callbacks { first: 3, addresses: vec![0x1000, 0x1010] }, "92 03 92 cd1000 cd1010");
    golden(&QueueCallback { callback: 3, is_queued: true, answer: Value::Integer(1) }, "93 03 c3 01");
    let called =
        CallbackInvocation { callback: 3, errno: 2, last_error: 5, is_foreign: true, is_queued: false, lost: 0 };
    let arguments = vec![Value::Integer(7), Value::Bytes(b"ab".to_vec())];
    let bytes = encode(&(called, arguments.as_slice())).unwrap();
    assert_eq!(hex(&bytes), "92 96 03 02 05 c3 c2 00 92 07 c4026162".replace(' ', ""));
    let mut decoded = vec![Value::Nil];
    assert_eq!(decode_callback(&bytes, &mut decoded).unwrap(), called);
    assert_eq!(decoded, arguments);
    golden(&CallbackReply { result: Value::Float(0.5) }, "91 cb3fe0000000000000");
    golden(&Poll { milliseconds: 500 }, "91 cd01f4");
    golden(&Served { count: 2 }, "91 02");
}

#[test]
fn calling_without_waiting() {
    let job = StartJob { function: 7, address: 0, arguments: &[Value::Integer(1)] };
    assert_eq!(hex(&encode(&job).unwrap()), "93070091 01".replace(' ', ""));
    golden(&Job { id: 1 }, "91 01");
    golden(&AwaitJob { job: 1, milliseconds: Some(10) }, "92 01 0a");
    golden(&LimitJob { milliseconds: 500 }, "91 cd01f4");
    golden(&CancelJob { job: 1 }, "91 01");
    golden(&JobState::Withdrawn, "a957697468647261776e");
    let call = BatchedCall {
        function: 7,
        address: 0,
        arguments: vec![Value::Integer(1), Value::Nil],
        earlier: vec![(1, 0)],
        failure: FailureRule::Zero,
    };
    golden(&InvokeBatch { calls: vec![call] }, "91 91 95 07 00 92 01 c0 91 92 01 00 a45a65726f");
    let outcome = Outcome { result: Value::Integer(3), errno: 0, last_error: 0 };
    golden(&BatchOutcome { outcomes: vec![outcome], fault: None }, "92 91 93 03 00 00 c0");
}

#[test]
fn sharing_memory() {
    let memory = Ticket::Path("/p".to_owned());
    let attach = Attach { memory, bytes: 1 << 32, doorbell: DoorbellTicket::Channel };
    golden(&attach, "93 81a450617468a22f70 cf0000000100000000 a74368616e6e656c");
    let doorbell = DoorbellTicket::Events { host: 1, worker: 2, closed: 3, process: 4 };
    let attach = Attach { memory: Ticket::Handle(8), bytes: 0, doorbell };
    golden(&attach, "93 81a648616e646c6508 00 81a64576656e747394 01020304");
    golden(&Mapped { address: 0x1000 }, "91 cd1000");
    golden(&MapSegment { offset: 0x10000, bytes: 16 }, "92 ce00010000 10");
    golden(&WriteMemory { address: 1, bytes: vec![1, 2] }, "92 01 c4020102");
    golden(&Allocate { bytes: 24, align: 16 }, "92 18 10");
    golden(&Allocated { address: 0x1000 }, "91 cd1000");
    golden(&Release { address: 0x1000 }, "91 cd1000");
}

#[test]
fn faults() {
    let fault = Fault { kind: FaultKind::Load, message: "no".to_owned(), code: Some(126) };
    golden(&fault, "93 a44c6f6164 a26e6f 7e");
    golden(&Fault::new(FaultKind::Symbol, ""), "93 a653796d626f6c a0 c0");
}

#[test]
fn frames() {
    let mut wire = Vec::new();
    FrameWriter::new(&mut wire).send(Hello::NUMBER, &Hello { version: 1 }).unwrap();
    FrameWriter::new(&mut wire).send(REPLY, &()).unwrap();
    FrameWriter::new(&mut wire).send(FAULT, &Fault::new(FaultKind::Load, "")).unwrap();
    assert_eq!(hex(&wire), "02000000019101".to_owned() + "0100000080c0" + "080000008193a44c6f6164a0c0");
    let mut reader = FrameReader::new(wire.as_slice());
    assert_eq!(reader.receive().unwrap().kind, Hello::NUMBER);
    assert_eq!(reader.receive().unwrap().payload, [0xc0]);
}

#[test]
fn crash_reports_have_a_fixed_layout() {
    let words = CrashReport {
        instruction: 0x1122_3344,
        accessed: Some(0x10),
        access: Some(MemoryAccess::Write),
        thread: 7,
        is_foreign: true,
        calls: 2,
        module_base: 0x1000,
        module: Text::of(b"a.so"),
        text: Text::of(b"!"),
        registers: Registers::of(&[5, 6]),
        ..CrashReport::new(Stage::Final, Cause::Fault, 0xc000_0005)
    };
    let frame = report_frame(&words);
    let mut reader = FrameReader::new(frame.as_slice());
    let received = reader.receive().unwrap();
    assert_eq!(received.kind, LAST_WORDS);
    assert_eq!(CrashReport::from_bytes(received.payload), Some(words));
    let start = "c802000082 4c573035 02010202 03000000 050000c0 07000000 02000000 00000000 \
                 4433221100000000 1000000000000000 0010000000000000 0400612e736f";
    let start: String = start.split_whitespace().collect();
    assert_eq!(hex(&frame)[..start.len()], start);
    assert_eq!(hex(&frame[5 + 52 + 258..][..3]), "010021");
    assert_eq!(hex(&frame[5 + 52 + 2 * 258..][..16]), "05000000000000000600000000000000");
}
