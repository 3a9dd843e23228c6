//! What the placement of one member takes. Positions and alignments are in bits here.

/// A member of a record, and what it asks for.
pub(super) struct Field {
    /// The width, of a bit-field.
    pub(super) width: Option<u64>,
    /// The size of the type, of a bit-field's declared type; nothing of a flexible array.
    pub(super) type_bits: u64,
    /// The alignment of the type as a member's.
    pub(super) type_align: u64,
    /// The alignment of the type as a variable's.
    pub(super) variable_align: u64,
    /// The most that an integer may ask for as a member, on i386 System V.
    pub(super) integer_limit: Option<u64>,
    /// `#pragma pack`
    pub(super) pack: Option<u64>,
    /// The alignment that `#pragma pack` does not lessen.
    pub(super) required_align: u64,
    /// `__attribute__((packed))` on the record or the member
    pub(super) packed: bool,
    /// The alignment that the member asks for itself.
    pub(super) aligned: Option<u64>,
    /// Whether it has a name.
    pub(super) named: bool,
}

/// A member that has been placed.
pub(super) struct Placed {
    /// Its first bit.
    pub(super) start: u64,
    /// Where the next member may start.
    pub(super) next: u64,
    /// Where the memory ends that it claims.
    pub(super) end: u64,
    /// The alignment that it demands of the record.
    pub(super) record_align: u64,
}

/// What a position must be a multiple of for a member.
pub(super) struct Demand {
    pub(super) align: u64,
    /// Whether the member is a bit-field that lies as an integer of its width would: GCC takes it for one then.
    pub(super) is_whole_integer: bool,
}

impl Field {
    /// The alignment, but no more than `#pragma pack` allows.
    pub(super) fn capped(&self, align: u64) -> u64 {
        self.pack.map_or(align, |pack| align.min(pack.max(self.required_align)))
    }

    /// What a member at this position would demand, bit-fields of no bits apart.
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

/// The greatest power of two that a position is a multiple of.
pub(super) fn alignment_of(position: u64) -> u64 {
    1 << position.trailing_zeros().min(63)
}
