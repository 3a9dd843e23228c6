//! Where bit-fields lie: GCC's rule for System V, Microsoft's rule for Windows.

use super::record::Field;
use super::round_up;

/// A bit-field that has been placed. Positions are in bits from the start of the record.
pub(super) struct Placed {
    /// Its first bit.
    pub(super) start: u64,
    /// Where the next member may start.
    pub(super) next: u64,
    /// Where the memory ends that it claims.
    pub(super) end: u64,
    /// The alignment, in bytes, that it demands of the record.
    pub(super) record_align: u64,
}

/// A rule by which bit-fields share the memory of their declared types.
pub(super) trait Units {
    /// Places a bit-field of a struct.
    fn place(&mut self, position: u64, field: &Field, width: u32) -> Placed;

    /// Places a bit-field of a union.
    fn place_in_union(&mut self, field: &Field, width: u32) -> Placed;

    /// Where a member that is no bit-field may start.
    fn close(&mut self, position: u64) -> u64;
}

/// System V: bit-fields of any types follow each other bit by bit, but none crosses a boundary of its own type.
pub(super) struct GccUnits;

impl GccUnits {
    fn record_align(field: &Field) -> u64 {
        // A bit-field without name only pads.
        if !field.named {
            return 1;
        }
        let natural = match field.pack {
            Some(pack) => field.type_align.min(pack),
            None if field.packed => 1,
            None => field.type_align,
        };
        natural.max(field.capped(field.aligned.unwrap_or(1)))
    }
}

impl Units for GccUnits {
    fn place(&mut self, position: u64, field: &Field, width: u32) -> Placed {
        let width = u64::from(width);
        let unit = 8 * field.type_align;
        let start = if width == 0 {
            round_up(position, unit.max(8 * field.aligned.unwrap_or(1)))
        } else {
            let start = match field.aligned {
                Some(aligned) => round_up(position, 8 * field.capped(aligned)),
                None => position,
            };
            // Packing by attribute or pragma lets a bit-field lie anywhere.
            let tight = field.packed || field.pack.is_some();
            let crosses = (start % unit + width).div_ceil(unit) > field.type_bits / unit;
            if !tight && crosses { round_up(start, unit) } else { start }
        };
        Placed { start, next: start + width, end: start + width, record_align: Self::record_align(field) }
    }

    fn place_in_union(&mut self, field: &Field, width: u32) -> Placed {
        Placed { start: 0, next: 0, end: width.into(), record_align: Self::record_align(field) }
    }

    fn close(&mut self, position: u64) -> u64 {
        position
    }
}

/// Microsoft: each bit-field lies in a unit of its declared type; those that follow each other share one if their
/// types have the same size and the unit has room.
#[derive(Default)]
pub(super) struct MicrosoftUnits {
    open: Option<Unit>,
}

struct Unit {
    end: u64,
    bits: u64,
}

impl Units for MicrosoftUnits {
    fn place(&mut self, position: u64, field: &Field, width: u32) -> Placed {
        let width = u64::from(width);
        let align = if field.packed { 1 } else { field.capped(field.type_align) };
        if width == 0 {
            // Without a bit-field before it, it means nothing.
            let Some(unit) = self.open.take() else {
                return Placed { start: position, next: position, end: position, record_align: 1 };
            };
            let next = round_up(unit.end, 8 * align);
            return Placed { start: next, next, end: next, record_align: field.capped(field.type_align) };
        }
        let record_align = Self::record_align(field);
        let mut align = align.max(field.capped(field.aligned.unwrap_or(1)));
        if let Some(unit) = &self.open
            && unit.bits == field.type_bits
        {
            if position + width <= unit.end {
                return Placed { start: position, next: position + width, end: unit.end, record_align };
            }
            // The next unit of the same run follows the last one even where a packed member shifted that.
            align = field.capped(field.aligned.unwrap_or(1));
        }
        let start = round_up(self.close(position), 8 * align);
        let end = start + field.type_bits;
        self.open = Some(Unit { end, bits: field.type_bits });
        Placed { start, next: start + width, end, record_align }
    }

    fn place_in_union(&mut self, field: &Field, width: u32) -> Placed {
        let record_align = if width == 0 { 1 } else { Self::record_align(field) };
        Placed { start: 0, next: 0, end: width.into(), record_align }
    }

    fn close(&mut self, position: u64) -> u64 {
        self.open.take().map_or(position, |unit| unit.end)
    }
}

impl MicrosoftUnits {
    fn record_align(field: &Field) -> u64 {
        if field.packed { 1 } else { field.capped(field.type_align.max(field.aligned.unwrap_or(1))) }
    }
}
