//! Conversion of values between the wire and the machine.

use std::ffi::{CStr, c_char};

use protocol::{Fault, FaultKind, Record, Signature, Type, Value, limits};

/// Room for a scalar, an x87 number, or a record in registers.
pub(crate) type ResultBytes = [u8; 16];

/// The size of an x87 number in bytes, without padding.
const EXTENDED_BYTES: usize = 10;

/// The bytes of a scalar argument; `None` if the value's kind does not match the type.
#[inline]
pub(crate) fn bits(value: &Value, ty: Type) -> Option<ResultBytes> {
    let bits: u64 = match (ty, value) {
        (Type::Void | Type::Record(_), _) => return None,
        (Type::Bool, Value::Bool(value)) => (*value).into(),
        (Type::Float32, Value::Float(value)) => (*value as f32).to_bits().into(),
        (Type::Float64, Value::Float(value)) => value.to_bits(),
        (Type::Pointer | Type::CString, Value::Nil) => 0,
        (Type::Pointer | Type::CString, Value::Bytes(bytes)) => bytes.as_ptr().addr() as u64,
        (Type::Extended, Value::Bytes(bytes)) if bytes.len() == EXTENDED_BYTES => {
            let mut wide = ResultBytes::default();
            wide[..EXTENDED_BYTES].copy_from_slice(bytes);
            return Some(wide);
        }
        (Type::Bool | Type::Float32 | Type::Float64 | Type::Extended, _) => return None,
        (_, Value::Integer(value)) => *value as u64,
        _ => return None,
    };
    let mut narrow = ResultBytes::default();
    narrow[..8].copy_from_slice(&bits.to_le_bytes());
    Some(narrow)
}

/// Passes on the bytes of a record: those in the message, or those at the address in it.
pub(crate) fn with_record(value: &Value, record: &Record, take: impl FnOnce(&[u8])) -> Option<()> {
    match value {
        Value::Bytes(bytes) if bytes.len() == record.bytes as usize => take(bytes),
        Value::Integer(address) => {
            let address = std::ptr::without_provenance::<u8>(usize::try_from(*address).ok().filter(|it| *it != 0)?);
            // SAFETY: the host has stored a record of this size there for the duration of the call. If it has not,
            // only this process faults.
            take(unsafe { std::slice::from_raw_parts(address, record.bytes as usize) });
        }
        _ => return None,
    }
    Some(())
}

/// The error for an argument whose kind does not match the signature.
#[cold]
pub(crate) fn unfit(index: usize) -> Fault {
    Fault::new(FaultKind::Protocol, format!("argument {} does not fit the signature", index + 1))
}

/// The result that a function left in registers, or in the result buffer.
#[inline]
pub(crate) fn result(
    signature: &Signature,
    bytes: &ResultBytes,
    room: u64,
    is_in_memory: bool,
) -> Result<Value, Fault> {
    match signature.record(signature.result) {
        Some(_) if is_in_memory => Ok(Value::Nil),
        Some(record) => {
            let bytes = &bytes[..(record.bytes as usize).min(bytes.len())];
            // SAFETY: the caller has checked that the buffer is not NULL; the host guarantees that it has the
            // record's size.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room_at(room), bytes.len()) };
            Ok(Value::Nil)
        }
        None if signature.result == Type::CString => copied_string(first_eight(bytes) as usize as *const c_char),
        None => Ok(value(bytes, signature.result)),
    }
}

/// The result buffer as a pointer for writing.
pub(crate) fn room_at(room: u64) -> *mut u8 {
    std::ptr::without_provenance_mut(room as usize)
}

/// Decodes the bytes of a scalar.
pub(crate) fn value(bytes: &ResultBytes, ty: Type) -> Value {
    let bits = first_eight(bytes);
    // The casts keep the low bytes, where a little-endian machine stores a narrow value in a wide slot.
    match ty {
        Type::Void | Type::Record(_) => Value::Nil,
        Type::Bool => Value::Bool(bits as u8 != 0),
        Type::Int8 => Value::Integer((bits as i8).into()),
        Type::Uint8 => Value::Integer((bits as u8).into()),
        Type::Int16 => Value::Integer((bits as i16).into()),
        Type::Uint16 => Value::Integer((bits as u16).into()),
        Type::Int32 => Value::Integer((bits as i32).into()),
        Type::Uint32 => Value::Integer((bits as u32).into()),
        Type::Int64 | Type::Uint64 => Value::Integer(bits as i64),
        Type::Float32 => Value::Float(f32::from_bits(bits as u32).into()),
        Type::Float64 => Value::Float(f64::from_bits(bits)),
        Type::Extended => Value::Bytes(bytes[..EXTENDED_BYTES].to_vec()),
        Type::Pointer | Type::CString => match bits as usize {
            0 => Value::Nil,
            address => Value::Integer(address as i64),
        },
    }
}

#[inline]
fn first_eight(bytes: &ResultBytes) -> u64 {
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// The size of a single value of a type in bytes.
pub(crate) fn size(ty: Type) -> usize {
    match ty {
        Type::Void | Type::Record(_) => 0,
        Type::Bool | Type::Int8 | Type::Uint8 => 1,
        Type::Int16 | Type::Uint16 => 2,
        Type::Int32 | Type::Uint32 | Type::Float32 => 4,
        Type::Int64 | Type::Uint64 | Type::Float64 => 8,
        Type::Pointer | Type::CString => size_of::<usize>(),
        Type::Extended => EXTENDED_BYTES,
    }
}

/// Copies the string returned by a function.
fn copied_string(string: *const c_char) -> Result<Value, Fault> {
    if string.is_null() {
        return Ok(Value::Nil);
    }
    // SAFETY: the declaration promises a zero-terminated string. A library that breaks the promise faults here, in
    // the worker, which is reported as a crash of that function.
    let bytes = unsafe { CStr::from_ptr(string) }.to_bytes();
    if bytes.len() > limits::STRING_BYTES as usize {
        let message =
            format!("the string it returned has {} bytes, over the limit of {}", bytes.len(), limits::STRING_BYTES);
        return Err(Fault::new(FaultKind::Memory, message));
    }
    Ok(Value::Bytes(bytes.to_vec()))
}
