//! The types that signatures consist of, and their values.

use std::fmt::Write;
use std::sync::Arc;

/// A parameter's, result's or member's type.
#[derive(Clone, Debug)]
pub enum Type {
    /// A number, a pointer.
    Scalar(Scalar),
    /// A struct or union.
    Record(Arc<Record>),
}

/// A type without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// An integer.
    Integer {
        /// The type in C.
        words: &'static str,
        /// How wide it is.
        bits: u32,
        /// Whether it holds negative numbers.
        signed: bool,
    },
    /// `bool`
    Bool,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `void *`
    Pointer,
    /// The one enumeration, [`CHOICE`].
    Enumeration,
}

/// The enumeration whose values are parameters and members.
pub const CHOICE: &str = "enum choice { FIRST = 1, SECOND = -2, LARGE = 1000000 };";

/// The values of its enumerators.
pub const CHOICES: [i128; 3] = [1, -2, 1_000_000];

/// A struct or union.
#[derive(Debug)]
pub struct Record {
    /// Whether it is a union.
    pub is_union: bool,
    /// Its tag.
    pub tag: String,
    /// The number of `#pragma pack`.
    pub pack: Option<u32>,
    /// Its members.
    pub members: Vec<Member>,
}

/// A member of a record.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type, or that of its elements.
    pub ty: Type,
    /// How many elements, of an array.
    pub length: Option<usize>,
    /// The width of a bit-field.
    pub bits: Option<u32>,
}

/// A value of a type.
#[derive(Clone, Debug)]
pub enum Value {
    /// Of a scalar.
    Scalar(Scalar, Number),
    /// Of a struct: a value for each member.
    Struct(Arc<Record>, Vec<Value>),
    /// Of a union: the number of the member that is set, and its value.
    Union(Arc<Record>, usize, Box<Value>),
    /// Of an array.
    Array(Vec<Value>),
}

/// What a scalar holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer, an enumerator, an address, 0 and 1 for `bool`.
    Integer(i128),
    /// A floating-point number that is exact in `float`.
    Floating(f64),
}

impl Type {
    /// The type as C and `dll.cdef` write it.
    pub fn words(&self) -> String {
        match self {
            Type::Scalar(scalar) => scalar.words().to_owned(),
            Type::Record(record) => record.words(),
        }
    }

    /// Whether it is a struct or union.
    pub fn is_record(&self) -> bool {
        matches!(self, Type::Record(_))
    }
}

impl Scalar {
    /// The type as C and `dll.cdef` write it.
    pub fn words(self) -> &'static str {
        match self {
            Scalar::Integer { words, .. } => words,
            Scalar::Bool => "_Bool",
            Scalar::Float => "float",
            Scalar::Double => "double",
            Scalar::Pointer => "void *",
            Scalar::Enumeration => "enum choice",
        }
    }

    /// Whether a convention that passes integers in registers does so with this one.
    pub fn fits_a_register(self) -> bool {
        match self {
            Scalar::Integer { bits, .. } => bits <= 32,
            Scalar::Bool | Scalar::Pointer | Scalar::Enumeration => true,
            Scalar::Float | Scalar::Double => false,
        }
    }
}

impl Record {
    /// The type as C and `dll.cdef` write it.
    pub fn words(&self) -> String {
        format!("{} {}", if self.is_union { "union" } else { "struct" }, self.tag)
    }

    /// The definition, ended.
    pub fn definition(&self) -> String {
        let mut text = format!("{} {{", self.words());
        for Member { name, ty, length, bits } in &self.members {
            // Writing to a string cannot fail.
            let _ = write!(text, " {} {name}", ty.words());
            let _ = length.map(|length| write!(text, "[{length}]"));
            let _ = bits.map(|bits| write!(text, " : {bits}"));
            text.push(';');
        }
        text.push_str(" };");
        match self.pack {
            Some(pack) => format!("#pragma pack(push, {pack})\n{text}\n#pragma pack(pop)"),
            None => text,
        }
    }

    /// Whether it consists of one floating-point number, however many records or arrays lie around that.
    pub fn is_one_floating(&self) -> bool {
        match &self.members[..] {
            [Member { ty, length: None | Some(1), bits: None, .. }] => match ty {
                Type::Scalar(scalar) => matches!(scalar, Scalar::Float | Scalar::Double),
                Type::Record(record) => record.is_one_floating(),
            },
            _ => false,
        }
    }

    /// Whether a part of it may have a size that no register has: an array of an odd length, or a record of several members.
    pub fn has_odd_part(&self) -> bool {
        self.members.iter().any(|member| {
            let is_odd = member.length.is_some_and(|length| !length.is_power_of_two());
            is_odd || matches!(&member.ty, Type::Record(record) if record.members.len() > 1 || record.has_odd_part())
        })
    }
}

impl Value {
    /// Its scalars, each with the path that leads to it, such as `.m1[2].m3`.
    pub fn leaves(&self, path: &str, leaves: &mut Vec<(String, Scalar, Number)>) {
        match self {
            Value::Scalar(scalar, number) => leaves.push((path.to_owned(), *scalar, *number)),
            Value::Struct(record, values) => {
                for (member, value) in record.members.iter().zip(values) {
                    value.leaves(&format!("{path}.{}", member.name), leaves);
                }
            }
            Value::Union(record, chosen, value) => {
                value.leaves(&format!("{path}.{}", record.members[*chosen].name), leaves);
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    value.leaves(&format!("{path}[{index}]"), leaves);
                }
            }
        }
    }
}
