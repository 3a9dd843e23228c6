//! Placement of members, including bit-fields: GCC's rule for System V, Microsoft's rule for Windows.

use super::field::{Field, Placed, alignment_of};
use super::round_up;

/// A rule for sharing storage units between bit-fields.
pub(super) trait Rule {
    /// Places a member of a struct.
    fn place(&mut self, position: u64, field: &Field) -> Placed;

    /// Places a member of a union.
    fn place_in_union(&mut self, field: &Field) -> Placed;
}

/// System V: bit-fields of any type follow each other bit by bit, but none crosses a boundary of its own type.
pub(super) struct Gcc;

impl Gcc {
    fn record_align(field: &Field, demanded: u64) -> u64 {
        if field.width.is_none() {
            return demanded;
        }
        // A bit-field without a name is only padding.
        if !field.named {
            return 8;
        }
        let natural = match field.pack {
            Some(pack) => field.type_align.min(pack),
            None if field.packed => 8,
            None => field.type_align,
        };
        natural.max(demanded)
    }
}

impl Rule for Gcc {
    fn place(&mut self, position: u64, field: &Field) -> Placed {
        let demand = field.demand(position);
        let record_align = Self::record_align(field, demand.align);
        let start = match field.width {
            // Packing, by attribute or by pragma, does not affect the next member.
            Some(0) => round_up(position, field.type_align.max(field.aligned.unwrap_or(1))),
            None => round_up(position, demand.align),
            Some(width) => {
                let start = round_up(position, demand.align);
                // Packing, by attribute or by pragma, allows any position.
                let tight = field.packed || field.pack.is_some() || demand.is_whole_integer;
                let unit = field.type_align;
                let crosses = (start % unit + width).div_ceil(unit) > field.type_bits / unit;
                if !tight && crosses { round_up(start, unit) } else { start }
            }
        };
        let next = start + field.width.unwrap_or(field.type_bits);
        Placed { start, next, end: next, record_align }
    }

    fn place_in_union(&mut self, field: &Field) -> Placed {
        let record_align = Self::record_align(field, field.demand(0).align);
        Placed { start: 0, next: 0, end: field.width.unwrap_or(field.type_bits), record_align }
    }
}

/// Microsoft: each bit-field lies in a unit of its declared type; consecutive bit-fields share a unit if their
/// types have the same size and the unit has room.
pub(super) struct Microsoft {
    before: Before,
    /// Whether to follow GCC's version of Microsoft's rule.
    by_gcc: bool,
}

/// The kind of the previous member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Not a bit-field.
    Other,
    /// A bit-field of width 0.
    Nothing,
    /// A bit-field, in a unit of `bits` bits of which `left` are unused.
    Unit { bits: u64, left: u64 },
}

impl Rule for Microsoft {
    fn place(&mut self, position: u64, field: &Field) -> Placed {
        let demanded = field.demand(position).align;
        let record_align = self.record_align(field, demanded);
        let before = self.before;
        self.before = match field.width {
            None => Before::Other,
            Some(0) => Before::Nothing,
            Some(width) => Before::Unit { bits: field.type_bits, left: field.type_bits - width },
        };
        if let (Before::Unit { bits, left }, Some(width @ 1..)) = (before, field.width)
            && bits == field.type_bits
            && width <= left
        {
            self.before = Before::Unit { bits, left: left - width };
            return Placed { start: position, next: position + width, end: position + left, record_align };
        }
        let closed = if let Before::Unit { left, .. } = before { position + left } else { position };
        // GCC uses the position before the last unit was closed, which matters only with packing or alignment
        // attributes.
        let aligned = if alignment_of(position) < demanded { round_up(closed, demanded) } else { closed };
        let begins_unit = match (before, field.width) {
            (_, None) => true,
            // The next unit of a run follows the last one even if a packed member shifted that one.
            (Before::Unit { bits, .. }, Some(_)) => bits != field.type_bits,
            // A bit-field of width 0 has no effect unless it follows a bit-field.
            (_, Some(width)) => width != 0,
        };
        let align = if field.packed { 8 } else { field.capped(field.variable_align) };
        let start = if begins_unit { round_up(aligned, align) } else { aligned };
        let next = start + field.width.unwrap_or(field.type_bits);
        let end = if field.width == Some(0) { start } else { start + field.type_bits };
        Placed { start, next, end, record_align }
    }

    fn place_in_union(&mut self, field: &Field) -> Placed {
        if self.by_gcc || field.width.is_none() {
            let record_align = self.record_align(field, field.demand(0).align);
            return Placed { start: 0, next: 0, end: field.width.unwrap_or(field.type_bits), record_align };
        }
        // Microsoft's compiler gives it its whole declared type, whose alignment does not count there. Clang,
        // which is tested against that compiler, does the same; GCC does neither.
        let end = if field.width == Some(0) { 0 } else { field.type_bits };
        Placed { start: 0, next: 0, end, record_align: 8 }
    }
}

impl Microsoft {
    /// The rule of Microsoft's compiler, or GCC's version of it.
    pub(super) fn new(by_gcc: bool) -> Self {
        Microsoft { before: Before::Other, by_gcc }
    }

    fn record_align(&self, field: &Field, demanded: u64) -> u64 {
        let align = match field.width {
            None if field.packed => demanded,
            Some(0) if !matches!(self.before, Before::Unit { .. }) => 8,
            Some(1..) if field.packed => 8,
            _ => field.variable_align.max(demanded),
        };
        field.capped(align)
    }
}
