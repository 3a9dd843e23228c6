//! Layouts of structs and unions.

use std::sync::Arc;

use super::bit_field::{Gcc, Microsoft, Rule};
use super::field::Field;
use super::{LARGEST, Layout, LayoutError, element, layout, required_align, round_up, variable_align};
use crate::c::abi::Abi;
use crate::c::types::{BitFieldRule, Length, Member, Record, RecordBody, RecordKind, Type};

/// The layout of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordLayout {
    /// Size and alignment of the whole. A flexible array at the end does not count towards the size.
    pub layout: Layout,
    /// The place of each member, in the order of [`RecordBody::members`], including those that do not
    /// [exist](Member::exists_on) on the ABI.
    pub members: Vec<MemberLayout>,
    /// The alignment in bytes that no `#pragma pack` around another record reduces.
    pub(super) required_align: u64,
}

/// The place of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberLayout {
    /// Offset in bytes from the start of the record; for a bit-field, of the byte that contains its first bit.
    pub offset: u64,
    /// The bits, for a bit-field.
    pub bits: Option<BitField>,
}

/// The bits of a bit-field. All ABIs here are little-endian: bit 0 is the lowest bit of the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitField {
    /// The first bit, 0 to 7, within the byte at the member's offset.
    pub first: u32,
    /// The number of bits; they may reach into the ninth byte in a packed record.
    pub width: u32,
}

impl BitField {
    /// The number of bytes that contain the bits, one to nine; zero for a bit-field of width 0.
    pub fn bytes(self) -> usize {
        (self.first + self.width).div_ceil(8) as usize
    }

    /// Extracts the bits from the bytes that contain them.
    pub fn get(self, window: u128) -> u64 {
        ((window & self.mask()) >> self.first) as u64
    }

    /// Replaces the bits within the bytes that contain them. Ignores bits beyond the width.
    pub fn set(self, window: u128, bits: u64) -> u128 {
        window & !self.mask() | u128::from(bits) << self.first & self.mask()
    }

    fn mask(self) -> u128 {
        ((1 << self.width) - 1) << self.first
    }
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
            let own = if abi.is_windows() { BitFieldRule::Microsoft } else { BitFieldRule::Gcc };
            let placed = if body.bit_fields.unwrap_or(own) == BitFieldRule::Microsoft {
                Placement::new(record.kind, &body, abi, Microsoft::new(!abi.is_windows())).place_all()
            } else {
                Placement::new(record.kind, &body, abi, Gcc).place_all()
            };
            placed?.map(Arc::new).ok_or_else(|| LayoutError::TooLarge(name()))
        })
        .clone()
}

/// The offset of a member in bytes, including those of anonymous members; `None` for bit-fields and unknown
/// names.
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

/// A record whose members are being placed. Positions and alignments are in bits.
struct Placement<'a, R> {
    kind: RecordKind,
    body: &'a RecordBody,
    abi: Abi,
    rule: R,
    position: u64,
    end: u64,
    align: u64,
    required_align: u64,
}

impl<'a, R: Rule> Placement<'a, R> {
    fn new(kind: RecordKind, body: &'a RecordBody, abi: Abi, rule: R) -> Self {
        Placement { kind, body, abi, rule, position: 0, end: 0, align: 8, required_align: 8 }
    }

    /// Places all members; returns `None` when the record outgrows the address space.
    fn place_all(mut self) -> Result<Option<RecordLayout>, LayoutError> {
        let mut members = Vec::with_capacity(self.body.members.len());
        for member in &self.body.members {
            members.push(self.place(member)?);
            if self.end > 8 * LARGEST {
                return Ok(None);
            }
        }
        let aligned = self.body.aligned.as_ref().map_or(1, |aligned| aligned.on(self.abi));
        let align = (self.align / 8).max(aligned);
        let size = round_up(self.end.div_ceil(8), align);
        let own = required_align(None, self.body.declspec_aligned.as_ref(), self.abi);
        let required_align = own.max(self.required_align / 8);
        Ok(Some(RecordLayout { layout: Layout { size, align }, members, required_align }))
    }

    fn place(&mut self, member: &Member) -> Result<MemberLayout, LayoutError> {
        if !member.exists_on(self.abi) {
            return Ok(MemberLayout { offset: self.position.div_ceil(8), bits: None });
        }
        let field = self.field(member)?;
        if field.width.is_some_and(|width| width > field.type_bits) {
            return Err(LayoutError::Unsupported(member.to_string(), self.abi));
        }
        let placed = match self.kind {
            RecordKind::Struct => self.rule.place(self.position, &field),
            RecordKind::Union => self.rule.place_in_union(&field),
        };
        self.align = self.align.max(placed.record_align);
        if field.width.is_none() {
            self.required_align = self.required_align.max(field.required_align);
        }
        self.position = placed.next;
        self.end = self.end.max(placed.end);
        let first = u32::try_from(placed.start % 8).unwrap_or_default();
        let bits = member.bits.map(|width| BitField { first, width });
        Ok(MemberLayout { offset: placed.start / 8, bits })
    }

    fn field(&self, member: &Member) -> Result<Field, LayoutError> {
        let flexible = match member.ty.resolve() {
            Type::Array(array) if matches!(array.length, Length::Incomplete | Length::Variable) => Some(element(array)),
            _ => None,
        };
        let sized = flexible.unwrap_or(&member.ty);
        let layout = layout(sized, self.abi)?;
        let packed = self.body.packed || member.packed;
        let required = required_align(Some(sized), member.declspec_aligned.as_ref(), self.abi);
        Ok(Field {
            width: member.bits.map(u64::from),
            type_bits: if flexible.is_some() { 0 } else { 8 * layout.size },
            type_align: 8 * layout.align,
            variable_align: 8 * variable_align(sized, layout.align, self.abi),
            integer_limit: (self.abi == Abi::I386SystemV).then_some(32),
            pack: self.body.pack.map(|bytes| 8 * bytes),
            packed,
            required_align: if packed { 1 } else { 8 * required },
            aligned: member.aligned.as_ref().map(|aligned| 8 * aligned.on(self.abi)),
            named: member.name.is_some(),
        })
    }
}
