//! Signatures made at random, each from its seed and number alone.
//!
//! What compilers do not agree about is left out, with the reason where that happens.

mod records;
mod values;

use std::sync::Arc;

use layouts::random::Random;

use crate::sample::{Convention, Sample};
use crate::target::Abi;
use crate::types::{Record, Scalar, Type, Value};

/// The sample of a seed and a number. Every fourth is a callback.
pub fn sample(seed: u64, number: u64, abi: Abi) -> Sample {
    let is_callback = number % 4 == 3;
    let mixed = Random::new(seed).number() ^ number;
    let mut generator =
        Generator { random: Random::new(mixed), abi, prefix: format!("r{number}"), records: Vec::new() };
    let convention = generator.convention();
    let parameters = generator.parameters(convention);
    let result = generator.result(convention, is_callback);
    let mut with_value = |ty: Type| {
        let value = generator.value(&ty);
        (ty, value)
    };
    let parameters: Vec<(Type, Value)> = parameters.into_iter().map(&mut with_value).collect();
    let result = result.map(&mut with_value);
    Sample { number, is_callback, convention, records: generator.records, parameters, result }
}

struct Generator {
    random: Random,
    abi: Abi,
    /// What all tags of the sample begin with, so that samples can share a file.
    prefix: String,
    records: Vec<Arc<Record>>,
}

impl Generator {
    fn convention(&mut self) -> Convention {
        *self.random.one_of(&[
            Convention::Cdecl,
            Convention::Cdecl,
            Convention::Cdecl,
            Convention::Stdcall,
            Convention::Stdcall,
            Convention::Fastcall,
            Convention::Thiscall,
        ])
    }

    fn parameters(&mut self, convention: Convention) -> Vec<Type> {
        let count = self.random.below(8);
        let mut parameters: Vec<Type> = (0..count).map(|_| self.ty()).collect();
        let has_records = parameters.iter().any(Type::is_record);
        match convention {
            // What a method is called with is a pointer. Before a record, there is no agreement about registers.
            Convention::Thiscall => parameters.insert(0, Type::Scalar(Scalar::Pointer)),
            // How many registers a record uses up, though it never lies in one, differs between compilers: so it comes
            // when none is left.
            Convention::Fastcall if has_records => {
                for _ in 0..2 {
                    let scalar = self.scalar_for_a_register();
                    parameters.insert(0, Type::Scalar(scalar));
                }
            }
            _ => {}
        }
        parameters
    }

    fn result(&mut self, convention: Convention, is_callback: bool) -> Option<Type> {
        if self.random.percent(5) {
            return None;
        }
        loop {
            let ty = self.ty();
            let Type::Record(record) = &ty else { return Some(ty) };
            // Methods of Microsoft's compiler give every record through a hidden pointer on the stack, functions of GCC
            // through one in ecx, and small ones in registers: which of them a declaration means cannot be seen.
            if convention == Convention::Thiscall {
                continue;
            }
            if self.abi.is_i386 && self.abi.is_windows {
                // GCC for 32-bit Windows gives a struct of one floating-point number as that number, on top of the
                // floating-point stack; Microsoft's compiler gives its bits in eax and edx. A caller can tell, what a
                // callback's caller expects cannot be seen.
                if is_callback && record.is_one_floating() {
                    continue;
                }
                // GCC gives what has a part of an odd size, such as three bytes, through memory, whatever its own size is.
                if record.has_odd_part() {
                    continue;
                }
            }
            return Some(ty);
        }
    }

    fn ty(&mut self) -> Type {
        if self.random.percent(50) {
            return Type::Scalar(self.scalar());
        }
        Type::Record(self.record_or_one_before())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: Abi = Abi { is_i386: true, is_windows: true };

    fn declarations(seed: u64) -> Vec<String> {
        let sample = |number| {
            let sample = sample(seed, number, WINDOWS);
            sample.definitions() + &sample.declaration(&crate::sample::IN_DECLARATIONS, "")
        };
        (0..400).map(sample).collect()
    }

    #[test]
    fn a_sample_follows_from_its_seed_and_number() {
        assert_eq!(declarations(1), declarations(1));
        assert_ne!(declarations(1), declarations(2));
    }

    #[test]
    fn samples_hold_every_kind_of_type() {
        let all = declarations(1).concat();
        let kinds = [
            "union ",
            "[3]",
            " : ",
            "_Bool",
            "float",
            "double",
            "long long",
            "enum choice",
            "void *",
            "#pragma pack",
            "__stdcall",
            "__fastcall",
            "__thiscall",
            "_callback)",
            "(void)",
            "unsigned char m1[3]; }",
            "{ float m1; }",
            "{ double m1; }",
            "{ float m1; float m2; }",
        ];
        for kind in kinds {
            assert!(all.contains(kind), "{kind}");
        }
    }
}
