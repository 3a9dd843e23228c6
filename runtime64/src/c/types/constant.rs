//! Named constants: enumerators, `static const`, `#define`.

use std::fmt;

use crate::c::{Abi, Position};

/// The value of a constant on one ABI.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstantValue {
    /// An integer.
    Integer(i128),
    /// A floating-point number.
    Float(f64),
    /// An integer cast to a pointer.
    Pointer(u64),
    /// A string literal's bytes, without the terminating zero.
    String(Vec<u8>),
    /// A wide string literal.
    WideString(String),
}

/// A named constant.
///
/// ```
/// use runtime64::c::{Abi, ConstantValue, Declarations};
///
/// let mut declarations = Declarations::new();
/// declarations.declare("#define LIMIT (1u << 4)\nenum color { RED = LIMIT, GREEN };")?;
/// let green = declarations.constant("GREEN").expect("declared above");
/// assert_eq!(green.value(Abi::I386SystemV), Some(ConstantValue::Integer(17)));
/// # Ok::<(), runtime64::c::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// The name.
    pub name: String,
    pub(crate) values: [Option<ConstantValue>; 4],
    /// The position of its declaration.
    pub position: Position,
}

impl Constant {
    /// The value on an ABI; `None` if it has no value there, like `(int) sizeof(__int128)` on i386.
    pub fn value(&self, abi: Abi) -> Option<ConstantValue> {
        self.values[abi.index()].clone()
    }
}

/// `NAME = value`, with the first ABI's value if they differ.
impl fmt::Display for Constant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.values.iter().flatten().next() {
            Some(value) => write!(formatter, "{} = {value}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

impl fmt::Display for ConstantValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConstantValue::Integer(value) => write!(formatter, "{value}"),
            ConstantValue::Float(value) => write!(formatter, "{value:?}"),
            ConstantValue::Pointer(address) => write!(formatter, "(void *){address:#x}"),
            ConstantValue::String(bytes) => write!(formatter, "\"{}\"", bytes.escape_ascii()),
            ConstantValue::WideString(text) => write!(formatter, "L\"{}\"", text.escape_default()),
        }
    }
}
