//! Declarations made at random, each from its seed and number alone.

mod attributes;
mod members;

use runtime64::c::Abi;

use crate::declaration::{Definition, Member, Record, Sample};
use crate::random::Random;

/// The sample of a seed and a number. Whether types and widths exist depends on the ABI.
pub fn sample(seed: u64, number: u64, abi: Abi) -> Sample {
    let mut random = Random::new(seed);
    let mixed = random.number() ^ number;
    let mut generator = Generator::new(Random::new(mixed), abi, format!("s{number}"));
    let mut definitions = Vec::new();
    for _ in 0..generator.random.below(4) {
        let definition = match generator.random.below(4) {
            0 => generator.typedef(),
            1 => generator.enumeration(),
            _ => generator.record_definition(),
        };
        definitions.push(definition);
    }
    definitions.push(generator.record_definition());
    Sample { definitions }
}

/// A type that a member may have.
#[derive(Clone)]
struct Named {
    /// The type in C.
    words: String,
    /// The bits, of an integer.
    bits: Option<u32>,
    /// Whether an array can hold it: the alignment is no greater than the size.
    is_element: bool,
    /// Whether it is a record or an array, or may be.
    is_aggregate: bool,
}

/// How often what is chosen in one sample, in percent.
struct Mix {
    bit_fields: u64,
    attributes: u64,
    pack: u64,
    nested: u64,
    arrays: u64,
}

struct Generator {
    random: Random,
    abi: Abi,
    /// What all names of the sample begin with, so that samples can share a file.
    prefix: String,
    names: u32,
    mix: Mix,
    /// The types that have been defined.
    defined: Vec<Named>,
    /// The records whose members may still become those of another by Microsoft's extension, which happens once so
    /// that no name occurs twice.
    mergeable: Vec<String>,
}

/// The basic types and the bits of those that are integers on every ABI.
const BASIC: &[(&str, Option<u32>)] = &[
    ("char", Some(8)),
    ("signed char", Some(8)),
    ("unsigned char", Some(8)),
    ("bool", Some(1)),
    ("_Bool", Some(1)),
    ("short", Some(16)),
    ("unsigned short", Some(16)),
    ("int", Some(32)),
    ("unsigned", Some(32)),
    ("const int", Some(32)),
    ("long long", Some(64)),
    ("unsigned long long", Some(64)),
    ("__int64", Some(64)),
    ("int8_t", Some(8)),
    ("uint16_t", Some(16)),
    ("int64_t", Some(64)),
    ("float", None),
    ("double", None),
    ("long double", None),
    ("float _Complex", None),
    ("double _Complex", None),
    ("long double _Complex", None),
    ("_Float128", None),
    ("void *", None),
    ("const char *", None),
    ("va_list", None),
];

impl Generator {
    fn new(mut random: Random, abi: Abi, prefix: String) -> Self {
        let mut rate = |choices: &[u64]| *random.one_of(choices);
        let mix = Mix {
            bit_fields: rate(&[0, 20, 50, 90]),
            attributes: rate(&[0, 0, 15, 40]),
            pack: rate(&[0, 0, 30, 80]),
            nested: rate(&[5, 10, 30]),
            arrays: rate(&[10, 30]),
        };
        Generator { random, abi, prefix, names: 0, mix, defined: Vec::new(), mergeable: Vec::new() }
    }

    fn name(&mut self, letter: char) -> String {
        self.names += 1;
        format!("{}_{letter}{}", self.prefix, self.names)
    }

    /// A type that is there already.
    fn type_before(&mut self) -> Named {
        if !self.defined.is_empty() && self.random.percent(30) {
            return self.random.one_of(&self.defined).clone();
        }
        // There GCC may take a record for a number, and forget that an array of no `_Float128` asks for more.
        let no_element = if self.abi == Abi::I386SystemV { "_Float128" } else { "" };
        let basic = |words: &str, bits| Named {
            words: words.to_owned(),
            bits,
            is_element: words != no_element,
            is_aggregate: words == "va_list",
        };
        let long = if self.abi == Abi::X8664SystemV { 64 } else { 32 };
        let pointer = 8 * self.abi.pointer_bytes();
        match self.random.below(30) {
            0 => basic("long", Some(long)),
            1 => basic("unsigned long", Some(long)),
            2 => basic("size_t", Some(pointer)),
            3 => basic("intptr_t", Some(pointer)),
            4 => basic("wchar_t", Some(if self.abi.is_windows() { 16 } else { 32 })),
            5 if pointer == 64 => basic("__int128", Some(128)),
            6 if pointer == 64 => basic("unsigned __int128", Some(128)),
            _ => {
                let (words, bits) = *self.random.one_of(BASIC);
                basic(words, bits)
            }
        }
    }

    fn typedef(&mut self) -> Definition {
        let base = self.type_before();
        let name = self.name('t');
        let mut trailing = String::new();
        let mut is_element = base.is_element;
        let mut is_aggregate = base.is_aggregate;
        let mut bits = base.bits;
        if self.random.percent(20) && is_element {
            trailing = format!("[{}]", 1 + self.random.below(4));
            bits = None;
            is_aggregate = true;
        }
        let mut leading = String::new();
        let mut align = |place: &mut String, random: &mut Random| {
            // No more than any type has: what `_Alignas` asks for is never less then, and GCC's `_Alignof` leaves a
            // greater one out of account where it is a bit-field's.
            let align = *random.one_of(&[1, 1, 2, 4, 8, 16]);
            is_element = align == 1;
            *place = format!("{place} __attribute__((aligned({align})))");
        };
        if self.random.percent(75) {
            align(&mut trailing, &mut self.random);
        }
        // The one before the type counts.
        if self.random.percent(10) {
            align(&mut leading, &mut self.random);
        }
        self.defined.push(Named { words: name.clone(), bits, is_element, is_aggregate });
        // As for members: an array that has a qualifier gets no second one.
        let qualifier = if !base.is_aggregate && self.random.percent(20) { "volatile " } else { "" };
        Definition::Typedef { name, leading, ty: format!("{qualifier}{}", base.words), trailing }
    }

    fn enumeration(&mut self) -> Definition {
        const RANGES: &[(&[&str], [u32; 2])] = &[
            (&["0"], [8, 32]),
            (&["1", "2", "255"], [8, 32]),
            (&["-1", "127"], [8, 32]),
            (&["-1", "128"], [16, 32]),
            (&["-129"], [16, 32]),
            (&["256", "65535"], [16, 32]),
            (&["-32769"], [32, 32]),
            (&["65536", "0xFFFFFFFF"], [32, 32]),
            (&["-2147483647 - 1", "2147483647"], [32, 32]),
            (&["-1", "0x80000000"], [64, 64]),
            (&["0x100000000"], [64, 64]),
            (&["-1", "0x7FFFFFFFFFFFFFFF"], [64, 64]),
            (&["0xFFFFFFFFFFFFFFFF"], [64, 64]),
        ];
        let (values, [when_packed, otherwise]) = *self.random.one_of(RANGES);
        let packed = self.random.percent(50);
        let name = self.name('e');
        let bits = Some(if packed { when_packed } else { otherwise });
        self.defined.push(Named { words: format!("enum {name}"), bits, is_element: true, is_aggregate: false });
        Definition::Enumeration { name, packed, values: values.iter().map(|value| (*value).to_owned()).collect() }
    }

    fn record_definition(&mut self) -> Definition {
        let mut record = self.record(0);
        let tag = self.name('r');
        let words = format!("{} {tag}", record.keyword);
        record.tag = Some(tag);
        if self.random.percent(self.mix.pack) {
            record.pack = Some(*self.random.one_of(&[1, 1, 2, 2, 4, 4, 8, 16]));
        }
        let is_open = record.members.last().is_some_and(|member| member.lengths.first() == Some(&None));
        self.defined.push(Named { words: words.clone(), bits: None, is_element: !is_open, is_aggregate: true });
        if !is_open {
            self.mergeable.push(words);
        }
        Definition::Record(record)
    }

    /// A struct or union without tag, so many levels within another.
    fn record(&mut self, depth: u32) -> Record {
        let keyword = if self.random.percent(20) { "union" } else { "struct" };
        let count = if self.random.percent(4) { 0 } else { 1 + self.random.below(if depth == 0 { 8 } else { 4 }) };
        let mut members: Vec<Member> = Vec::new();
        for _ in 0..count {
            let next = match members.last() {
                Some(before) if self.random.percent(15) => self.sibling(&before.clone()),
                _ => None,
            };
            members.push(next.unwrap_or_else(|| self.member(keyword, depth)));
        }
        if keyword == "struct" && self.random.percent(6) && members.iter().any(|member| member.name.is_some()) {
            members.push(self.open_array());
        }
        let (leading, trailing) = self.record_attributes();
        Record { keyword, tag: None, pack: None, leading, trailing, members }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_follows_from_its_seed_and_number() {
        let text = |seed, number| sample(seed, number, Abi::X8664Windows).to_string();
        assert_eq!(text(1, 2), text(1, 2));
        assert_ne!(text(1, 2), text(2, 2));
    }

    #[test]
    fn samples_hold_every_kind_of_declaration() {
        let all: String = (0..500).map(|number| sample(1, number, Abi::X8664Windows).to_string()).collect();
        let kinds = [
            "typedef",
            "enum ",
            "union ",
            "[]",
            "[0]",
            ": 0",
            "_Bool",
            "_Complex",
            "wchar_t",
            "__int64",
            "(int, char)",
            "#pragma pack",
            "packed",
            "aligned(",
            "align(",
            "_Alignas",
            "ms_struct",
            "gcc_struct",
            "{ }",
            "volatile",
        ];
        for kind in kinds {
            assert!(all.contains(kind), "{kind}");
        }
    }
}
