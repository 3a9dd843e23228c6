//! Calls on x86-64, where every system has one convention and the caller removes the arguments: libffi does
//! everything.

use std::ffi::c_void;

use libffi::raw;
use protocol::{Fault, Signature, Value, limits};

use super::ffi::{CallInterface, Types};
use super::value::{self, ResultBytes};
use super::{ErrorNumbers, InvokeTarget};
use crate::{fault, process};

/// The maximum number of arguments of most functions.
const FEW: usize = 8;

/// The data for calls of functions with one signature.
pub(crate) struct Interface {
    cif: CallInterface,
    /// Whether the function writes a record result into its buffer.
    result_in_memory: bool,
}

impl Interface {
    pub(crate) fn new(signature: &Signature) -> Result<Self, Fault> {
        let mut types = Types::default();
        let parameters: Vec<_> = signature.parameters.iter().map(|ty| types.of(signature, *ty)).collect();
        let result = types.of(signature, signature.result);
        let cif = types.interface(raw::ffi_abi_FFI_DEFAULT_ABI, result, &parameters, signature.fixed)?;
        let result_in_memory = signature.record(signature.result).is_some_and(|record| match cfg!(windows) {
            true => !matches!(record.bytes, 1 | 2 | 4 | 8),
            false => record.registers.is_empty(),
        });
        Ok(Self { cif, result_in_memory })
    }

    /// The libffi call interface.
    pub(crate) fn cif(&self) -> &CallInterface {
        &self.cif
    }

    /// Calls a function with the signature.
    #[inline]
    pub(crate) fn call(
        &self,
        signature: &Signature,
        target: InvokeTarget<'_>,
        errors: &mut ErrorNumbers,
    ) -> Result<Value, Fault> {
        // Clearing room for the maximum number of arguments would take longer than most functions.
        if target.arguments.len() <= FEW {
            self.call_in::<FEW>(signature, target, errors)
        } else {
            self.call_in::<{ limits::ARGUMENTS }>(signature, target, errors)
        }
    }

    /// Calls the function with at most `MOST` arguments.
    fn call_in<const MOST: usize>(
        &self,
        signature: &Signature,
        target: InvokeTarget<'_>,
        errors: &mut ErrorNumbers,
    ) -> Result<Value, Fault> {
        let mut slots = [ResultBytes::default(); MOST];
        let mut pointers = [std::ptr::null_mut::<c_void>(); MOST];
        for (index, (value, ty)) in target.arguments.iter().zip(&signature.parameters).enumerate() {
            pointers[index] = (&raw mut slots[index]).cast();
            match signature.record(*ty) {
                None => slots[index] = value::bits(value, *ty).ok_or_else(|| value::unfit(index))?,
                Some(record) => value::with_record(value, record, |bytes| match slots[index].get_mut(..bytes.len()) {
                    Some(slot) => slot.copy_from_slice(bytes),
                    // A longer one is read in place, by its exact size.
                    None => pointers[index] = bytes.as_ptr().cast_mut().cast(),
                })
                .ok_or_else(|| value::unfit(index))?,
            }
        }
        let mut registers = [0u64; 4];
        let room = match self.result_in_memory {
            true => value::room_at(target.room).cast(),
            false => (&raw mut registers).cast(),
        };
        process::set_error_numbers(*errors);
        // SAFETY: the call interface was prepared for exactly these parameters, whose number the caller checked; each
        // pointer refers to a slot of sixteen bytes, which neither a scalar nor a record in registers exceeds, or to
        // a record of its own size, and all of them outlive the call. The buffer has 32 bytes, at least the size to
        // which libffi widens results, or was provided by the host for the record. The code's address is not NULL.
        // The host claims that a function with this signature is there: if that is wrong, only this process suffers,
        // as intended.
        unsafe {
            let code = std::mem::transmute::<*const c_void, unsafe extern "C" fn()>(target.code);
            fault::barrier(|| raw::ffi_call(self.cif.as_ptr(), Some(code), room, pointers.as_mut_ptr()));
        }
        *errors = process::error_numbers();
        let mut bytes = ResultBytes::default();
        bytes[..8].copy_from_slice(&registers[0].to_le_bytes());
        bytes[8..].copy_from_slice(&registers[1].to_le_bytes());
        value::result(signature, &bytes, target.room, self.result_in_memory)
    }
}
