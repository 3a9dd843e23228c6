//! Copies between buffers and possibly invalid addresses of this process.
//!
//! The operating system makes the copy, and returns an error where a plain read would fault.

use protocol::{Fault, FaultKind, limits};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::{copy, copy_in};
#[cfg(windows)]
use windows::{copy, copy_in};

/// The unit of access protection; reads within one page either succeed or fail as a whole.
const PAGE_BYTES: usize = 4096;

/// Copies `length` bytes at `address`, or those before the first zero byte.
pub(crate) fn read_string(address: u64, length: Option<u32>) -> Result<Vec<u8>, Fault> {
    let start = usize::try_from(address).map_err(|_| unreadable(address))?;
    match length {
        Some(length) if length > limits::STRING_BYTES => Err(too_long()),
        Some(length) => read_exactly(start, length as usize),
        None => read_to_zero(start),
    }
}

/// Copies bytes to `address`. Bytes before an unwritable address are still written.
pub(crate) fn write(address: u64, bytes: &[u8]) -> Result<(), Fault> {
    let start = usize::try_from(address).map_err(|_| unwritable(address))?;
    let mut written = 0;
    while written < bytes.len() {
        let position = start.checked_add(written).ok_or_else(|| unwritable(address))?;
        let room = PAGE_BYTES - position % PAGE_BYTES;
        let part = &bytes[written..bytes.len().min(written + room)];
        let copied = copy_in(part, position);
        if copied < part.len() {
            return Err(unwritable((position + copied) as u64));
        }
        written += copied;
    }
    Ok(())
}

fn read_exactly(start: usize, length: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; length];
    let copied = copy(start, &mut bytes);
    if copied < length { Err(unreadable((start + copied) as u64)) } else { Ok(bytes) }
}

fn read_to_zero(start: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let mut page = [0; PAGE_BYTES];
    let mut position = start;
    loop {
        let room = PAGE_BYTES - position % PAGE_BYTES;
        let copied = copy(position, &mut page[..room]);
        if let Some(end) = page[..copied].iter().position(|byte| *byte == 0) {
            bytes.extend_from_slice(&page[..end]);
            return Ok(bytes);
        }
        if copied < room {
            return Err(unreadable((position + copied) as u64));
        }
        bytes.extend_from_slice(&page[..room]);
        if bytes.len() > limits::STRING_BYTES as usize {
            return Err(too_long());
        }
        position = position.checked_add(room).ok_or_else(|| unreadable(position as u64))?;
    }
}

fn unreadable(address: u64) -> Fault {
    Fault::new(FaultKind::Memory, format!("address {address:#010x} is not readable memory of the worker"))
}

fn unwritable(address: u64) -> Fault {
    Fault::new(FaultKind::Memory, format!("address {address:#010x} is not writable memory of the worker"))
}

fn too_long() -> Fault {
    Fault::new(FaultKind::Memory, format!("the string is longer than the limit of {} bytes", limits::STRING_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(bytes: &[u8]) -> u64 {
        bytes.as_ptr().addr() as u64
    }

    #[test]
    fn a_string_ends_before_its_zero() {
        let long = [vec![b'x'; 3 * PAGE_BYTES], vec![0]].concat();
        assert_eq!(read_string(address(b"text\0more\0"), None).unwrap(), b"text");
        assert_eq!(read_string(address(&long), None).unwrap().len(), 3 * PAGE_BYTES);
    }

    #[test]
    fn a_length_takes_zeros_along() {
        assert_eq!(read_string(address(b"text\0more\0"), Some(9)).unwrap(), b"text\0more");
        assert_eq!(read_string(address(b"text\0"), Some(0)).unwrap(), b"");
    }

    #[test]
    fn an_unmapped_address_is_a_fault_that_names_it() {
        for length in [None, Some(4)] {
            let fault = read_string(16, length).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Memory);
            assert!(fault.message.contains("0x00000010"), "{}", fault.message);
        }
    }

    #[test]
    fn bytes_are_written_across_pages() {
        let mut target = vec![0u8; 3 * PAGE_BYTES];
        let bytes: Vec<u8> = (0..2 * PAGE_BYTES).map(|index| index as u8).collect();
        write(target.as_mut_ptr().addr() as u64 + 100, &bytes).unwrap();
        assert_eq!(target[100..100 + bytes.len()], bytes);
        assert_eq!(write(0, &[]), Ok(()));
    }

    #[test]
    fn an_address_that_cannot_be_written_is_a_fault_that_names_it() {
        let fault = write(16, &[0; 4]).unwrap_err();
        assert!(fault.message.contains("0x00000010"), "{}", fault.message);
    }

    /// On Windows, the function used here overrides write protection.
    #[cfg(unix)]
    #[test]
    fn constants_are_not_written() {
        static CONSTANT: [u8; 4] = [1; 4];
        assert!(write(CONSTANT.as_ptr().addr() as u64, &[0; 4]).is_err());
        assert_eq!(CONSTANT, [1; 4]);
    }

    #[test]
    fn a_length_over_the_limit_is_refused() {
        assert!(read_string(address(b"x"), Some(u32::MAX)).unwrap_err().message.contains("limit"));
    }
}
