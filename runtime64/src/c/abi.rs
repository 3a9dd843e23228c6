//! The four application binary interfaces of the workers, and their basic C types.

use super::types::Basic;

/// An application binary interface: sizes, alignments and bit-field rules.
///
/// The Windows ABIs follow Microsoft's compiler, as libraries for Windows do: `long double` is `double`, and
/// bit-fields of different sizes never share a unit.
///
/// ```
/// use runtime64::c::{Abi, Declarations, layout};
///
/// let long = Declarations::new().parse_type("unsigned long")?;
/// assert_eq!(layout(&long, Abi::X8664SystemV)?.size, 8);
/// assert_eq!(layout(&long, Abi::X8664Windows)?.size, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    /// System V ABI, Intel386 Architecture Processor Supplement, as on 32-bit Linux.
    I386SystemV,
    /// 32-bit Windows.
    I386Windows,
    /// System V ABI, AMD64 Architecture Processor Supplement, as on 64-bit Linux.
    X8664SystemV,
    /// 64-bit Windows.
    X8664Windows,
}

/// The representation of an integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Integer {
    /// Size in bytes: 1, 2, 4, 8 or 16.
    pub bytes: u32,
    /// Whether the type is signed (two's complement).
    pub signed: bool,
}

impl Abi {
    /// Every ABI, in the order of [`Abi::index`].
    pub const ALL: [Abi; 4] = [Abi::I386SystemV, Abi::I386Windows, Abi::X8664SystemV, Abi::X8664Windows];

    /// The ABI of a worker whose pointers have this size in bytes (4 or 8); `None` for any other size.
    ///
    /// ```
    /// use runtime64::c::Abi;
    /// assert_eq!(Abi::of(4, true), Some(Abi::I386Windows));
    /// ```
    pub fn of(pointer_bytes: u32, windows: bool) -> Option<Self> {
        match (pointer_bytes, windows) {
            (4, false) => Some(Abi::I386SystemV),
            (4, true) => Some(Abi::I386Windows),
            (8, false) => Some(Abi::X8664SystemV),
            (8, true) => Some(Abi::X8664Windows),
            _ => None,
        }
    }

    /// The size of a pointer in bytes.
    pub fn pointer_bytes(self) -> u32 {
        match self {
            Abi::I386SystemV | Abi::I386Windows => 4,
            Abi::X8664SystemV | Abi::X8664Windows => 8,
        }
    }

    /// Whether this is one of the Windows ABIs.
    pub fn is_windows(self) -> bool {
        matches!(self, Abi::I386Windows | Abi::X8664Windows)
    }

    /// The index of this ABI in [`Abi::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The representation of an integer type; `None` for other types and for types that this ABI lacks.
    pub fn integer(self, basic: Basic) -> Option<Integer> {
        let integer = |bytes, signed| Some(Integer { bytes, signed });
        match basic {
            Basic::Bool | Basic::UnsignedChar => integer(1, false),
            Basic::Char | Basic::SignedChar => integer(1, true),
            Basic::Short => integer(2, true),
            Basic::UnsignedShort => integer(2, false),
            Basic::Int => integer(4, true),
            Basic::UnsignedInt => integer(4, false),
            Basic::Long => integer(self.long_bytes(), true),
            Basic::UnsignedLong => integer(self.long_bytes(), false),
            Basic::LongLong => integer(8, true),
            Basic::UnsignedLongLong => integer(8, false),
            Basic::Int128 if self.pointer_bytes() == 8 => integer(16, true),
            Basic::UnsignedInt128 if self.pointer_bytes() == 8 => integer(16, false),
            Basic::WideChar if self.is_windows() => integer(2, false),
            Basic::WideChar => integer(4, true),
            Basic::Size | Basic::UintPtr => integer(self.pointer_bytes(), false),
            Basic::SignedSize | Basic::PtrDiff | Basic::IntPtr => integer(self.pointer_bytes(), true),
            _ => None,
        }
    }

    /// Size and alignment in bytes; `None` for `void` and for types that this ABI lacks.
    ///
    /// The alignment is that of a struct member, C11's `_Alignof`: 4 for `double` on i386 System V.
    pub(super) fn size_and_align(self, basic: Basic) -> Option<(u64, u64)> {
        let eight_aligned = if self == Abi::I386SystemV { 4 } else { 8 };
        let long_double = match self {
            Abi::I386SystemV => (12, 4),
            Abi::X8664SystemV => (16, 16),
            Abi::I386Windows | Abi::X8664Windows => (8, 8),
        };
        Some(match basic {
            Basic::Float => (4, 4),
            Basic::Double => (8, eight_aligned),
            Basic::LongDouble => long_double,
            Basic::Float128 => (16, 16),
            Basic::FloatComplex => (8, 4),
            Basic::DoubleComplex => (16, eight_aligned),
            Basic::LongDoubleComplex => (2 * long_double.0, long_double.1),
            // AMD64 System V, figure 3.34: an array of one struct of two ints and two pointers.
            Basic::VaList if self == Abi::X8664SystemV => (24, 8),
            Basic::VaList => (self.pointer_bytes().into(), self.pointer_bytes().into()),
            _ => match self.integer(basic)?.bytes {
                8 => (8, eight_aligned),
                bytes => (bytes.into(), bytes.into()),
            },
        })
    }

    fn long_bytes(self) -> u32 {
        if self == Abi::X8664SystemV { 8 } else { 4 }
    }
}
