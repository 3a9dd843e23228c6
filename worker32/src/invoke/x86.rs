//! Calls on i386: the arguments are placed on the stack by hand, so that the stack pointer can be checked afterwards
//! against the declaration.

use std::arch::naked_asm;
use std::mem::offset_of;

use protocol::{Convention, Fault, FaultKind, Signature, Type, Value};

use super::plan::{ArgumentPlace, Plan, ResultPlace, extent};
use super::value::{self, ResultBytes};
use super::{ErrorNumbers, InvokeTarget};
use crate::process;

/// The maximum number of argument words of most functions.
const FEW_WORDS: usize = 32;

/// The data for calls of functions with one signature.
pub(crate) struct Interface {
    plan: Plan,
}

/// The registers and the stack of one call.
#[repr(C)]
struct Frame {
    target: usize,
    words: *const u32,
    count: u32,
    ecx: u32,
    edx: u32,
    /// The floating-point result to take from st0: [`Frame::NO_FLOAT`] and the others.
    float: u32,
    /// The contents of eax and edx, or st0, when the function returned.
    result: ResultBytes,
    /// The number of bytes the function removed from the stack.
    removed: u32,
}

impl Frame {
    const NO_FLOAT: u32 = 0;
    const FLOAT32: u32 = 1;
    const FLOAT64: u32 = 2;
    const EXTENDED: u32 = 3;
    /// Added if st0 may be empty, with the result in eax and edx.
    const MAYBE: u32 = 4;
}

impl Interface {
    pub(crate) fn new(signature: &Signature) -> Result<Self, Fault> {
        Ok(Self { plan: Plan::new(signature, cfg!(windows)) })
    }

    /// Calls a function with the signature.
    #[inline]
    pub(crate) fn call(
        &self,
        signature: &Signature,
        target: InvokeTarget<'_>,
        errors: &mut ErrorNumbers,
    ) -> Result<Value, Fault> {
        let count = self.plan.words as usize;
        if count <= FEW_WORDS {
            self.call_with(signature, target, errors, &mut [0; FEW_WORDS][..count])
        } else {
            self.call_with(signature, target, errors, &mut vec![0; count])
        }
    }

    #[inline]
    fn call_with(
        &self,
        signature: &Signature,
        target: InvokeTarget<'_>,
        errors: &mut ErrorNumbers,
        words: &mut [u32],
    ) -> Result<Value, Fault> {
        let mut registers = [0; 2];
        if let Some(place) = self.plan.room {
            put(place, &target.room.to_le_bytes(), words, &mut registers);
        }
        let places = signature.parameters.iter().zip(&self.plan.parameters);
        for (index, ((ty, place), value)) in places.zip(target.arguments).enumerate() {
            match signature.record(*ty) {
                None => {
                    let bytes = value::bits(value, *ty).ok_or_else(|| value::unfit(index))?;
                    put_scalar(*place, bytes, extent(signature, *ty).0, words, &mut registers);
                }
                Some(record) => {
                    value::with_record(value, record, |bytes| put(*place, bytes, words, &mut registers))
                        .ok_or_else(|| value::unfit(index))?;
                }
            }
        }
        let mut frame = Frame {
            target: target.code.addr(),
            words: words.as_ptr(),
            count: words.len() as u32,
            ecx: registers[0],
            edx: registers[1],
            float: float_of(self.plan.result),
            result: [0; 16],
            removed: 0,
        };
        process::set_error_numbers(*errors);
        // SAFETY: the frame's words are `count` of a slice that outlives the call, and the target is not NULL, which
        // the caller checked. The host claims that a function with this signature is there: if that is wrong, only
        // this process suffers, as intended; the final stack pointer does not matter, as `enter` restores it.
        unsafe { enter(&raw mut frame) };
        *errors = process::error_numbers();
        let expected = self.plan.removed * 4;
        if frame.removed != expected && !self.may_remove(signature, frame.removed) {
            return Err(imbalance(signature, &self.plan, frame.removed));
        }
        value::result(signature, &frame.result, target.room, self.plan.result == ResultPlace::Memory)
    }

    /// Whether a function may remove another number of bytes than planned: if no source names the convention, and
    /// where Windows compilers disagree about who removes the buffer's address.
    #[cold]
    fn may_remove(&self, signature: &Signature, removed: u32) -> bool {
        let is_stdcall = signature.is_convention_open && removed == self.plan.words * 4;
        is_stdcall || (self.plan.room.is_some() && self.plan.removed <= 1 && removed <= 4)
    }
}

fn float_of(place: ResultPlace) -> u32 {
    let of = |ty| match ty {
        Type::Float32 => Frame::FLOAT32,
        Type::Float64 => Frame::FLOAT64,
        _ => Frame::EXTENDED,
    };
    match place {
        ResultPlace::Float(ty) => of(ty),
        ResultPlace::FloatOrIntegers(ty) => of(ty) + Frame::MAYBE,
        ResultPlace::Integers | ResultPlace::Memory => Frame::NO_FLOAT,
    }
}

/// Stores a value of at most ten bytes where it is passed.
#[inline]
fn put_scalar(place: ArgumentPlace, bytes: ResultBytes, count: u32, words: &mut [u32], registers: &mut [u32; 2]) {
    let word = |index: usize| {
        u32::from_le_bytes([bytes[index * 4], bytes[index * 4 + 1], bytes[index * 4 + 2], bytes[index * 4 + 3]])
    };
    match place {
        ArgumentPlace::Ecx => registers[0] = word(0),
        ArgumentPlace::Edx => registers[1] = word(0),
        ArgumentPlace::Stack(start) => {
            for (index, target) in words[start as usize..].iter_mut().take(count as usize).enumerate() {
                *target = word(index);
            }
        }
    }
}

/// Stores bytes where they are passed, padding the last word with zeros.
fn put(place: ArgumentPlace, bytes: &[u8], words: &mut [u32], registers: &mut [u32; 2]) {
    let targets = match place {
        ArgumentPlace::Ecx => &mut registers[..1],
        ArgumentPlace::Edx => &mut registers[1..],
        ArgumentPlace::Stack(start) => &mut words[start as usize..],
    };
    for (target, part) in targets.iter_mut().zip(bytes.chunks(4)) {
        let mut word = [0; 4];
        word[..part.len()].copy_from_slice(part);
        *target = u32::from_le_bytes(word);
    }
}

/// The error for an unbalanced stack; suggests the likely correct declaration.
#[cold]
fn imbalance(signature: &Signature, plan: &Plan, removed: u32) -> Fault {
    let (passed, expected) = (plan.words * 4, plan.removed * 4);
    let likely = if signature.convention == Convention::Cdecl && removed == passed {
        "it is likely __stdcall".to_owned()
    } else if removed == 0 {
        "it is likely __cdecl".to_owned()
    } else if signature.convention == Convention::Cdecl {
        format!("it is likely __stdcall with parameters of {removed} bytes in total")
    } else {
        format!("its parameters are likely {removed} bytes in total, not {passed}")
    };
    Fault::new(
        FaultKind::Convention,
        format!(
            "it removed {removed} bytes of arguments from the stack, but by its declaration it must remove {expected}: \
             {likely}. Its result is unreliable"
        ),
    )
}

/// Makes the call described by the frame.
///
/// # Safety
/// `frame` is valid, it has `count` words, and its target is a function.
#[unsafe(naked)]
unsafe extern "C" fn enter(frame: *mut Frame) {
    naked_asm!(
        "push ebp",
        "mov ebp, esp",
        "push ebx",
        "push esi",
        "push edi",
        "mov ebx, [ebp + 8]",
        // The first argument word is aligned to sixteen, as System V requires. The words are copied from the last to
        // the first, which touches the pages of the stack in order, as Windows requires.
        "mov ecx, [ebx + {count}]",
        "lea eax, [ecx * 4]",
        "sub esp, eax",
        "and esp, -16",
        "mov esi, [ebx + {words}]",
        "test ecx, ecx",
        "jz 3f",
        "2:",
        "mov eax, [esi + ecx * 4 - 4]",
        "mov [esp + ecx * 4 - 4], eax",
        "dec ecx",
        "jnz 2b",
        "3:",
        "mov esi, esp",
        "mov ecx, [ebx + {ecx}]",
        "mov edx, [ebx + {edx}]",
        "call dword ptr [ebx + {target}]",
        "mov [ebx + {result}], eax",
        "mov [ebx + {result} + 4], edx",
        "mov eax, esp",
        "sub eax, esi",
        "mov [ebx + {removed}], eax",
        "mov ecx, [ebx + {float}]",
        "test ecx, ecx",
        "jz 9f",
        "cmp ecx, {maybe}",
        "jbe 4f",
        // FXAM marks an empty register by C3 and C0 without C2.
        "sub ecx, {maybe}",
        "fxam",
        "fnstsw ax",
        "and ah, 0x45",
        "cmp ah, 0x41",
        "je 9f",
        "4:",
        "cmp ecx, 2",
        "je 5f",
        "ja 6f",
        "fstp dword ptr [ebx + {result}]",
        "jmp 9f",
        "5:",
        "fstp qword ptr [ebx + {result}]",
        "jmp 9f",
        "6:",
        "fstp tbyte ptr [ebx + {result}]",
        "9:",
        // An incorrectly declared function may leave a number on the x87 stack, which would corrupt the result of a
        // later function after seven more; one that breaks the convention may leave the direction flag set.
        "emms",
        "cld",
        "lea esp, [ebp - 12]",
        "pop edi",
        "pop esi",
        "pop ebx",
        "pop ebp",
        "ret",
        target = const offset_of!(Frame, target),
        words = const offset_of!(Frame, words),
        count = const offset_of!(Frame, count),
        ecx = const offset_of!(Frame, ecx),
        edx = const offset_of!(Frame, edx),
        float = const offset_of!(Frame, float),
        result = const offset_of!(Frame, result),
        removed = const offset_of!(Frame, removed),
        maybe = const Frame::MAYBE,
    );
}
