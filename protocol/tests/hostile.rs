//! A faulty or hostile peer: every malformed message is an error, and none costs more memory than its length.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use protocol::link::{FrameReader, FrameWriter, LinkError};
use protocol::{
    CodecError, FindSymbol, Invoke, OpenLibrary, PathBytes, Symbol, Value, decode, decode_invoke, encode, limits,
};

fn invoke(bytes: &[u8]) -> Result<(u32, Vec<Value>), CodecError> {
    let mut arguments = Vec::new();
    let (function, _) = decode_invoke(bytes, &mut arguments)?;
    Ok((function, arguments))
}

#[test]
fn every_truncation_of_a_message_is_an_error() {
    let arguments = vec![Value::Bytes(vec![1; 40]), Value::Float(1.0), Value::Integer(i64::MAX)];
    let bytes = encode(&Invoke { function: 1, address: 0, arguments: &arguments }).unwrap();
    assert_eq!(invoke(&bytes).unwrap(), (1, arguments));
    for end in 0..bytes.len() {
        assert!(invoke(&bytes[..end]).is_err(), "{end} of {} bytes", bytes.len());
    }
}

#[test]
fn bytes_after_a_message_are_an_error() {
    let mut bytes = encode(&Invoke { function: 1, address: 0, arguments: &[] }).unwrap();
    bytes.push(0xc0);
    assert!(matches!(invoke(&bytes), Err(CodecError::Trailing(1))));
}

#[test]
fn counts_are_bounded() {
    let with = |count| encode(&Invoke { function: 1, address: 0, arguments: &vec![Value::Nil; count] }).unwrap();
    // The buffer for a result precedes the arguments.
    assert!(invoke(&with(limits::ARGUMENTS + 1)).is_ok());
    let error = invoke(&with(limits::ARGUMENTS + 2)).unwrap_err();
    assert!(error.to_string().contains("at most 256"), "{error}");
    let directories = vec![PathBytes::default(); limits::DIRECTORIES + 1];
    assert!(decode::<OpenLibrary>(&encode(&OpenLibrary { path: PathBytes::default(), directories }).unwrap()).is_err());
}

#[test]
fn names_of_symbols_are_bounded() {
    let with = |length| {
        let symbols = vec![Symbol::Name("x".repeat(length))];
        decode::<FindSymbol>(&encode(&FindSymbol { library: 0, symbols }).unwrap())
    };
    assert!(with(limits::SYMBOL_BYTES).is_ok());
    let error = with(limits::SYMBOL_BYTES + 1).unwrap_err();
    assert!(error.to_string().contains("at most 65536 bytes"), "{error}");
}

#[test]
fn an_announced_count_alone_costs_no_memory() {
    // An array of 2^32 - 1 arguments, none of which follows.
    let bytes = [0x92, 0x01, 0xdd, 0xff, 0xff, 0xff, 0xff];
    assert!(invoke(&bytes).is_err());
    // A byte string of 2^32 - 1 bytes, none of which follows.
    let bytes = [0x92, 0x01, 0x91, 0xc6, 0xff, 0xff, 0xff, 0xff];
    assert!(invoke(&bytes).is_err());
}

#[test]
fn nesting_is_bounded() {
    let mut bytes = vec![0x92, 0x01];
    bytes.extend([0x91; 100_000]);
    assert!(invoke(&bytes).is_err());
}

#[test]
fn an_invocation_is_a_function_and_its_arguments() {
    for bytes in [&[0x90][..], &[0x91, 0x01], &[0x93, 0x01, 0x90, 0x01], &[0x01], &[0x92, 0x90, 0x90]] {
        assert!(invoke(bytes).is_err(), "{bytes:x?}");
    }
}

#[test]
fn values_of_other_types_are_refused() {
    // A map, an extension, a string, and an unsigned integer over the signed range.
    for value in [&[0x80][..], &[0xd4, 1, 2], &[0xa1, b'x'], &[0xcf, 255, 255, 255, 255, 255, 255, 255, 255]] {
        let bytes = [&[0x92, 0x01, 0x91], value].concat();
        assert!(invoke(&bytes).is_err(), "{value:x?}");
    }
}

#[test]
fn an_oversized_frame_is_refused_by_its_header() {
    let mut header = (limits::FRAME_BYTES + 1).to_le_bytes().to_vec();
    header.push(1);
    let mut reader = FrameReader::new(header.as_slice());
    assert!(matches!(reader.receive(), Err(LinkError::TooLarge { .. })));
}

#[test]
fn an_oversized_message_is_not_sent() {
    let mut wire = Vec::new();
    let message = Value::Bytes(vec![0; limits::FRAME_BYTES as usize]);
    let sent = FrameWriter::new(&mut wire).send(1, &message);
    assert!(matches!(sent, Err(LinkError::TooLarge { .. })));
    assert!(wire.is_empty());
}

#[test]
fn a_frame_that_ends_early_is_a_closed_channel() {
    let mut wire = Vec::new();
    FrameWriter::new(&mut wire).send(1, &Value::Bytes(vec![7; 100])).unwrap();
    for end in 0..wire.len() {
        let mut reader = FrameReader::new(&wire[..end]);
        assert!(matches!(reader.receive(), Err(LinkError::Closed)), "{end} of {} bytes", wire.len());
    }
}
