//! Enumerations.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::{PerAbi, Type};
use crate::c::{Abi, Integer};

/// An enumeration, possibly incomplete.
pub struct Enumeration {
    /// The tag, if it has one.
    pub tag: Option<String>,
    body: RwLock<Option<Arc<EnumerationBody>>>,
}

/// The contents of the braces of an enumeration.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumerationBody {
    /// The enumerators in order.
    pub enumerators: Vec<Enumerator>,
    /// The explicit underlying type, as in `enum level : uint8_t`.
    pub underlying: Option<Type>,
    /// Whether it uses the smallest integer type that can represent its values, `__attribute__((packed))`.
    pub packed: bool,
}

/// An enumerator: a name with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumerator {
    /// The name.
    pub name: String,
    /// The value.
    pub value: PerAbi<i128>,
}

impl Enumeration {
    pub(crate) fn new(tag: Option<String>) -> Self {
        Enumeration { tag, body: RwLock::new(None) }
    }

    /// The enumerators; `None` while the enumeration is incomplete.
    pub fn body(&self) -> Option<Arc<EnumerationBody>> {
        self.body.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Completes the enumeration, or reverts that with `None`.
    pub(crate) fn set_body(&self, body: Option<Arc<EnumerationBody>>) {
        *self.body.write().unwrap_or_else(PoisonError::into_inner) = body;
    }
}

impl EnumerationBody {
    /// The integer type that represents every value: the explicit underlying type, or else, by GCC's rule, 4 bytes if
    /// the values fit, unsigned unless a value is negative.
    pub fn integer(&self, abi: Abi) -> Integer {
        if let Some(Type::Basic(basic)) = self.underlying.as_ref().map(Type::resolve)
            && let Some(integer) = abi.integer(*basic)
        {
            return integer;
        }
        let values = || self.enumerators.iter().map(|enumerator| enumerator.value.on(abi));
        let lowest = values().min().unwrap_or(0);
        let highest = values().max().unwrap_or(0);
        let signed = lowest < 0;
        let fits = |bytes: &u32| {
            let bits = 8 * bytes - u32::from(signed);
            highest < 1 << bits && lowest >= -(1 << bits)
        };
        let sizes: &[u32] = if self.packed { &[1, 2, 4] } else { &[4] };
        Integer { bytes: sizes.iter().copied().find(fits).unwrap_or(8), signed }
    }
}

impl fmt::Debug for Enumeration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`enum {}`", self.tag.as_deref().unwrap_or("{…}"))
    }
}
