//! Where the members of structs and unions lie.

use std::sync::Arc;

use super::bit_field::{GccUnits, MicrosoftUnits, Units};
use super::{LARGEST, Layout, LayoutError, layout, round_up};
use crate::c::abi::Abi;
use crate::c::types::{Length, Member, Record, RecordBody, RecordKind, Type};

/// The layout of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordLayout {
    /// Size and alignment of the whole. A flexible array at the end has no part in the size.
    pub layout: Layout,
    /// Where each member lies, in the order of [`RecordBody::members`], those included that do not
    /// [exist](Member::exists_on) on the ABI.
    pub members: Vec<MemberLayout>,
}

/// Where a member lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberLayout {
    /// Bytes from the start of the record; of a bit-field, to the byte that holds its first bit.
    pub offset: u64,
    /// The bits, of a bit-field.
    pub bits: Option<BitField>,
}

/// The bits of a bit-field. All ABIs here are little-endian: bit 0 is the lowest of the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitField {
    /// The first bit, 0 to 7, within the byte at the member's offset.
    pub first: u32,
    /// How many bits there are; they may reach into the ninth byte when the record is packed.
    pub width: u32,
}

/// The layout of a struct or union, computed once for each ABI.
///
/// ```
/// use runtime64::c::{Abi, Declarations, Type, record_layout};
///
/// let mut declarations = Declarations::new();
/// declarations.declare("struct flags { char kind; unsigned low : 4, high : 4; };")?;
/// let flags = declarations.parse_type("struct flags")?;
/// let Type::Record(record) = flags.resolve() else { unreachable!() };
/// assert_eq!(record_layout(record, Abi::I386SystemV)?.layout.size, 4);
/// assert_eq!(record_layout(record, Abi::I386Windows)?.layout.size, 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The record is incomplete, has a member that does not exist on this ABI, or is too large.
pub fn record_layout(record: &Arc<Record>, abi: Abi) -> Result<Arc<RecordLayout>, LayoutError> {
    let name = || Type::Record(record.clone()).to_string();
    let body = record.body().ok_or_else(|| LayoutError::Incomplete(name()))?;
    body.layouts[abi.index()]
        .get_or_init(|| {
            let microsoft = abi.is_windows() && !body.gcc_bit_fields;
            let placed = if microsoft {
                Placement::new(record.kind, &body, abi, MicrosoftUnits::default()).place_all()
            } else {
                Placement::new(record.kind, &body, abi, GccUnits).place_all()
            };
            placed?.map(Arc::new).ok_or_else(|| LayoutError::TooLarge(name()))
        })
        .clone()
}

/// The offset of a member in bytes, those of anonymous members included; nothing for bit-fields and unknown names.
pub(in crate::c) fn member_offset(record: &Arc<Record>, name: &str, abi: Abi) -> Result<Option<u64>, LayoutError> {
    let layout = record_layout(record, abi)?;
    let Some(body) = record.body() else { return Ok(None) };
    for (member, place) in body.members.iter().zip(&layout.members) {
        if member.name.as_deref() == Some(name) {
            return Ok(place.bits.is_none().then_some(place.offset));
        }
        if let (None, Type::Record(inner)) = (&member.name, member.ty.resolve())
            && member.exists_on(abi)
            && let Some(offset) = member_offset(inner, name, abi)?
        {
            return Ok(Some(place.offset + offset));
        }
    }
    Ok(None)
}

/// A record while its members are placed. Positions are in bits from its start, alignments in bytes.
struct Placement<'a, U> {
    kind: RecordKind,
    body: &'a RecordBody,
    abi: Abi,
    units: U,
    position: u64,
    end: u64,
    align: u64,
}

/// What the placement of one member takes.
pub(super) struct Field {
    /// The size in bits of the type, of a bit-field's declared type.
    pub(super) type_bits: u64,
    /// The alignment of the type, before packing.
    pub(super) type_align: u64,
    /// `#pragma pack`
    pub(super) pack: Option<u64>,
    /// `__attribute__((packed))` on the record or the member
    pub(super) packed: bool,
    /// The alignment that the member asks for itself.
    pub(super) aligned: Option<u64>,
    /// Whether it has a name.
    pub(super) named: bool,
}

impl Field {
    /// The alignment of a member that is no bit-field.
    fn align(&self) -> u64 {
        let natural = if self.packed { 1 } else { self.type_align };
        self.capped(natural.max(self.aligned.unwrap_or(1)))
    }

    /// The alignment, but no more than `#pragma pack` allows.
    pub(super) fn capped(&self, align: u64) -> u64 {
        self.pack.map_or(align, |pack| align.min(pack))
    }
}

impl<'a, U: Units> Placement<'a, U> {
    fn new(kind: RecordKind, body: &'a RecordBody, abi: Abi, units: U) -> Self {
        Placement { kind, body, abi, units, position: 0, end: 0, align: 1 }
    }

    /// Nothing when the record outgrows the address space.
    fn place_all(mut self) -> Result<Option<RecordLayout>, LayoutError> {
        let mut members = Vec::with_capacity(self.body.members.len());
        for member in &self.body.members {
            members.push(self.place(member)?);
            if self.end > 8 * LARGEST {
                return Ok(None);
            }
        }
        let aligned = self.body.aligned.as_ref().map_or(1, |aligned| aligned.on(self.abi));
        let align = self.align.max(aligned);
        let size = round_up(self.end.div_ceil(8), align);
        Ok(Some(RecordLayout { layout: Layout { size, align }, members }))
    }

    fn place(&mut self, member: &Member) -> Result<MemberLayout, LayoutError> {
        if !member.exists_on(self.abi) {
            return Ok(MemberLayout { offset: self.position.div_ceil(8), bits: None });
        }
        let (layout, flexible) = self.member_layout(&member.ty)?;
        let field = Field {
            type_bits: 8 * layout.size,
            type_align: layout.align,
            pack: self.body.pack,
            packed: self.body.packed || member.packed,
            aligned: member.aligned.as_ref().map(|aligned| aligned.on(self.abi)),
            named: member.name.is_some(),
        };
        if u64::from(member.bits.unwrap_or(0)) > field.type_bits {
            return Err(LayoutError::Unsupported(member.to_string(), self.abi));
        }
        if self.kind == RecordKind::Union {
            self.position = 0;
        }
        let Some(width) = member.bits else {
            let align = field.align();
            self.align = self.align.max(align);
            let start = round_up(self.units.close(self.position), 8 * align);
            let bits = if flexible { 0 } else { field.type_bits };
            self.advance(start + bits);
            return Ok(MemberLayout { offset: start / 8, bits: None });
        };
        let placed = if self.kind == RecordKind::Union {
            self.units.place_in_union(&field, width)
        } else {
            self.units.place(self.position, &field, width)
        };
        self.align = self.align.max(placed.record_align);
        self.advance(placed.next);
        self.end = self.end.max(placed.end);
        let first = u32::try_from(placed.start % 8).unwrap_or_default();
        Ok(MemberLayout { offset: placed.start / 8, bits: Some(BitField { first, width }) })
    }

    fn advance(&mut self, position: u64) {
        self.position = position;
        self.end = self.end.max(position);
    }

    /// The layout of a member's type, and whether it is a flexible array, whose own layout is its element's.
    fn member_layout(&self, ty: &Type) -> Result<(Layout, bool), LayoutError> {
        if let Type::Array(array) = ty.resolve()
            && matches!(array.length, Length::Incomplete | Length::Variable)
        {
            return Ok((layout(&array.element, self.abi)?, true));
        }
        Ok((layout(ty, self.abi)?, false))
    }
}
