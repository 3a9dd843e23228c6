//! Limits that both sides enforce, so that a faulty or hostile peer cannot exhaust the other's memory or stack.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// The maximum payload of one frame, in bytes: 64 MiB.
pub const FRAME_BYTES: u32 = 64 << 20;

/// The nesting limit of a message. Every message is flat; the codec's own default of 1,024 would overflow a small
/// stack.
pub const DEPTH: usize = 32;

/// The maximum number of arguments of one call. C guarantees 127 (C11 5.2.4.1).
pub const ARGUMENTS: usize = 256;

/// The maximum number of struct types of one signature: one for each parameter, and one for the result.
pub const RECORDS: usize = ARGUMENTS + 1;

/// The maximum size of a struct passed by value, in bytes: 64 KiB. It travels over the stack.
pub const RECORD_BYTES: u32 = 64 << 10;

/// The maximum number of callbacks created by one request.
pub const CALLBACKS: usize = 4096;

/// The maximum number of calls in one batch.
pub const BATCH: usize = 1 << 16;

/// The maximum number of jobs in progress at a time.
pub const JOBS: usize = 1 << 16;

/// The maximum number of directories searched for a library's dependencies.
pub const DIRECTORIES: usize = 256;

/// The maximum length of a symbol name, in bytes. C++ templates produce long ones.
pub const SYMBOL_BYTES: usize = 64 << 10;

/// The maximum length of a string read from a worker in one request, in bytes: the reply still fits in one frame.
pub const STRING_BYTES: u32 = FRAME_BYTES - 64;

/// Deserializes a list of at most `MOST` elements; rejects a longer one before storing its elements.
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
        // The announced length is not trusted: it bounds the reservation, but does not determine it.
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
