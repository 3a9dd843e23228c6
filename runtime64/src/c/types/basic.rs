//! The types with a name in C itself, and qualifiers.

use std::fmt;

/// A type with a name in C itself. Its size depends on the [`Abi`](super::super::Abi).
///
/// The pointer-sized integers are separate types here, since the C integer type they correspond to depends on the
/// ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basic {
    /// `void`
    Void,
    /// `_Bool`
    Bool,
    /// `char`: signed on every supported ABI, yet distinct from `signed char`
    Char,
    /// `signed char`
    SignedChar,
    /// `unsigned char`
    UnsignedChar,
    /// `short`
    Short,
    /// `unsigned short`
    UnsignedShort,
    /// `int`
    Int,
    /// `unsigned int`
    UnsignedInt,
    /// `long`
    Long,
    /// `unsigned long`
    UnsignedLong,
    /// `long long`
    LongLong,
    /// `unsigned long long`
    UnsignedLongLong,
    /// `__int128`, on 64-bit ABIs only
    Int128,
    /// `unsigned __int128`, on 64-bit ABIs only
    UnsignedInt128,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `long double`
    LongDouble,
    /// `_Float128`, IEEE 754 binary128
    Float128,
    /// `float _Complex`
    FloatComplex,
    /// `double _Complex`
    DoubleComplex,
    /// `long double _Complex`
    LongDoubleComplex,
    /// `wchar_t`
    WideChar,
    /// `size_t`
    Size,
    /// `ssize_t`
    SignedSize,
    /// `ptrdiff_t`
    PtrDiff,
    /// `intptr_t`
    IntPtr,
    /// `uintptr_t`
    UintPtr,
    /// `va_list`
    VaList,
}

impl Basic {
    /// The name in C.
    ///
    /// ```
    /// assert_eq!(runtime64::c::Basic::UnsignedLong.name(), "unsigned long");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Basic::Void => "void",
            Basic::Bool => "bool",
            Basic::Char => "char",
            Basic::SignedChar => "signed char",
            Basic::UnsignedChar => "unsigned char",
            Basic::Short => "short",
            Basic::UnsignedShort => "unsigned short",
            Basic::Int => "int",
            Basic::UnsignedInt => "unsigned int",
            Basic::Long => "long",
            Basic::UnsignedLong => "unsigned long",
            Basic::LongLong => "long long",
            Basic::UnsignedLongLong => "unsigned long long",
            Basic::Int128 => "__int128",
            Basic::UnsignedInt128 => "unsigned __int128",
            Basic::Float => "float",
            Basic::Double => "double",
            Basic::LongDouble => "long double",
            Basic::Float128 => "_Float128",
            Basic::FloatComplex => "float _Complex",
            Basic::DoubleComplex => "double _Complex",
            Basic::LongDoubleComplex => "long double _Complex",
            Basic::WideChar => "wchar_t",
            Basic::Size => "size_t",
            Basic::SignedSize => "ssize_t",
            Basic::PtrDiff => "ptrdiff_t",
            Basic::IntPtr => "intptr_t",
            Basic::UintPtr => "uintptr_t",
            Basic::VaList => "va_list",
        }
    }

    /// Whether this is a real floating type.
    pub fn is_floating(self) -> bool {
        matches!(self, Basic::Float | Basic::Double | Basic::LongDouble | Basic::Float128)
    }

    /// Whether this is a complex type.
    pub fn is_complex(self) -> bool {
        matches!(self, Basic::FloatComplex | Basic::DoubleComplex | Basic::LongDoubleComplex)
    }
}

impl fmt::Display for Basic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Type qualifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Qualifiers {
    /// `const`
    pub is_const: bool,
    /// `volatile`
    pub is_volatile: bool,
    /// `restrict`
    pub is_restrict: bool,
}

impl Qualifiers {
    /// `const` alone.
    pub const CONST: Qualifiers = Qualifiers { is_const: true, is_volatile: false, is_restrict: false };

    /// Whether no qualifier is set.
    pub fn is_empty(self) -> bool {
        self == Qualifiers::default()
    }

    /// The qualifiers of both.
    #[must_use]
    pub fn union(self, other: Qualifiers) -> Qualifiers {
        Qualifiers {
            is_const: self.is_const || other.is_const,
            is_volatile: self.is_volatile || other.is_volatile,
            is_restrict: self.is_restrict || other.is_restrict,
        }
    }
}

impl fmt::Display for Qualifiers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.is_const, "const"), (self.is_volatile, "volatile"), (self.is_restrict, "restrict")];
        let mut separator = "";
        for (_, word) in words.iter().filter(|(present, _)| *present) {
            write!(formatter, "{separator}{word}")?;
            separator = " ";
        }
        Ok(())
    }
}
