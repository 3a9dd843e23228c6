//! The locations of a function's arguments and result on i386. Pure, so that it can be tested on every machine.
//!
//! Sources: the System V ABI for i386; Microsoft's documentation of `__cdecl`, `__stdcall`, `__fastcall` and
//! `__thiscall`; and where these are silent, the behaviour of GCC and Clang.

use protocol::{Convention, Eightbyte, Signature, Type};

/// The locations of the arguments and the result of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The location of each parameter.
    pub(crate) parameters: Vec<ArgumentPlace>,
    /// The location of the result buffer's address, for a result in memory.
    pub(crate) room: Option<ArgumentPlace>,
    /// The number of argument words on the stack.
    pub(crate) words: u32,
    /// The number of words the function removes from the stack when it returns.
    pub(crate) removed: u32,
    /// The location of the result.
    pub(crate) result: ResultPlace,
}

/// The location of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgumentPlace {
    /// In ecx.
    Ecx,
    /// In edx.
    Edx,
    /// On the stack, this many words above the return address's own.
    Stack(u32),
}

/// The location of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultPlace {
    /// In eax, with the upper half in edx; also for `void`.
    Integers,
    /// In st0.
    Float(Type),
    /// In st0 if the library was built by GCC, in eax and edx if by Microsoft's compiler: a struct of one `float` or
    /// `double` on Windows.
    FloatOrIntegers(Type),
    /// In the buffer passed for it.
    Memory,
}

/// The registers still available for arguments.
struct Registers(&'static [ArgumentPlace]);

impl Registers {
    fn of(convention: Convention) -> Self {
        Self(match convention {
            Convention::Cdecl | Convention::Stdcall => &[],
            Convention::Fastcall => &[ArgumentPlace::Ecx, ArgumentPlace::Edx],
            Convention::Thiscall => &[ArgumentPlace::Ecx],
        })
    }

    fn take(&mut self) -> Option<ArgumentPlace> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Stack arguments may consume registers as well: a 64-bit integer or a record as many as it has words, a
    /// floating-point number none.
    fn skip(&mut self, words: u32) {
        self.0 = &self.0[self.0.len().min(words as usize)..];
    }
}

/// The stack while arguments are added.
#[derive(Default)]
struct Stack {
    words: u32,
}

impl Stack {
    fn put(&mut self, words: u32, align: u32) -> ArgumentPlace {
        let start = if align >= 16 { self.words.next_multiple_of(4) } else { self.words };
        self.words = start + words;
        ArgumentPlace::Stack(start)
    }
}

impl Plan {
    /// The plan of a signature, on Windows or by System V.
    pub(crate) fn new(signature: &Signature, on_windows: bool) -> Self {
        // Compilers treat every variadic function as cdecl.
        let convention = if signature.fixed.is_some() { Convention::Cdecl } else { signature.convention };
        let is_method = convention == Convention::Thiscall && on_windows;
        let result = result_place(signature, is_method, on_windows);
        let is_in_memory = result == ResultPlace::Memory;
        let mut registers = Registers::of(convention);
        let mut stack = Stack::default();
        let mut parameters = Vec::with_capacity(signature.parameters.len());
        let mut rest = signature.parameters.as_slice();
        if is_in_memory && is_method {
            // Microsoft's methods take `this` in ecx before the buffer's address.
            if let Some((this, others)) = rest.split_first() {
                parameters.push(place(signature, *this, &mut registers, &mut stack));
                rest = others;
            }
            registers.skip(2);
        }
        let room = is_in_memory.then(|| registers.take().unwrap_or_else(|| stack.put(1, 4)));
        parameters.extend(rest.iter().map(|parameter| place(signature, *parameter, &mut registers, &mut stack)));
        let removed = match (convention, room) {
            // In System V the callee removes the buffer's address.
            (Convention::Cdecl, Some(ArgumentPlace::Stack(_))) if !on_windows => 1,
            (Convention::Cdecl, _) => 0,
            _ => stack.words,
        };
        Self { parameters, room, words: stack.words, removed, result }
    }
}

fn place(signature: &Signature, ty: Type, registers: &mut Registers, stack: &mut Stack) -> ArgumentPlace {
    let (words, align) = extent(signature, ty);
    match ty {
        Type::Float32 | Type::Float64 | Type::Extended => {}
        Type::Record(_) if is_one_float(signature, ty) => {}
        Type::Int64 | Type::Uint64 | Type::Record(_) => registers.skip(words),
        _ => {
            if let Some(register) = registers.take() {
                return register;
            }
        }
    }
    stack.put(words, align)
}

/// The size of a value on the stack in words, and its alignment.
pub(crate) fn extent(signature: &Signature, ty: Type) -> (u32, u32) {
    match ty {
        Type::Int64 | Type::Uint64 | Type::Float64 => (2, 4),
        Type::Extended => (3, 4),
        Type::Record(_) => signature.record(ty).map_or((0, 4), |record| (record.bytes.div_ceil(4), record.align)),
        _ => (1, 4),
    }
}

fn is_one_float(signature: &Signature, ty: Type) -> bool {
    signature.record(ty).is_some_and(|record| record.registers == [Eightbyte::Sse])
}

fn result_place(signature: &Signature, is_method: bool, on_windows: bool) -> ResultPlace {
    let ty = signature.result;
    let Some(record) = signature.record(ty) else {
        return match ty {
            Type::Float32 | Type::Float64 | Type::Extended => ResultPlace::Float(ty),
            _ => ResultPlace::Integers,
        };
    };
    let fits = matches!(record.bytes, 1 | 2 | 4 | 8);
    if record.registers == [Eightbyte::Integer] && !is_method {
        ResultPlace::Integers
    } else if !on_windows || !fits || is_method {
        ResultPlace::Memory
    } else if is_one_float(signature, ty) {
        ResultPlace::FloatOrIntegers(if record.bytes == 4 { Type::Float32 } else { Type::Float64 })
    } else {
        ResultPlace::Integers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ArgumentPlace::{Ecx, Edx, Stack};
    use protocol::Record;

    fn record(bytes: u32, registers: &[Eightbyte]) -> Record {
        Record { bytes, align: 4, registers: registers.to_vec() }
    }

    /// The records: 0 has 4 bytes, 1 has 8, 2 has 12, 3 is a float, 4 is a double.
    fn plan(convention: Convention, result: Type, parameters: &[Type], on_windows: bool) -> Plan {
        let records = vec![
            record(4, &[]),
            record(8, &[]),
            record(12, &[]),
            record(4, &[Eightbyte::Sse]),
            record(8, &[Eightbyte::Sse]),
        ];
        let signature = Signature {
            convention,
            is_convention_open: false,
            result,
            parameters: parameters.to_vec(),
            fixed: None,
            records,
        };
        Plan::new(&signature, on_windows)
    }

    #[test]
    fn arguments_take_registers_and_use_them_up() {
        use Convention::{Cdecl, Fastcall, Stdcall, Thiscall};
        use Type::{Extended, Float64, Int8, Int32, Int64, Pointer, Record};
        let cases: &[(Convention, &[Type], &[ArgumentPlace], u32)] = &[
            (Cdecl, &[Int8, Float64, Int32], &[Stack(0), Stack(1), Stack(3)], 0),
            (Stdcall, &[Extended, Record(2), Int32], &[Stack(0), Stack(3), Stack(6)], 7),
            (Fastcall, &[Int32, Int8, Int32], &[Ecx, Edx, Stack(0)], 1),
            (Fastcall, &[Float64, Pointer, Int32], &[Stack(0), Ecx, Edx], 2),
            (Fastcall, &[Int64, Int32], &[Stack(0), Stack(2)], 3),
            (Fastcall, &[Record(0), Int32, Int32], &[Stack(0), Edx, Stack(1)], 2),
            (Fastcall, &[Record(1), Int32], &[Stack(0), Stack(2)], 3),
            (Fastcall, &[Record(3), Int32, Int32], &[Stack(0), Ecx, Edx], 1),
            (Thiscall, &[Pointer, Int32], &[Ecx, Stack(0)], 1),
        ];
        for (convention, parameters, places, removed) in cases {
            let plan = plan(*convention, Int32, parameters, true);
            assert_eq!(plan.parameters, *places, "{convention:?} {parameters:?}");
            assert_eq!(plan.removed, *removed, "{convention:?} {parameters:?}");
        }
    }

    #[test]
    fn a_record_comes_back_as_each_system_has_it() {
        use Convention::{Cdecl, Fastcall, Stdcall, Thiscall};
        use Type::{Float32, Float64, Pointer, Record};
        // { convention, result, on Windows, location of the result, location of its buffer's address, words removed }
        let cases = [
            (Cdecl, Record(0), false, ResultPlace::Memory, Some(Stack(0)), 1),
            (Cdecl, Record(2), true, ResultPlace::Memory, Some(Stack(0)), 0),
            (Cdecl, Record(1), true, ResultPlace::Integers, None, 0),
            (Cdecl, Record(3), true, ResultPlace::FloatOrIntegers(Float32), None, 0),
            (Cdecl, Record(4), true, ResultPlace::FloatOrIntegers(Float64), None, 0),
            (Cdecl, Record(4), false, ResultPlace::Memory, Some(Stack(0)), 1),
            (Stdcall, Record(2), true, ResultPlace::Memory, Some(Stack(0)), 2),
            (Fastcall, Record(2), true, ResultPlace::Memory, Some(Ecx), 0),
            (Thiscall, Record(2), false, ResultPlace::Memory, Some(Ecx), 1),
            (Thiscall, Record(1), true, ResultPlace::Memory, Some(Stack(0)), 1),
        ];
        for (convention, result, on_windows, place, room, removed) in cases {
            let plan = plan(convention, result, &[Pointer], on_windows);
            assert_eq!((plan.result, plan.room), (place, room), "{convention:?} {result:?}");
            assert_eq!(plan.removed, removed, "{convention:?} {result:?}");
        }
    }

    #[test]
    fn only_what_asks_for_sixteen_bytes_is_aligned() {
        let records = vec![Record { bytes: 16, align: 16, registers: vec![] }];
        let parameters = vec![Type::Int32, Type::Record(0), Type::Int32];
        let signature = Signature {
            convention: Convention::Cdecl,
            is_convention_open: true,
            result: Type::Void,
            parameters,
            fixed: None,
            records,
        };
        assert_eq!(Plan::new(&signature, false).parameters, [Stack(0), Stack(4), Stack(8)]);
    }
}
