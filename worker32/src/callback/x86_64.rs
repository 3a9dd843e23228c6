//! Callbacks on x86-64, where libffi decodes the arguments.

use std::ffi::c_void;

use protocol::{Fault, Signature, Type, Value};

use super::scalar_bytes;
use crate::invoke::ffi::CallInterface;
use crate::invoke::{Interface, value};

/// How callbacks of one signature are called.
pub(super) struct Shape {
    signature: Signature,
    interface: Interface,
}

/// A call in progress.
pub(super) struct Entered<'a> {
    signature: &'a Signature,
    arguments: *mut *mut c_void,
    result: *mut c_void,
}

impl Shape {
    pub(super) fn new(signature: &Signature) -> Result<Self, Fault> {
        Ok(Self { signature: signature.clone(), interface: Interface::new(signature)? })
    }

    pub(super) fn cif(&self) -> &CallInterface {
        self.interface.cif()
    }

    /// A call with these arguments and this buffer for its result.
    ///
    /// # Safety
    /// They are what libffi passes for this shape's call interface, and stay valid until the call is answered.
    pub(super) unsafe fn entered(&self, arguments: *mut *mut c_void, result: *mut c_void) -> Entered<'_> {
        Entered { signature: &self.signature, arguments, result }
    }
}

impl Entered<'_> {
    /// Reads the arguments into a list.
    pub(super) fn read(&self, list: &mut Vec<Value>) {
        for (index, ty) in self.signature.parameters.iter().enumerate() {
            let record = self.signature.record(*ty);
            let length = record.map_or_else(|| value::size(*ty), |record| record.bytes as usize);
            // SAFETY: there are as many arguments as parameters, each of which has the size of its type.
            let bytes = unsafe { std::slice::from_raw_parts((*self.arguments.add(index)).cast::<u8>(), length) };
            list.push(if record.is_some() {
                Value::Bytes(bytes.to_vec())
            } else {
                let mut scalar = value::ResultBytes::default();
                scalar[..length].copy_from_slice(bytes);
                value::value(&scalar, *ty)
            });
        }
    }

    /// Returns the result to the caller.
    pub(super) fn answer(&self, reply: &Value) {
        let zeros;
        let scalar;
        let bytes = match (self.signature.record(self.signature.result), reply) {
            (Some(record), Value::Bytes(reply)) if reply.len() == record.bytes as usize => reply.as_slice(),
            (Some(record), _) => {
                zeros = vec![0; record.bytes as usize];
                &zeros
            }
            (None, _) => {
                scalar = scalar_bytes(self.signature, reply);
                match self.signature.result {
                    Type::Void => &[],
                    Type::Extended => &scalar[..value::size(Type::Extended)],
                    // libffi reads integers from a whole register.
                    _ => &scalar[..8],
                }
            }
        };
        // SAFETY: libffi's buffer has 16 bytes, at least the size of a register, or is the caller's for a record of
        // this size.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.result.cast::<u8>(), bytes.len()) };
    }
}
