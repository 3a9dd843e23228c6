//! Numbers in declarations: array lengths, widths, alignments.

use std::fmt;
use std::sync::Arc;

use crate::c::Abi;

/// A number in a declaration. Some depend on the ABI, through `sizeof` and the width of `long`.
///
/// ```
/// use runtime64::c::{Abi, Declarations, Length, Type};
///
/// let ty = Declarations::new().parse_type("char [2 * sizeof(void *)]")?;
/// let Type::Array(array) = &ty else { unreachable!() };
/// let Length::Fixed(count) = &array.length else { unreachable!() };
/// assert_eq!((count.on(Abi::I386Windows), count.on(Abi::X8664Windows)), (8, 16));
/// # Ok::<(), runtime64::c::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PerAbi<T>(Inner<T>);

/// A number that counts elements, bits or bytes.
pub type Count = PerAbi<u64>;

#[derive(Clone, Debug)]
enum Inner<T> {
    Same(T),
    /// The values in the order of [`Abi::ALL`], and the expression for printing.
    Different(Arc<([T; 4], String)>),
}

impl<T: Copy + PartialEq> PerAbi<T> {
    /// A number that is the same on every ABI.
    pub fn same(value: T) -> Self {
        PerAbi(Inner::Same(value))
    }

    /// A number given by `expression`, with these values in the order of [`Abi::ALL`].
    pub(crate) fn new(values: [T; 4], expression: &str) -> Self {
        if values.iter().all(|value| *value == values[0]) {
            return Self::same(values[0]);
        }
        PerAbi(Inner::Different(Arc::new((values, expression.to_owned()))))
    }

    /// The number on an ABI.
    pub fn on(&self, abi: Abi) -> T {
        match &self.0 {
            Inner::Same(value) => *value,
            Inner::Different(values) => values.0[abi.index()],
        }
    }
}

impl<T: Copy + PartialEq> PartialEq for PerAbi<T> {
    fn eq(&self, other: &Self) -> bool {
        Abi::ALL.iter().all(|abi| self.on(*abi) == other.on(*abi))
    }
}

impl<T: fmt::Display> fmt::Display for PerAbi<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Same(value) => write!(formatter, "{value}"),
            Inner::Different(values) => formatter.write_str(&values.1),
        }
    }
}
