//! Reads bytes from memory: a given number, or up to a zero. The buffer grows with the bytes read, so that a wrong
//! length allocates no more memory than is readable, and each byte is copied a bounded number of times.

use std::ffi::CStr;
use std::fmt;

use super::Location;
use crate::error::{Error, ErrorKind};

/// The sizes of the first and of the largest block read at once, where the total is unknown.
const FIRST_BLOCK: u64 = 4096;
const LARGEST_BLOCK: u64 = 1 << 20;

/// The unit of access protection: text may end right before unreadable memory.
const PAGE: u64 = 4096;

/// The longest text searched for its end, in code units: the bytes that one message holds.
const LONGEST_TEXT: u64 = protocol::limits::STRING_BYTES as u64;

impl Location {
    /// Reads `count` bytes.
    pub(in crate::dll) fn read_bytes(&self, doing: &dyn fmt::Display, count: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        if count == 0 {
            // Reports a closed or stale location.
            self.read(doing, 0, &mut [])?;
        }
        while (bytes.len() as u64) < count {
            let missing = count - bytes.len() as u64;
            self.append(doing, &mut bytes, missing.min(LARGEST_BLOCK))?;
        }
        Ok(bytes)
    }

    /// Reads up to the first zero unit of text; all of an object that contains none. `most` is the maximum number of
    /// bytes, where it is known.
    pub(in crate::dll) fn read_to_zero(
        &self,
        doing: &dyn fmt::Display,
        most: Option<u64>,
        unit: usize,
    ) -> Result<Vec<u8>, Error> {
        let known = match (self.bytes(), most) {
            (Some(bytes), Some(most)) => Some(bytes.min(most)),
            (bytes, most) => bytes.or(most),
        };
        if known.is_none() && unit == 1 {
            return self.read_foreign_to_zero(doing);
        }
        let mut bytes = Vec::new();
        let mut block = FIRST_BLOCK;
        loop {
            let done = bytes.len() as u64;
            let length = match known {
                Some(known) if done == known => break,
                Some(known) => block.min(known - done),
                None if done / unit as u64 > LONGEST_TEXT => return Err(endless(doing)),
                None => PAGE - self.address().wrapping_add(done) % PAGE,
            };
            self.append(doing, &mut bytes, length)?;
            // The bytes read before may end with part of a unit.
            let start = done as usize - done as usize % unit;
            if let Some(end) = zero_unit(&bytes[start..], unit) {
                bytes.truncate(start + end);
                return Ok(bytes);
            }
            block = (2 * block).min(LARGEST_BLOCK);
        }
        if bytes.is_empty() {
            self.read(doing, 0, &mut [])?;
        }
        Ok(bytes)
    }

    /// Reads the bytes that follow `bytes`.
    fn append(&self, doing: &dyn fmt::Display, bytes: &mut Vec<u8>, length: u64) -> Result<(), Error> {
        let start = bytes.len();
        let added = usize::try_from(length).ok().filter(|added| bytes.try_reserve(*added).is_ok());
        let added = added.ok_or_else(|| no_memory(doing, length))?;
        bytes.resize(start + added, 0);
        self.read(doing, start as u64, &mut bytes[start..])
    }
}

/// The offset of the first zero unit.
pub(in crate::dll) fn zero_unit(bytes: &[u8], unit: usize) -> Option<usize> {
    if unit == 1 {
        return CStr::from_bytes_until_nul(bytes).ok().map(CStr::count_bytes);
    }
    bytes.chunks_exact(unit).position(|unit| unit.iter().all(|byte| *byte == 0)).map(|index| index * unit)
}

fn endless(doing: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Range, format!("{doing}: no terminating zero in the first {LONGEST_TEXT} characters"))
}

/// A zeroed buffer.
pub(in crate::dll) fn buffer(doing: &dyn fmt::Display, length: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).ok().filter(|length| bytes.try_reserve_exact(*length).is_ok());
    bytes.resize(reserved.ok_or_else(|| no_memory(doing, length))?, 0);
    Ok(bytes)
}

#[cold]
fn no_memory(doing: &dyn fmt::Display, length: u64) -> Error {
    Error::new(ErrorKind::Memory, format!("{doing}: out of memory for {length} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_a_zero_unit() {
        let cases: &[(&[u8], usize, Option<usize>)] = &[
            (b"", 1, None),
            (b"ab\0", 1, Some(2)),
            (b"ab", 1, None),
            // Adjacent zero bytes of two characters are not a terminator.
            (b"\0\x01\x01\0\0\x01\0\0", 2, Some(6)),
            (b"a\0\0", 2, None),
            (b"\0\0", 2, Some(0)),
            (b"a\0\0\0\0\0\0\0", 4, Some(4)),
            (b"\0\0\x01\0\0\0\x01\0", 4, None),
        ];
        for (bytes, unit, end) in cases {
            assert_eq!(zero_unit(bytes, *unit), *end, "{bytes:?} by {unit}");
        }
    }
}
