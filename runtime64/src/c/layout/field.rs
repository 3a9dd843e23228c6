//! The input and output of placing one member. Positions and alignments are in bits here.

/// A member of a record, and its requirements.
pub(super) struct Field {
    /// The width, for a bit-field.
    pub(super) width: Option<u64>,
    /// The size of the type, or of a bit-field's declared type; 0 for a flexible array.
    pub(super) type_bits: u64,
    /// The alignment of the type as a member.
    pub(super) type_align: u64,
    /// The alignment of the type as a variable.
    pub(super) variable_align: u64,
    /// The maximum alignment of an integer member, on i386 System V.
    pub(super) integer_limit: Option<u64>,
    /// `#pragma pack`
    pub(super) pack: Option<u64>,
    /// The alignment that `#pragma pack` does not reduce.
    pub(super) required_align: u64,
    /// `__attribute__((packed))` on the record or the member
    pub(super) packed: bool,
    /// The alignment required by an attribute of the member itself.
    pub(super) aligned: Option<u64>,
    /// Whether it has a name.
    pub(super) named: bool,
}

/// A member with its place.
pub(super) struct Placed {
    /// The first bit.
    pub(super) start: u64,
    /// The first position available to the next member.
    pub(super) next: u64,
    /// The end of the memory it occupies.
    pub(super) end: u64,
    /// The alignment it requires of the record.
    pub(super) record_align: u64,
}

/// The alignment that a member requires of its position.
pub(super) struct Demand {
    pub(super) align: u64,
    /// Whether the member is a bit-field placed like an integer of its width: GCC treats it as one then.
    pub(super) is_whole_integer: bool,
}

impl Field {
    /// The alignment, limited by `#pragma pack`.
    pub(super) fn capped(&self, align: u64) -> u64 {
        self.pack.map_or(align, |pack| align.min(pack.max(self.required_align)))
    }

    /// The alignment required at this position, except for bit-fields of width 0.
    pub(super) fn demand(&self, position: u64) -> Demand {
        let Some(width) = self.width else {
            let natural = if self.packed { 8 } else { self.type_align };
            let align = self.capped(natural.max(self.aligned.unwrap_or(8)));
            return Demand { align, is_whole_integer: false };
        };
        let is_integer = matches!(width, 8 | 16 | 32 | 64 | 128);
        let is_whole_integer = is_integer && (width == 8 || !self.packed) && alignment_of(position) >= width;
        let natural = if is_whole_integer { width } else { 1 };
        let align = match (self.aligned, self.integer_limit) {
            (Some(aligned), _) => natural.max(aligned),
            (None, Some(limit)) if !self.packed => natural.min(limit),
            (None, _) => natural,
        };
        Demand { align: self.capped(align), is_whole_integer }
    }
}

/// The greatest power of two that divides the position.
pub(super) fn alignment_of(position: u64) -> u64 {
    1 << position.trailing_zeros().min(63)
}
