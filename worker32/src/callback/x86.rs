//! Callbacks on i386. libffi only sees machine words; the plan that calls use assigns them to arguments.

use std::ffi::c_void;

use libffi::low::ffi_abi;
use libffi::raw;
use protocol::{Convention, Fault, Signature, Type, Value};

use super::scalar_bytes;
use crate::invoke::ffi::{CallInterface, Types, scalar};
use crate::invoke::plan::{ArgumentPlace, Plan, ResultPlace, extent};
use crate::invoke::value;

/// The maximum number of argument words of most functions.
const FEW_WORDS: usize = 32;

/// How callbacks of one signature are called.
pub(super) struct Shape {
    signature: Signature,
    plan: Plan,
    cif: CallInterface,
    /// The number of words that libffi takes from registers.
    registers: usize,
    /// Whether libffi itself takes the result buffer's address off the stack.
    room_is_taken: bool,
}

/// A call in progress.
pub(super) struct Entered<'a> {
    shape: &'a Shape,
    words: Words,
    result: *mut c_void,
}

/// The argument words: those in ecx and edx, and those on the stack.
struct Words {
    few: [u32; FEW_WORDS],
    many: Vec<u32>,
    registers: usize,
}

impl Shape {
    pub(super) fn new(signature: &Signature) -> Result<Self, Fault> {
        let plan = Plan::new(signature, cfg!(windows));
        let registers = match signature.convention {
            Convention::Fastcall => 2,
            Convention::Thiscall => 1,
            Convention::Cdecl | Convention::Stdcall => 0,
        };
        let room_is_taken = signature.convention == Convention::Cdecl
            && plan.removed == 1
            && plan.room == Some(ArgumentPlace::Stack(0));
        let words = registers + plan.words as usize - usize::from(room_is_taken);
        let mut types = Types::default();
        let result = match (plan.result, signature.record(signature.result)) {
            (ResultPlace::Memory, _) if room_is_taken => types.record(64, 4, &[&raw mut raw::ffi_type_uint32]),
            (ResultPlace::Memory, _) => &raw mut raw::ffi_type_pointer,
            (_, Some(record)) if record.bytes > 4 => &raw mut raw::ffi_type_uint64,
            (_, Some(_)) => &raw mut raw::ffi_type_uint32,
            (_, None) => scalar(signature.result),
        };
        let parameters = vec![&raw mut raw::ffi_type_uint32; words];
        let cif = types.interface(abi(signature.convention), result, &parameters, None)?;
        Ok(Self { signature: signature.clone(), plan, cif, registers, room_is_taken })
    }

    pub(super) fn cif(&self) -> &CallInterface {
        &self.cif
    }

    /// A call with these arguments and this buffer for its result.
    ///
    /// # Safety
    /// They are what libffi passes for this shape's call interface.
    pub(super) unsafe fn entered(&self, arguments: *mut *mut c_void, result: *mut c_void) -> Entered<'_> {
        let count = self.registers + self.plan.words as usize;
        let mut words = Words { few: [0; FEW_WORDS], many: Vec::new(), registers: self.registers };
        if count > FEW_WORDS {
            words.many = vec![0; count];
        }
        // If libffi has taken the buffer's address, it does not pass it on.
        let start = usize::from(self.room_is_taken);
        for (index, word) in words.list_mut()[start..count].iter_mut().enumerate() {
            // SAFETY: the interface has as many parameters as there are words left, each of them a word.
            *word = unsafe { (*arguments.add(index)).cast::<u32>().read() };
        }
        Entered { shape: self, words, result }
    }
}

impl Words {
    fn list_mut(&mut self) -> &mut [u32] {
        if self.many.is_empty() { &mut self.few } else { &mut self.many }
    }

    /// The words from a place on.
    fn at(&self, place: ArgumentPlace) -> &[u32] {
        let list = if self.many.is_empty() { self.few.as_slice() } else { &self.many };
        match place {
            ArgumentPlace::Ecx => &list[..1],
            ArgumentPlace::Edx => &list[1..2],
            ArgumentPlace::Stack(start) => &list[self.registers + start as usize..],
        }
    }
}

impl Entered<'_> {
    /// Reads the arguments into a list.
    pub(super) fn read(&self, list: &mut Vec<Value>) {
        let signature = &self.shape.signature;
        for (ty, place) in signature.parameters.iter().zip(&self.shape.plan.parameters) {
            let words = self.words.at(*place);
            let bytes = words.iter().flat_map(|word| word.to_le_bytes());
            list.push(match signature.record(*ty) {
                Some(record) => Value::Bytes(bytes.take(record.bytes as usize).collect()),
                None => {
                    let mut scalar = value::ResultBytes::default();
                    let count = extent(signature, *ty).0 as usize * 4;
                    scalar.iter_mut().zip(bytes.take(count)).for_each(|(target, byte)| *target = byte);
                    value::value(&scalar, *ty)
                }
            });
        }
    }

    /// Returns the result to the caller.
    pub(super) fn answer(&self, reply: &Value) {
        let Shape { signature, plan, .. } = self.shape;
        let room = match plan.room {
            Some(_) if self.shape.room_is_taken => self.result.cast::<u8>(),
            Some(place) => {
                let room = std::ptr::without_provenance_mut::<u8>(self.words.at(place)[0] as usize);
                // SAFETY: the interface has a pointer for its result.
                unsafe { self.result.cast::<*mut u8>().write(room) };
                room
            }
            None => self.result.cast(),
        };
        match signature.record(signature.result) {
            Some(record) => {
                let bytes = vec![0; record.bytes as usize];
                let bytes = match reply {
                    Value::Bytes(reply) if reply.len() == bytes.len() => reply,
                    _ => &bytes,
                };
                // SAFETY: the buffer is the caller's for a record of this size, or libffi's, which has eight bytes,
                // the maximum of a record in registers.
                unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room, bytes.len()) };
            }
            None if signature.result == Type::Void => {}
            None => {
                let bytes = scalar_bytes(signature, reply);
                let length = if signature.result == Type::Extended { value::size(Type::Extended) } else { 8 };
                // SAFETY: libffi's buffer has 16 bytes for every type.
                unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room, length) };
            }
        }
    }
}

fn abi(convention: Convention) -> ffi_abi {
    match convention {
        Convention::Cdecl => raw::ffi_abi_FFI_DEFAULT_ABI,
        Convention::Stdcall => raw::ffi_abi_FFI_STDCALL,
        Convention::Fastcall => raw::ffi_abi_FFI_FASTCALL,
        Convention::Thiscall => raw::ffi_abi_FFI_THISCALL,
    }
}
