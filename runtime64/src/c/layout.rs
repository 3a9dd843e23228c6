//! Sizes, alignments and offsets of types on an ABI.

mod bit_field;
mod field;
mod record;

use super::abi::Abi;
use super::types::{ArrayType, Basic, Count, Length, Type};

pub(super) use record::member_offset;
pub use record::{BitField, MemberLayout, RecordLayout, record_layout};

/// The size limit of an object in bytes, on any ABI here: the end of the address space.
const LARGEST: u64 = 1 << 47;

/// Size and alignment in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The size: a multiple of the alignment, unless attributes override that.
    pub size: u64,
    /// The alignment as a member of a struct, a power of two.
    pub align: u64,
}

/// Reasons a type has no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// `void` or a function.
    #[error("'{0}' has no size")]
    NoSize(String),
    /// A struct, union or enumeration whose members are unknown, or `[]`.
    #[error("'{0}' is incomplete: its size is not known")]
    Incomplete(String),
    /// `[?]`, whose length is set when an object is created.
    #[error("'{0}' has no fixed size: its length is set for each object")]
    Variable(String),
    /// A type that the ABI lacks, such as `__int128` on i386.
    #[error("'{0}' does not exist on {1:?}")]
    Unsupported(String, Abi),
    /// A type larger than the address space.
    #[error("'{0}' is too large")]
    TooLarge(String),
}

/// Size and alignment of a type.
///
/// ```
/// use runtime64::c::{Abi, Declarations, Layout, layout};
///
/// let mut declarations = Declarations::new();
/// declarations.declare("struct sample { char tag; double value; };")?;
/// let sample = declarations.parse_type("struct sample")?;
/// assert_eq!(layout(&sample, Abi::I386SystemV)?, Layout { size: 12, align: 4 });
/// assert_eq!(layout(&sample, Abi::I386Windows)?, Layout { size: 16, align: 8 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Reports why a type has no size on this ABI.
pub fn layout(ty: &Type, abi: Abi) -> Result<Layout, LayoutError> {
    match ty {
        Type::Basic(basic) => match abi.size_and_align(*basic) {
            Some((size, align)) => Ok(Layout { size, align }),
            None if ty.is_void() => Err(LayoutError::NoSize(ty.to_string())),
            None => Err(LayoutError::Unsupported(ty.to_string(), abi)),
        },
        Type::Pointer(_) => {
            let bytes = abi.pointer_bytes().into();
            Ok(Layout { size: bytes, align: bytes })
        }
        Type::Array(array) => {
            let element = layout(element(array), abi)?;
            match &array.length {
                Length::Incomplete => Err(LayoutError::Incomplete(ty.to_string())),
                Length::Variable => Err(LayoutError::Variable(ty.to_string())),
                Length::Fixed(count) => match element.size.checked_mul(count.on(abi)) {
                    Some(size) if size <= LARGEST => Ok(Layout { size, align: element.align }),
                    _ => Err(LayoutError::TooLarge(ty.to_string())),
                },
            }
        }
        Type::Function(_) => Err(LayoutError::NoSize(ty.to_string())),
        Type::Record(record) => record_layout(record, abi).map(|record| record.layout),
        Type::Enumeration(enumeration) => {
            let body = enumeration.body().ok_or_else(|| LayoutError::Incomplete(ty.to_string()))?;
            let bytes = body.integer(abi).bytes.into();
            Ok(Layout { size: bytes, align: if bytes == 8 && abi == Abi::I386SystemV { 4 } else { bytes } })
        }
        Type::Named(typedef) => {
            let mut named = layout(&typedef.ty, abi)?;
            if let Some(aligned) = &typedef.aligned {
                named.align = aligned.on(abi);
            }
            Ok(named)
        }
        Type::Qualified(_, inner) => layout(inner, abi),
    }
}

/// The alignment of a variable, as returned by GCC's `__alignof__`: on i386 System V, integers and floating
/// types of 8 bytes have a smaller one as members. `align` is the alignment as a member.
pub(super) fn variable_align(ty: &Type, align: u64, abi: Abi) -> u64 {
    match ty {
        Type::Basic(Basic::Double | Basic::DoubleComplex | Basic::LongLong | Basic::UnsignedLongLong) => 8.max(align),
        Type::Enumeration(enumeration) if enumeration.body().is_some_and(|body| body.integer(abi).bytes == 8) => 8,
        Type::Array(array) => variable_align(element(array), align, abi),
        Type::Named(typedef) if typedef.aligned.is_none() => variable_align(&typedef.ty, align, abi),
        Type::Qualified(_, inner) => variable_align(inner, align, abi),
        _ => align,
    }
}

/// The alignment that `#pragma pack` does not reduce: the one that `__declspec(align)` requires for a member or
/// its type.
///
/// This follows the documentation of Microsoft's compiler; MinGW's GCC does not support `align`. Other ABIs
/// have no such alignment.
fn required_align(ty: Option<&Type>, declspec_aligned: Option<&Count>, abi: Abi) -> u64 {
    if !abi.is_windows() {
        return 1;
    }
    let own = declspec_aligned.map_or(1, |aligned| aligned.on(abi));
    own.max(match ty {
        Some(Type::Named(typedef)) => required_align(Some(&typedef.ty), typedef.declspec_aligned.as_ref(), abi),
        Some(Type::Qualified(_, inner)) => required_align(Some(inner), None, abi),
        Some(Type::Array(array)) => required_align(Some(&array.element), None, abi),
        Some(Type::Record(record)) => record_layout(record, abi).map_or(1, |record| record.required_align),
        _ => 1,
    })
}

/// The element type, as far as alignment is concerned: in GCC, an array declared with a typedef name of a
/// qualified type does not have the alignment that the typedef name requires.
fn element(array: &ArrayType) -> &Type {
    let mut element = &array.element;
    while let Type::Qualified(_, inner) = element {
        element = inner;
    }
    match element {
        Type::Named(_) if !element.qualifiers().is_empty() => element.resolve(),
        _ => element,
    }
}

/// Rounds the offset up to the alignment, a power of two or 1.
fn round_up(offset: u64, align: u64) -> u64 {
    offset.next_multiple_of(align.max(1))
}
