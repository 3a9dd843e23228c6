//! MessagePack in and out, with the depth of nesting bounded.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits;

/// Why a message could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not the MessagePack of the expected message.
    #[error("malformed message: {0}")]
    Decode(#[from] rmp_serde::decode::Error),
    /// The value has no encoding.
    #[error("a message could not be encoded: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
    /// Bytes are left over after the message, so the two sides do not agree on its shape.
    #[error("malformed message: {0} bytes follow it")]
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

/// Appends the encoding of a message, so that a buffer can serve many messages.
///
/// # Errors
/// [`CodecError::Encode`] if the message has no encoding.
pub fn encode_into<T: Serialize>(buffer: &mut Vec<u8>, message: &T) -> Result<(), CodecError> {
    Ok(rmp_serde::encode::write(buffer, message)?)
}

/// Decodes exactly one message from `bytes`.
///
/// # Errors
/// [`CodecError::Decode`] for bytes of another shape or nested deeper than [`limits::DEPTH`],
/// [`CodecError::Trailing`] if something follows the message.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = bytes;
    let mut decoder = rmp_serde::Deserializer::new(&mut rest);
    decoder.set_max_depth(limits::DEPTH);
    let message = T::deserialize(&mut decoder)?;
    if rest.is_empty() { Ok(message) } else { Err(CodecError::Trailing(rest.len())) }
}
