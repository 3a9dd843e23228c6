//! Enumerations.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::{PerAbi, Type};
use crate::c::{Abi, Integer};

/// An enumeration, maybe one whose enumerators are not known yet.
pub struct Enumeration {
    /// The tag, of one that has a tag.
    pub tag: Option<String>,
    body: RwLock<Option<Arc<EnumerationBody>>>,
}

/// What stands between the braces of an enumeration.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumerationBody {
    /// The enumerators in their order.
    pub enumerators: Vec<Enumerator>,
    /// The integer type that the text names, as in `enum level : uint8_t`.
    pub underlying: Option<Type>,
    /// Whether it takes the smallest integer that holds its values, `__attribute__((packed))`.
    pub packed: bool,
}

/// One name of an enumeration.
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

    /// Its enumerators; nothing while it is only named.
    pub fn body(&self) -> Option<Arc<EnumerationBody>> {
        self.body.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Completes the enumeration, or with `None` takes that back.
    pub(crate) fn set_body(&self, body: Option<Arc<EnumerationBody>>) {
        *self.body.write().unwrap_or_else(PoisonError::into_inner) = body;
    }
}

impl EnumerationBody {
    /// The integer that holds every value: the underlying type if the text names one, else by GCC's rule 4 bytes if
    /// they fit, unsigned unless a value is negative.
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
