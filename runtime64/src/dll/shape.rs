//! What an object consists of, laid out for a worker's ABI.

use std::sync::Arc;

use super::element::Element;
use crate::c::{self, Abi, Length};
use crate::error::{Error, ErrorKind};

/// The type of an object with all that reading and writing it needs.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) ty: c::Type,
    pub(super) bytes: u64,
    pub(super) align: u64,
    pub(super) parts: Parts,
}

/// What an object consists of.
#[derive(Debug)]
pub(super) enum Parts {
    /// One value.
    Scalar(Element),
    /// Equal parts in a row.
    Array {
        /// What each of them is.
        element: Arc<Shape>,
        /// How many there are.
        count: u64,
        /// Whether the type leaves the number open.
        is_variable: bool,
    },
}

impl Shape {
    /// Lays a type out. `count` is the number of elements of a type that leaves it open.
    ///
    /// # Errors
    /// Of kind `declaration` for a type that no object can have.
    pub(super) fn new(ty: &c::Type, abi: Abi, count: Option<u64>) -> Result<Arc<Self>, Error> {
        let refused = |reason: String| Error::new(ErrorKind::Declaration, format!("{ty}: {reason}"));
        let layout = |ty| c::layout(ty, abi).map_err(|error| refused(error.to_string()));
        if let c::Type::Array(array) = ty.resolve() {
            let element = Self::new(&array.element, abi, None)?;
            let is_variable = array.length == Length::Variable;
            let count = match (&array.length, count) {
                (Length::Fixed(fixed), _) => fixed.on(abi),
                (Length::Variable, Some(count)) => count,
                (Length::Variable, None) => return Err(refused("the number of elements is missing".to_owned())),
                (Length::Incomplete, _) => {
                    return Err(refused("its length is not known; [?] takes it from the next argument".to_owned()));
                }
            };
            let bytes = element.bytes.checked_mul(count).filter(|bytes| *bytes <= i64::MAX as u64);
            let bytes = bytes.ok_or_else(|| refused(format!("{count} elements are more than any memory")))?;
            let (ty, align) = (ty.clone(), element.align);
            return Ok(Arc::new(Self { ty, bytes, align, parts: Parts::Array { element, count, is_variable } }));
        }
        let layout = layout(ty)?;
        // Structs and unions get their parts here.
        let element = Element::of(ty, abi).ok_or_else(|| {
            refused("objects of this type are not supported; scalars and arrays of them are".to_owned())
        })?;
        Ok(Arc::new(Self { ty: ty.clone(), bytes: layout.size, align: layout.align, parts: Parts::Scalar(element) }))
    }

    /// Whether a number of elements must be told to make an object of this type.
    pub(super) fn takes_count(ty: &c::Type) -> bool {
        matches!(ty.resolve(), c::Type::Array(array) if array.length == Length::Variable)
    }

    /// What a pointer to the object points to: an array's element, C's decay, or the object.
    pub(super) fn pointee(&self) -> &c::Type {
        match &self.parts {
            Parts::Scalar(_) => &self.ty,
            Parts::Array { element, .. } => &element.ty,
        }
    }
}
