//! Structs and unions.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::{Constant, Count, Type};
use crate::c::Abi;
use crate::c::layout::{LayoutError, RecordLayout};

/// Struct or union.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Members one after another.
    Struct,
    /// All members at the same address.
    Union,
}

/// The rule by which bit-fields share memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BitFieldRule {
    /// GCC's, that of System V: `__attribute__((gcc_struct))`.
    Gcc,
    /// Microsoft's, that of Windows: `__attribute__((ms_struct))`.
    Microsoft,
}

/// A struct or union, possibly incomplete.
pub struct Record {
    /// Struct or union.
    pub kind: RecordKind,
    /// The tag, if it has one.
    pub tag: Option<String>,
    body: RwLock<Option<Arc<RecordBody>>>,
}

/// The contents of the braces of a struct or union, and its layout attributes.
pub struct RecordBody {
    /// The members in order.
    pub members: Vec<Member>,
    /// The maximum alignment of a member, from `#pragma pack`, in bytes.
    pub pack: Option<u64>,
    /// `__attribute__((packed))`
    pub packed: bool,
    /// `__attribute__((aligned))`, `__declspec(align)`
    pub aligned: Option<Count>,
    /// The part of it set by `__declspec(align)`, which on Windows no `#pragma pack` reduces.
    pub declspec_aligned: Option<Count>,
    /// The rule for its bit-fields, if not the ABI's own.
    pub bit_fields: Option<BitFieldRule>,
    /// The `static const` members.
    pub constants: Vec<RecordConstant>,
    /// The nesting depth of records contained by value.
    pub(in crate::c) nesting: u32,
    pub(in crate::c) layouts: [OnceLock<Result<Arc<RecordLayout>, LayoutError>>; 4],
}

/// One member of a struct or union.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The name; `None` for padding bit-fields and anonymous structs and unions.
    pub name: Option<String>,
    /// The type.
    pub ty: Type,
    /// The width, for a bit-field.
    pub bits: Option<u32>,
    /// `__attribute__((packed))` on the member itself.
    pub packed: bool,
    /// The alignment set by an attribute.
    pub aligned: Option<Count>,
    /// The part of it set by `__declspec(align)`, which on Windows no `#pragma pack` reduces.
    pub declspec_aligned: Option<Count>,
    /// Whether it is a member on Windows only: a struct with a tag and no name, a Microsoft extension of C.
    pub on_windows_only: bool,
}

/// A constant of a struct or union, `static const int LIMIT = 5;` among its members. It occupies no space.
#[derive(Clone, Debug)]
pub struct RecordConstant {
    /// Its type.
    pub ty: Type,
    /// Its name and values.
    pub constant: Arc<Constant>,
    /// The text of its value.
    pub(in crate::c) expression: String,
}

impl Member {
    /// Whether it is a member on this ABI.
    pub fn exists_on(&self, abi: Abi) -> bool {
        !self.on_windows_only || abi.is_windows()
    }
}

impl Record {
    pub(crate) fn new(kind: RecordKind, tag: Option<String>) -> Self {
        Record { kind, tag, body: RwLock::new(None) }
    }

    /// The members; `None` while the record is incomplete.
    pub fn body(&self) -> Option<Arc<RecordBody>> {
        self.body.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Completes the record, or reverts that with `None`.
    pub(crate) fn set_body(&self, body: Option<Arc<RecordBody>>) {
        *self.body.write().unwrap_or_else(PoisonError::into_inner) = body;
    }
}

impl BitFieldRule {
    /// The attribute that selects it.
    pub fn attribute(self) -> &'static str {
        match self {
            BitFieldRule::Gcc => "gcc_struct",
            BitFieldRule::Microsoft => "ms_struct",
        }
    }
}

impl RecordKind {
    /// `struct` or `union`.
    pub fn keyword(self) -> &'static str {
        match self {
            RecordKind::Struct => "struct",
            RecordKind::Union => "union",
        }
    }
}

thread_local! {
    /// The contents of dropped records, while the outermost of these drops runs.
    static DROPPED: RefCell<Option<Vec<Contents>>> = const { RefCell::new(None) };
}

/// The contents of a record.
type Contents = (Vec<Member>, Vec<RecordConstant>);

/// Records can point to each other in chains as long as a header, so their members are dropped iteratively instead of
/// recursively.
impl Drop for RecordBody {
    fn drop(&mut self) {
        let contents = (std::mem::take(&mut self.members), std::mem::take(&mut self.constants));
        let outermost = DROPPED.try_with(|dropped| {
            let mut dropped = dropped.borrow_mut();
            let outermost = dropped.is_none();
            dropped.get_or_insert_default().push(contents);
            outermost
        });
        if outermost != Ok(true) {
            return;
        }
        while let Some(contents) = DROPPED.with_borrow_mut(|dropped| dropped.as_mut().and_then(Vec::pop)) {
            drop(contents);
        }
        DROPPED.set(None);
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{} {}`", self.kind.keyword(), self.tag.as_deref().unwrap_or("{…}"))
    }
}
