//! The named parts of structs, unions and complex numbers, by name.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::Types;
use super::ctype::{Ctype, Form};
use super::metatype::Metatype;
use super::number::Number;
use crate::c::{self, Abi, Basic, BitField, ConstantValue};

/// The fields of a record on one ABI.
#[derive(Clone, Debug)]
pub(in crate::dll) struct Fields {
    /// The fields in order, including those of anonymous records.
    pub(in crate::dll) list: Vec<Field>,
    pub(super) is_union: bool,
    pub(in crate::dll) is_complex: bool,
    constants: Vec<(String, ConstantValue)>,
    by_name: FxHashMap<Box<[u8]>, usize>,
    /// The metatype set by a script, the same for every ABI.
    pub(in crate::dll) metatype: Arc<OnceLock<Metatype>>,
}

/// One field.
#[derive(Clone, Debug)]
pub(in crate::dll) struct Field {
    pub(in crate::dll) name: String,
    pub(in crate::dll) ctype: Arc<Ctype>,
    /// The offset from the start of the record in bytes; of a bit-field, of the byte that contains its first bit.
    pub(in crate::dll) offset: u64,
    /// The bits of a bit-field.
    pub(in crate::dll) bits: Option<BitField>,
    /// Whether positional initialisers skip it: all members of a union but the first.
    pub(in crate::dll) is_alternative: bool,
    /// The unions it is in, outermost first, each with the member that it is or is in.
    pub(in crate::dll) branches: Vec<(usize, usize)>,
}

impl Fields {
    /// The fields of a complete struct or union with a layout.
    pub(super) fn of(
        types: &Arc<Types>,
        record: &Arc<c::Record>,
        abi: Abi,
        metatype: &Arc<OnceLock<Metatype>>,
    ) -> Option<Self> {
        c::record_layout(record, abi).ok()?;
        let mut list = Vec::new();
        collect(types, record, abi, &Enclosing::default(), &mut list);
        let is_union = record.kind == c::RecordKind::Union;
        if let Some(last) = list.last_mut().filter(|_| !is_union) {
            last.ctype = last.ctype.at_end();
        }
        let body = record.body();
        let constants = body.iter().flat_map(|body| &body.constants);
        let constants = constants.filter_map(|known| Some((known.constant.name.clone(), known.constant.value(abi)?)));
        Some(Self { constants: constants.collect(), ..Self::new(list, is_union, metatype.clone()) })
    }

    /// The parts of a complex number, named as in LuaJIT.
    pub(super) fn of_complex(types: &Arc<Types>, basic: Basic, abi: Abi) -> Option<Self> {
        let part = match basic {
            Basic::FloatComplex => Basic::Float,
            Basic::DoubleComplex => Basic::Double,
            Basic::LongDoubleComplex => Basic::LongDouble,
            _ => return None,
        };
        let ctype = Ctype::new(types, &c::Type::Basic(part), abi);
        let bytes = ctype.bytes().ok()?;
        let field = |name: &str, offset| Field {
            name: name.to_owned(),
            ctype: Arc::clone(&ctype),
            offset,
            bits: None,
            is_alternative: false,
            branches: Vec::new(),
        };
        let parts = Self::new(vec![field("re", 0), field("im", bytes)], false, Arc::default());
        Some(Self { is_complex: true, ..parts })
    }

    fn new(list: Vec<Field>, is_union: bool, metatype: Arc<OnceLock<Metatype>>) -> Self {
        let names = list.iter().enumerate().map(|(index, field)| (field.name.as_bytes().into(), index));
        Self { by_name: names.collect(), list, is_union, is_complex: false, constants: Vec::new(), metatype }
    }

    /// The field with a name.
    #[inline]
    pub(in crate::dll) fn find(&self, name: &[u8]) -> Option<&Field> {
        self.position(name).map(|index| &self.list[index])
    }

    /// The index of the field with a name.
    pub(in crate::dll) fn position(&self, name: &[u8]) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The real (0) or imaginary (1) part of a complex number.
    pub(in crate::dll) fn complex_part(&self, index: Option<i64>) -> Option<&Field> {
        let index = usize::try_from(index?).ok().filter(|_| self.is_complex)?;
        self.list.get(index)
    }

    /// A constant of the record: `static const`, or an enumerator of a member's type.
    pub(in crate::dll) fn constant(&self, name: &str) -> Option<ConstantValue> {
        if let Some((_, value)) = self.constants.iter().find(|(known, _)| known == name) {
            return Some(value.clone());
        }
        self.list.iter().find_map(|field| match &field.ctype.form {
            Form::Number(Number::Enumeration(enumeration)) => {
                enumeration.value(name).map(|value| ConstantValue::Integer(value.into()))
            }
            _ => None,
        })
    }

    /// The most similar field name, as a question to append to a message.
    pub(in crate::dll) fn suggestion(&self, name: &str) -> String {
        c::suggestion(name, self.list.iter().map(|field| field.name.as_str())).unwrap_or_default()
    }

    /// Whether a field is const, so that the record cannot be assigned as a whole.
    pub(in crate::dll) fn holds_const(&self) -> bool {
        self.list.iter().any(|field| field.ctype.is_const || field.ctype.holds_const())
    }

    /// The flexible array member at the end of the record.
    pub(in crate::dll) fn flexible(&self) -> Option<&Field> {
        let last = self.list.last().filter(|_| !self.is_union)?;
        matches!(&last.ctype.form, Form::Array(array) if array.count.is_none()).then_some(last)
    }

    /// A copy with another type for the last field.
    pub(super) fn with_last(&self, ctype: Arc<Ctype>) -> Self {
        let mut fields = self.clone();
        if let Some(last) = fields.list.last_mut() {
            last.ctype = ctype;
        }
        fields
    }
}

/// The position of an anonymous record in the record that contains it.
#[derive(Clone, Default)]
struct Enclosing {
    start: u64,
    is_alternative: bool,
    is_const: bool,
    branches: Vec<(usize, usize)>,
}

/// Adds the members of a record, including those of anonymous records in it.
fn collect(types: &Arc<Types>, record: &Arc<c::Record>, abi: Abi, within: &Enclosing, list: &mut Vec<Field>) {
    let (Some(body), Ok(layout)) = (record.body(), c::record_layout(record, abi)) else { return };
    // No two unions with members of their own start at the same index of the list.
    let union = (record.kind == c::RecordKind::Union).then_some(list.len());
    let mut is_first = true;
    for (index, (member, place)) in body.members.iter().zip(&layout.members).enumerate() {
        if !member.exists_on(abi) {
            continue;
        }
        let mut inner = Enclosing {
            start: within.start + place.offset,
            is_alternative: within.is_alternative || (union.is_some() && !is_first),
            is_const: within.is_const || member.ty.is_const(),
            branches: within.branches.clone(),
        };
        // The depth distinguishes unions that start together.
        inner.branches.extend(union.map(|union| (union * 256 + within.branches.len(), index)));
        match (&member.name, member.ty.resolve()) {
            (Some(name), _) => list.push(field(types, abi, name, member, &inner, place.bits)),
            (None, c::Type::Record(record)) => collect(types, record, abi, &inner, list),
            // Unnamed bit-fields are only padding.
            (None, _) => continue,
        }
        is_first = false;
    }
}

fn field(
    types: &Arc<Types>,
    abi: Abi,
    name: &str,
    member: &c::Member,
    within: &Enclosing,
    bits: Option<BitField>,
) -> Field {
    let qualifiers = if within.is_const { c::Qualifiers::CONST } else { c::Qualifiers::default() };
    Field {
        name: name.to_owned(),
        ctype: Ctype::new(types, &member.ty.clone().qualified(qualifiers), abi),
        offset: within.start,
        bits,
        is_alternative: within.is_alternative,
        branches: within.branches.clone(),
    }
}
