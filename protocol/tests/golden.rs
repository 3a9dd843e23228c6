//! The bytes on the wire. A change here is a change of the protocol: it needs a new `VERSION`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use protocol::link::{DoorbellTicket, FAULT, FrameReader, FrameWriter, REPLY, Ticket};
use protocol::{
    Allocate, Allocated, Attach, Call, Convention, DescribeLastError, Fault, FaultKind, FindSymbol, FoundSymbol,
    Function, Hello, Identity, Invoke, LastWords, Library, Machine, MapSegment, Mapped, OpenDefaultLibrary,
    OpenLibrary, Outcome, Platform, Prepare, PrepareSignature, PreparedSignature, ReadString, Release, SetErrno,
    Signature, Symbol, Type, VERSION, Value, WriteMemory, decode, decode_invoke, encode,
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
    assert_eq!(VERSION, 4);
    let numbers = [
        Hello::NUMBER,
        OpenLibrary::NUMBER,
        OpenDefaultLibrary::NUMBER,
        Prepare::NUMBER,
        Invoke::NUMBER,
        SetErrno::NUMBER,
        ReadString::NUMBER,
        DescribeLastError::NUMBER,
        Attach::NUMBER,
        MapSegment::NUMBER,
        WriteMemory::NUMBER,
        Allocate::NUMBER,
        Release::NUMBER,
        PrepareSignature::NUMBER,
        FindSymbol::NUMBER,
    ];
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
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
    let request = OpenLibrary { path: "C:\\a.dll".to_owned(), directories: vec!["D:\\".to_owned()] };
    golden(&request, "92 a8433a5c612e646c6c 91 a3443a5c");
    golden(&OpenDefaultLibrary {}, "90");
    golden(&Library { id: 2 }, "91 02");
}

#[test]
fn preparing() {
    let signature = Signature {
        convention: Convention::Stdcall,
        result: Type::Int32,
        parameters: vec![Type::Pointer, Type::Uint64],
        fixed: None,
    };
    let symbols = vec![Symbol::Name("Add".to_owned()), Symbol::Ordinal(300)];
    let request = Prepare { library: 0, symbols: symbols.clone(), signature: signature.clone() };
    golden(
        &request,
        "93 00 92 81a44e616d65a3416464 81a74f7264696e616ccd012c 94 a7537464 63616c6c a5496e743332 92 a7506f696e746572 a655696e743634 c0",
    );
    golden(&Function { id: 1, address: 0x1000, symbol: symbols[0].clone() }, "93 01 cd1000 81a44e616d65a3416464");
    let variadic = Signature { fixed: Some(1), ..signature };
    golden(
        &PrepareSignature { signature: variadic },
        "91 94 a7537464 63616c6c a5496e743332 92 a7506f696e746572 a655696e743634 01",
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
    golden(&SetErrno { value: 0 }, "91 00");
    golden(&ReadString { address: 0xffff_0000, length: None }, "92 ceffff0000 c0");
    golden(&DescribeLastError { code: 126 }, "91 7e");
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
fn last_words_are_the_frame_of_their_message() {
    let all = [
        LastWords { code: 0xc000_0005, instruction: 1, accessed: Some(16), write: Some(true), in_call: true },
        LastWords { code: 11, instruction: u64::MAX, accessed: Some(0), write: Some(false), in_call: true },
        LastWords { code: 6, instruction: 0, accessed: None, write: None, in_call: false },
    ];
    for words in all {
        let (frame, length) = words.to_frame();
        let mut reader = FrameReader::new(&frame[..length]);
        let received = reader.receive().unwrap();
        assert_eq!(received.kind, protocol::link::LAST_WORDS);
        assert_eq!(decode::<LastWords>(received.payload).unwrap(), words);
    }
    let (frame, length) = all[0].to_frame();
    let expected = "1a00000082 95 cec0000005 cf0000000000000001 cf0000000000000010 c3 c3".replace(' ', "");
    assert_eq!(hex(&frame[..length]), expected);
}
