//! MessagePack encoding and decoding, with bounded nesting depth.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use crate::{CallbackInvocation, Value, limits};

/// Reasons a message could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not valid MessagePack of the expected message.
    #[error("malformed message: {0}")]
    Decode(#[from] rmp_serde::decode::Error),
    /// The value has no encoding.
    #[error("a message could not be encoded: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
    /// Bytes follow the message, so the two sides disagree on its shape.
    #[error("malformed message: {0} trailing bytes")]
    Trailing(usize),
}

/// Encodes a message: structs as arrays, byte strings as `bin`.
///
/// # Errors
/// [`CodecError::Encode`] if the message has no encoding.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    encode_into(&mut bytes, message)?;
    Ok(bytes)
}

/// Appends the encoding of a message, so that one buffer can be reused for many messages.
///
/// # Errors
/// [`CodecError::Encode`] if the message has no encoding.
pub fn encode_into<T: Serialize>(buffer: &mut Vec<u8>, message: &T) -> Result<(), CodecError> {
    Ok(rmp_serde::encode::write(buffer, message)?)
}

/// Decodes exactly one message from `bytes`.
///
/// # Errors
/// [`CodecError::Decode`] for bytes of another shape or nested more deeply than [`limits::DEPTH`],
/// [`CodecError::Trailing`] if bytes follow the message.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    decode_with(PhantomData::<T>, bytes)
}

/// Decodes an [`Invoke`](crate::Invoke): returns the function's id and address, and stores the arguments in a list
/// that can be reused for many calls.
///
/// # Errors
/// As [`decode`]; also for more than [`limits::ARGUMENTS`] arguments.
pub fn decode_invoke(bytes: &[u8], arguments: &mut Vec<Value>) -> Result<(u32, u64), CodecError> {
    arguments.clear();
    decode_with(InvokeParts(arguments), bytes)
}

/// Decodes a callback invocation: returns its head, and stores the arguments in a list that can be reused for many
/// calls.
///
/// # Errors
/// As [`decode_invoke`].
pub fn decode_callback(bytes: &[u8], arguments: &mut Vec<Value>) -> Result<CallbackInvocation, CodecError> {
    arguments.clear();
    decode_with(CallbackParts(arguments), bytes)
}

fn decode_with<S: for<'de> DeserializeSeed<'de, Value = T>, T>(seed: S, bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = bytes;
    let mut decoder = rmp_serde::Deserializer::new(&mut rest);
    decoder.set_max_depth(limits::DEPTH);
    let message = seed.deserialize(&mut decoder)?;
    if rest.is_empty() { Ok(message) } else { Err(CodecError::Trailing(rest.len())) }
}

/// Visitor for the array of function, address and arguments.
struct InvokeParts<'a>(&'a mut Vec<Value>);

impl<'de> DeserializeSeed<'de> for InvokeParts<'_> {
    type Value = (u32, u64);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(u32, u64), D::Error> {
        deserializer.deserialize_tuple(3, self)
    }
}

impl<'de> Visitor<'de> for InvokeParts<'_> {
    type Value = (u32, u64);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a function's id, its address and its arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<(u32, u64), A::Error> {
        let function = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let address = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        let arguments = parts.next_element_seed(Arguments(self.0))?;
        arguments.ok_or_else(|| A::Error::invalid_length(2, &"a function's id, its address and its arguments"))?;
        Ok((function, address))
    }
}

/// Visitor for the array of head and arguments.
struct CallbackParts<'a>(&'a mut Vec<Value>);

impl<'de> DeserializeSeed<'de> for CallbackParts<'_> {
    type Value = CallbackInvocation;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<CallbackInvocation, D::Error> {
        deserializer.deserialize_tuple(2, self)
    }
}

impl<'de> Visitor<'de> for CallbackParts<'_> {
    type Value = CallbackInvocation;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a callback invocation and its arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<CallbackInvocation, A::Error> {
        let called = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let arguments = parts.next_element_seed(Arguments(self.0))?;
        arguments.ok_or_else(|| A::Error::invalid_length(1, &"a callback invocation and its arguments"))?;
        Ok(called)
    }
}

/// Visitor for the array of arguments.
struct Arguments<'a>(&'a mut Vec<Value>);

impl<'de> DeserializeSeed<'de> for Arguments<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Arguments<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {} arguments", limits::ARGUMENTS)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(value) = elements.next_element()? {
            // A record result takes one value before the arguments.
            if self.0.len() > limits::ARGUMENTS {
                return Err(A::Error::invalid_length(limits::ARGUMENTS + 2, &self));
            }
            self.0.push(value);
        }
        Ok(())
    }
}
