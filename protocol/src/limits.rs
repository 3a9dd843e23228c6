//! Bounds that both sides enforce, so that a confused or hostile peer cannot make the other run out of memory or stack.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// The largest payload of one frame, in bytes: 64 MiB.
pub const FRAME_BYTES: u32 = 64 << 20;

/// How deep a message may nest. Every message is flat; the codec's own default of 1,024 would overflow a small stack.
pub const DEPTH: usize = 32;

/// The most arguments of one call. C guarantees 127 (C11 5.2.4.1).
pub const ARGUMENTS: usize = 256;

/// The most struct types of one signature: one for each parameter, and one for the result.
pub const RECORDS: usize = ARGUMENTS + 1;

/// The largest struct that is passed by value, in bytes: 64 KiB. It travels over the stack.
pub const RECORD_BYTES: u32 = 64 << 10;

/// The most callbacks that are made by one request.
pub const CALLBACKS: usize = 4096;

/// The most calls of one batch.
pub const BATCH: usize = 1 << 16;

/// The most calls that are under way at a time without anybody waiting for them.
pub const JOBS: usize = 1 << 16;

/// The most directories a library's dependencies are searched in.
pub const DIRECTORIES: usize = 256;

/// The longest name of a symbol, in bytes. C++ templates make long ones.
pub const SYMBOL_BYTES: usize = 64 << 10;

/// The longest string read from a worker in one request, in bytes: a reply of it still fits one frame.
pub const STRING_BYTES: u32 = FRAME_BYTES - 64;

/// Deserializes a list of at most `MOST` elements and refuses a longer one before its elements are stored.
pub(crate) fn bounded<'de, const MOST: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(BoundedList::<T, MOST>(PhantomData))
}

struct BoundedList<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for BoundedList<T, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MOST} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        // The announced length is the peer's word only: it bounds the reservation, it does not set it.
        let announced = elements.size_hint().unwrap_or(0);
        if announced > MOST {
            return Err(A::Error::invalid_length(announced, &self));
        }
        let mut list = Vec::with_capacity(announced);
        while let Some(element) = elements.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            list.push(element);
        }
        Ok(list)
    }
}

/// Deserializes a text of at most `MOST` bytes.
pub(crate) fn bounded_text<'de, const MOST: usize, D>(deserializer: D) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(BoundedText::<MOST>)
}

struct BoundedText<const MOST: usize>;

impl<const MOST: usize> Visitor<'_> for BoundedText<MOST> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a text of at most {MOST} bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if text.len() > MOST {
            return Err(E::invalid_length(text.len(), &self));
        }
        Ok(text.to_owned())
    }
}
