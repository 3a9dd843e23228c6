//! Bytes out of memory, as many as told or as there are before a zero. A buffer grows with what was read, so that a length that
//! was mistaken takes no more memory than there is to read, and each byte is copied a bounded number of times.

use std::ffi::CStr;
use std::fmt;

use super::Location;
use crate::error::{Error, ErrorKind};

/// How much is read at first, and how much at most at a time, where nobody knows how much there is.
const FIRST_BLOCK: u64 = 4096;
const LARGEST_BLOCK: u64 = 1 << 20;

/// The unit of access protection: text may end right before memory that cannot be read.
const PAGE: u64 = 4096;

/// The most units of text that are sought for its end: as many as one message holds bytes.
const LONGEST_TEXT: u64 = protocol::limits::STRING_BYTES as u64;

impl Location {
    /// So many bytes.
    pub(in crate::dll) fn read_bytes(&self, doing: &dyn fmt::Display, count: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        if count == 0 {
            // A place that is closed or lost says so.
            self.read(doing, 0, &mut [])?;
        }
        while (bytes.len() as u64) < count {
            let missing = count - bytes.len() as u64;
            self.append(doing, &mut bytes, missing.min(LARGEST_BLOCK))?;
        }
        Ok(bytes)
    }

    /// The bytes before the first unit of text that is zero, of so many bytes; all of an object that holds none. `most` is how
    /// many bytes there are at most, where that is known.
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
            // A unit may have begun at the end of what was there before.
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

    /// Reads on from where `bytes` end.
    fn append(&self, doing: &dyn fmt::Display, bytes: &mut Vec<u8>, length: u64) -> Result<(), Error> {
        let start = bytes.len();
        let added = usize::try_from(length).ok().filter(|added| bytes.try_reserve(*added).is_ok());
        let added = added.ok_or_else(|| no_memory(doing, length))?;
        bytes.resize(start + added, 0);
        self.read(doing, start as u64, &mut bytes[start..])
    }
}

/// Where the first unit is that is zero.
pub(in crate::dll) fn zero_unit(bytes: &[u8], unit: usize) -> Option<usize> {
    if unit == 1 {
        return CStr::from_bytes_until_nul(bytes).ok().map(CStr::count_bytes);
    }
    bytes.chunks_exact(unit).position(|unit| unit.iter().all(|byte| *byte == 0)).map(|index| index * unit)
}

fn endless(doing: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Range, format!("{doing}: there is no zero among the first {LONGEST_TEXT} characters"))
}

/// A zeroed buffer, unless there is no memory for it.
pub(in crate::dll) fn buffer(doing: &dyn fmt::Display, length: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).ok().filter(|length| bytes.try_reserve_exact(*length).is_ok());
    bytes.resize(reserved.ok_or_else(|| no_memory(doing, length))?, 0);
    Ok(bytes)
}

#[cold]
fn no_memory(doing: &dyn fmt::Display, length: u64) -> Error {
    Error::new(ErrorKind::Memory, format!("{doing}: there is no memory for {length} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_a_whole_unit_that_is_zero() {
        let cases: &[(&[u8], usize, Option<usize>)] = &[
            (b"", 1, None),
            (b"ab\0", 1, Some(2)),
            (b"ab", 1, None),
            // The zeros of two characters next to each other are no end.
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
