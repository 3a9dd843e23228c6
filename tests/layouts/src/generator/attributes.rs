//! Attributes of records and members.

use runtime64::c::Abi;

use super::Generator;

impl Generator {
    /// Attributes before the tag of a record and after its brace.
    pub(super) fn record_attributes(&mut self) -> (Vec<String>, Vec<String>) {
        let mut leading = Vec::new();
        let mut trailing = Vec::new();
        let packed = self.mix.attributes.min(25);
        let rules: &[&str] = match self.abi {
            // There a record by Microsoft's rule has one alignment within its like and another elsewhere, which depends
            // on the machine's registers that GCC would keep it in, unless an alignment is asked for.
            Abi::I386SystemV => &["ms_struct, aligned(8)", "__gcc_struct__"],
            _ => &["ms_struct", "__gcc_struct__"],
        };
        let attributes = [
            (packed, "__attribute__((packed))".to_owned()),
            (self.mix.attributes / 2, self.aligned()),
            // A second one: the last counts.
            (self.mix.attributes / 8, self.aligned()),
            (5, format!("__attribute__(({}))", self.random.one_of(rules))),
        ];
        for (rate, attribute) in attributes {
            if self.random.percent(rate) {
                if self.random.percent(50) { &mut leading } else { &mut trailing }.push(attribute);
            }
        }
        (leading, trailing)
    }

    /// Attributes before the type of a member and after its declarator.
    ///
    /// `_Alignas` stands with `plain` members, since it lowers no alignment and takes no bit-field.
    pub(super) fn member_attributes(&mut self, plain: bool) -> (Vec<String>, Vec<String>) {
        let mut leading = Vec::new();
        let mut trailing = Vec::new();
        if self.random.percent(self.mix.attributes / 2) {
            let packed = "__attribute__((packed))".to_owned();
            if self.random.percent(30) { &mut leading } else { &mut trailing }.push(packed);
        }
        if self.random.percent(self.mix.attributes / 2) {
            let aligned = self.aligned();
            // Before a struct that it defines, Microsoft's `__declspec` is the struct's, too.
            let can_lead = plain || !aligned.contains("declspec");
            if can_lead && self.random.percent(30) { &mut leading } else { &mut trailing }.push(aligned);
        }
        // A second one: the greatest counts.
        if self.random.percent(self.mix.attributes / 8) {
            trailing.push(self.aligned());
        }
        if plain && self.random.percent(self.mix.attributes / 4) {
            let words = ["_Alignas(16)", "_Alignas(32)", "_Alignas(0)", "_Alignas(_Float128)"];
            leading.push((*self.random.one_of(&words)).to_owned());
        }
        (leading, trailing)
    }

    fn aligned(&mut self) -> String {
        let align = *self.random.one_of(&[1, 2, 4, 4, 8, 8, 16, 32]);
        match self.random.below(12) {
            0 => "__attribute__((aligned))".to_owned(),
            1 => "__attribute__((aligned(sizeof(void *))))".to_owned(),
            // There `#pragma pack` does not lessen it, which GCC does not know.
            2 | 3 if self.abi.is_windows() && self.mix.pack == 0 => format!("__declspec(align({align}))"),
            _ => format!("__attribute__((aligned({align})))"),
        }
    }
}
