//! Calls: a prepared signature, values in, a value out.
#![allow(unsafe_code, reason = "calling a foreign function is what this module is for")]

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use libffi::low::{CodePtr, ffi_abi};
use libffi::middle::{Cif, Type as FfiType};
use libffi::raw;
use protocol::{Convention, Fault, FaultKind, Signature, Type, Value, limits};

use crate::process;

/// `errno` and the last error as the library's code sees them. They are put in place before each call and taken right
/// after it, so that nothing the worker does between calls shows in them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorNumbers {
    /// The C library's `errno`.
    pub(crate) errno: i32,
    /// `GetLastError()`; stays 0 on Unix.
    pub(crate) last_error: u32,
}

/// A function that can be called: its address, and the call interface made from its signature.
pub(crate) struct Prepared {
    code: CodePtr,
    cif: Cif,
    signature: Signature,
}

/// Whether a function is being called, for the report of a fault.
static IN_CALL: AtomicBool = AtomicBool::new(false);

/// Whether a function of a library is being called at this moment.
pub(crate) fn is_in_call() -> bool {
    IN_CALL.load(Ordering::Relaxed)
}

/// How many arguments most functions have at most.
const FEW: usize = 8;

/// Room for any result, as wide as libffi may write it.
type ResultSlot = [u64; 2];

impl Prepared {
    /// Prepares calls of the function at `address`; NULL where each call tells another one.
    pub(crate) fn new(address: *mut c_void, signature: Signature) -> Result<Self, Fault> {
        if signature.parameters.contains(&Type::Void) {
            return Err(Fault::new(FaultKind::Signature, "a parameter cannot be void"));
        }
        let parameters = signature.parameters.iter().map(|parameter| ffi_type(*parameter));
        let (result, abi) = (ffi_type(signature.result), abi(signature.convention));
        let cif = match signature.fixed {
            None => Cif::try_new_with_abi(parameters, result, abi),
            Some(fixed) => Cif::try_new_variadic_with_abi(parameters, fixed as usize, result, abi),
        };
        let cif = cif
            .map_err(|error| Fault::new(FaultKind::Signature, format!("the signature cannot be called: {error:?}")))?;
        Ok(Self { code: CodePtr::from_ptr(address), cif, signature })
    }

    /// Whether this is a signature alone, and which one.
    pub(crate) fn is_signature(&self, signature: &Signature) -> bool {
        self.code.as_ptr().is_null() && self.signature == *signature
    }

    /// Calls the function, or with an address the one that lies there.
    pub(crate) fn call(&self, address: u64, arguments: &[Value], errors: &mut ErrorNumbers) -> Result<Value, Fault> {
        let code = match usize::try_from(address) {
            Ok(0) => self.code,
            Ok(address) => CodePtr::from_ptr(std::ptr::without_provenance(address)),
            Err(_) => return Err(Fault::new(FaultKind::Protocol, format!("{address:#x} is no address here"))),
        };
        if code.as_ptr().is_null() {
            return Err(Fault::new(FaultKind::Protocol, "a signature alone has no function to call"));
        }
        let expected = self.signature.parameters.len();
        if arguments.len() != expected {
            let message = format!("the function takes {expected} arguments, {} were sent", arguments.len());
            return Err(Fault::new(FaultKind::Protocol, message));
        }
        // Clearing room for the most arguments would take longer than most functions.
        if expected <= FEW {
            self.call_in::<FEW>(code, arguments, errors)
        } else {
            self.call_in::<{ limits::ARGUMENTS }>(code, arguments, errors)
        }
    }

    /// Calls the function with at most `MOST` arguments, as many as it takes.
    fn call_in<const MOST: usize>(
        &self,
        code: CodePtr,
        arguments: &[Value],
        errors: &mut ErrorNumbers,
    ) -> Result<Value, Fault> {
        let mut slots = [0u64; MOST];
        let mut pointers = [std::ptr::null_mut::<c_void>(); MOST];
        for (index, (value, ty)) in arguments.iter().zip(&self.signature.parameters).enumerate() {
            slots[index] = argument_bits(value, *ty).ok_or_else(|| {
                Fault::new(FaultKind::Protocol, format!("argument {} does not fit the signature", index + 1))
            })?;
            pointers[index] = (&raw mut slots[index]).cast();
        }
        let mut result: ResultSlot = [0; 2];
        IN_CALL.store(true, Ordering::Relaxed);
        process::set_error_numbers(*errors);
        // SAFETY: the call interface was prepared for exactly these parameters, checked for their count above; each
        // pointer leads to a slot of eight bytes, which no scalar exceeds, and both arrays outlive the call. `result`
        // holds 16 bytes, at least the machine word that libffi widens results to. The code's address is not NULL, checked
        // above. That a function of this signature lies there is the caller's claim: if it is wrong, it is this process
        // that suffers, as intended.
        unsafe {
            raw::ffi_call(
                self.cif.as_raw_ptr(),
                Some(*code.as_safe_fun()),
                (&raw mut result).cast(),
                pointers.as_mut_ptr(),
            );
        }
        *errors = process::error_numbers();
        let result = self.result(result);
        IN_CALL.store(false, Ordering::Relaxed);
        result
    }

    fn result(&self, slot: ResultSlot) -> Result<Value, Fault> {
        let bits = slot[0];
        // The casts keep the low bytes, which is where a little-endian machine puts a narrow result in a wide slot.
        Ok(match self.signature.result {
            Type::Void => Value::Nil,
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
            Type::Pointer => match bits as usize {
                0 => Value::Nil,
                address => Value::Integer(address as i64),
            },
            Type::CString => copied_string(bits as usize as *const c_char)?,
        })
    }
}

/// Copies the string that a function returned.
fn copied_string(string: *const c_char) -> Result<Value, Fault> {
    if string.is_null() {
        return Ok(Value::Nil);
    }
    // SAFETY: the declaration promises a zero-terminated string. A library that breaks the promise faults here, in the
    // worker, which is reported as that function's crash.
    let bytes = unsafe { CStr::from_ptr(string) }.to_bytes();
    if bytes.len() > limits::STRING_BYTES as usize {
        let message =
            format!("the string it returned has {} bytes, over the limit of {}", bytes.len(), limits::STRING_BYTES);
        return Err(Fault::new(FaultKind::Memory, message));
    }
    Ok(Value::Bytes(bytes.to_vec()))
}

/// The bits of an argument, in the low bytes of a slot, or nothing if the value is of another kind than the type.
fn argument_bits(value: &Value, ty: Type) -> Option<u64> {
    Some(match (ty, value) {
        (Type::Void, _) => return None,
        (Type::Bool, Value::Bool(value)) => (*value).into(),
        (Type::Float32, Value::Float(value)) => (*value as f32).to_bits().into(),
        (Type::Float64, Value::Float(value)) => value.to_bits(),
        (Type::Pointer | Type::CString, Value::Nil) => 0,
        (Type::Pointer | Type::CString, Value::Bytes(bytes)) => bytes.as_ptr().addr() as u64,
        (Type::Bool | Type::Float32 | Type::Float64, _) => return None,
        (_, Value::Integer(value)) => *value as u64,
        _ => return None,
    })
}

fn ffi_type(ty: Type) -> FfiType {
    match ty {
        Type::Void => FfiType::void(),
        Type::Bool | Type::Uint8 => FfiType::u8(),
        Type::Int8 => FfiType::i8(),
        Type::Int16 => FfiType::i16(),
        Type::Uint16 => FfiType::u16(),
        Type::Int32 => FfiType::i32(),
        Type::Uint32 => FfiType::u32(),
        Type::Int64 => FfiType::i64(),
        Type::Uint64 => FfiType::u64(),
        Type::Float32 => FfiType::f32(),
        Type::Float64 => FfiType::f64(),
        Type::Pointer | Type::CString => FfiType::pointer(),
    }
}

#[cfg(target_arch = "x86")]
fn abi(convention: Convention) -> ffi_abi {
    match convention {
        Convention::Cdecl => raw::ffi_abi_FFI_DEFAULT_ABI,
        Convention::Stdcall => raw::ffi_abi_FFI_STDCALL,
        Convention::Fastcall => raw::ffi_abi_FFI_FASTCALL,
        Convention::Thiscall => raw::ffi_abi_FFI_THISCALL,
    }
}

/// On x86-64 each system has one convention, and compilers ignore the words for the others.
#[cfg(not(target_arch = "x86"))]
fn abi(_: Convention) -> ffi_abi {
    raw::ffi_abi_FFI_DEFAULT_ABI
}
