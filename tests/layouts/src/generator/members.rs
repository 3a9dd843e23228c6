//! Members of records.

use super::Generator;
use crate::declaration::{Base, Member};

/// What stands around the name of a pointer.
const POINTERS: &[(&str, &str)] = &[("*", ""), ("* const *", ""), ("(*", ")[4]"), ("(*", ")(int, char)")];

const PLAIN: (&str, &str) = ("", "");

impl Generator {
    /// A member of a struct or union that lies so many levels within another.
    pub(super) fn member(&mut self, keyword: &str, depth: u32) -> Member {
        // In unions, GCC does not treat bit-fields as Microsoft's compiler does.
        let can_be_bit_field = keyword == "struct" || !self.abi.is_windows();
        if self.random.percent(self.mix.bit_fields) && can_be_bit_field {
            return self.bit_field();
        }
        if depth < 3 && self.random.percent(self.mix.nested) {
            return self.nested(depth);
        }
        if self.random.percent(2) && !self.mergeable.is_empty() && keyword == "struct" {
            return self.merged();
        }
        let ty = self.type_before();
        let is_pointer = self.random.percent(8);
        // What cannot be in an array has no pointer to an array, and what may be an array is no function's result.
        let pointers = match (ty.is_element, ty.is_aggregate) {
            (false, _) => &POINTERS[..2],
            (true, true) => &POINTERS[..3],
            (true, false) => POINTERS,
        };
        let around = if is_pointer { *self.random.one_of(pointers) } else { PLAIN };
        let lengths =
            if ty.is_element || is_pointer { self.lengths(ty.is_aggregate && !is_pointer) } else { Vec::new() };
        let (leading, trailing) = self.member_attributes(!ty.is_aggregate);
        // GCC forgets what alignment a typedef name gives an array of const elements once that becomes volatile, too.
        let qualifier = if !ty.is_aggregate && self.random.percent(10) {
            *self.random.one_of(&["const ", "volatile "])
        } else {
            ""
        };
        Member {
            name: Some(self.name('m')),
            base: Base::Words(format!("{qualifier}{}", ty.words)),
            around,
            lengths,
            bits: None,
            leading,
            trailing,
        }
    }

    /// An array without length.
    pub(super) fn open_array(&mut self) -> Member {
        let mut member = self.member("struct", 3);
        while member.bits.is_some() || member.name.is_none() || member.lengths.is_empty() {
            self.mix.bit_fields = 0;
            self.mix.arrays = 100;
            member = self.member("struct", 3);
        }
        member.lengths[0] = None;
        member
    }

    /// The lengths of an array, few of them if it holds what may be large itself.
    fn lengths(&mut self, few: bool) -> Vec<Option<u64>> {
        let mut lengths = Vec::new();
        while lengths.len() < if few { 1 } else { 3 } && self.random.percent(self.mix.arrays) {
            lengths.push(Some(*self.random.one_of(&[0, 1, 1, 2, 3, 3, 4, 5, 7, 8])));
        }
        lengths
    }

    fn bit_field(&mut self) -> Member {
        let (ty, most) = loop {
            let ty = self.type_before();
            if let Some(bits) = ty.bits {
                break (ty, u64::from(bits));
            }
        };
        let bits = match self.random.below(8) {
            0 => 0,
            1 => most,
            2 | 3 => 1 + self.random.below(most),
            _ => 1 + self.random.below(most.min(9)),
        };
        let named = bits != 0 && self.random.percent(85);
        let (leading, trailing) = self.member_attributes(false);
        Member {
            name: named.then(|| self.name('b')),
            base: Base::Words(ty.words),
            around: PLAIN,
            lengths: Vec::new(),
            bits: u32::try_from(bits).ok(),
            leading,
            trailing,
        }
    }

    /// A struct or union that is defined in place, anonymous or not.
    fn nested(&mut self, depth: u32) -> Member {
        let record = self.record(depth + 1);
        let is_open = record.members.last().is_some_and(|member| member.lengths.first() == Some(&None));
        let anonymous = self.random.percent(50);
        let (leading, mut trailing) = self.member_attributes(false);
        if anonymous {
            trailing.clear();
        }
        let lengths = if anonymous || is_open { Vec::new() } else { self.lengths(true) };
        let name = (!anonymous).then(|| self.name('m'));
        Member { name, base: Base::Record(record), around: PLAIN, lengths, bits: None, leading, trailing }
    }

    /// A member that can be declared in one declaration with the one before it.
    pub(super) fn sibling(&mut self, before: &Member) -> Option<Member> {
        let (Base::Words(_), Some(_)) = (&before.base, &before.name) else { return None };
        let letter = if before.bits.is_some() { 'b' } else { 'm' };
        let (_, trailing) = self.member_attributes(false);
        Some(Member { name: Some(self.name(letter)), trailing, ..before.clone() })
    }

    /// A record that was defined before, without a name: a member by Microsoft's extension of C, nothing elsewhere.
    fn merged(&mut self) -> Member {
        let index = usize::try_from(self.random.below(self.mergeable.len() as u64)).unwrap_or_default();
        Member {
            name: None,
            base: Base::Words(self.mergeable.swap_remove(index)),
            around: PLAIN,
            lengths: Vec::new(),
            bits: None,
            leading: Vec::new(),
            trailing: Vec::new(),
        }
    }
}
