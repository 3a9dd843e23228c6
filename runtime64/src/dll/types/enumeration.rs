//! Enumerations: integers in Lua, where a value may also be given as an enumerator's name.

use mlua::Value as LuaValue;
use protocol::Type;

use super::number::{Number, bounded};
use crate::c::{self, Abi};
use crate::dll::conversion_error::ConversionError;
use crate::error::ErrorKind;

/// The names and bounds of an enumeration on one ABI.
#[derive(Debug)]
pub(in crate::dll) struct Enumeration {
    names: Vec<(String, i64)>,
    minimum: i64,
    maximum: i64,
    wire: Type,
    is_signed: bool,
}

impl Enumeration {
    /// Compilers disagree on the sign of an enumeration that is an int without negative enumerators. So values of both
    /// ranges are accepted then, and a result is unsigned only if an enumerator requires it.
    pub(super) fn new(enumeration: &c::Enumeration, abi: Abi) -> Self {
        let anything = (i32::MIN.into(), u32::MAX.into());
        let Some(body) = enumeration.body() else {
            return Self {
                names: Vec::new(),
                minimum: i32::MIN.into(),
                maximum: i32::MAX.into(),
                wire: Type::Int32,
                is_signed: true,
            };
        };
        let names: Vec<(String, i64)> = body
            .enumerators
            .iter()
            .map(|enumerator| (enumerator.name.clone(), enumerator.value.on(abi) as i64))
            .collect();
        let stored = body.integer(abi);
        let ((minimum, maximum), wire) = if stored.bytes != 4 || body.underlying.is_some() {
            match Number::integer(stored) {
                Some(Number::Integer { minimum, maximum, wire }) => ((minimum, maximum), wire),
                _ => ((i64::MIN, i64::MAX), Type::Uint64),
            }
        } else {
            let anything = if stored.signed { (i32::MIN.into(), i32::MAX.into()) } else { anything };
            let is_unsigned = names.iter().any(|(_, value)| *value > i32::MAX.into());
            (anything, if is_unsigned { Type::Uint32 } else { Type::Int32 })
        };
        Self { names, minimum, maximum, wire, is_signed: stored.signed }
    }

    /// Whether it is stored as a signed integer, which matters for bit-fields.
    pub(super) fn is_signed(&self) -> bool {
        self.is_signed
    }

    pub(super) fn wire(&self) -> Type {
        self.wire
    }

    /// The integer of a Lua value: an integer, or an enumerator's name.
    pub(super) fn value_of(&self, value: &LuaValue) -> Result<i64, ConversionError> {
        let LuaValue::String(name) = value else {
            return bounded(value, self.minimum, self.maximum);
        };
        let name = name.to_string_lossy();
        match self.value(&name) {
            Some(value) => Ok(value),
            None => Err(self.no_enumerator(&name)),
        }
    }

    /// The error for a name that is not an enumerator.
    #[cold]
    pub(in crate::dll) fn no_enumerator(&self, name: &str) -> ConversionError {
        let names = self.names.iter().map(|(known, _)| known.as_str());
        let hint = c::suggestion(name, names).unwrap_or_default();
        ConversionError::new(ErrorKind::Type, format!("'{name}' is not an enumerator of the type{hint}"))
    }

    /// The value of an enumerator.
    pub(in crate::dll) fn value(&self, name: &str) -> Option<i64> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The enumerators in order of declaration.
    pub(in crate::dll) fn names(&self) -> impl Iterator<Item = (&str, i64)> {
        self.names.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// The first enumerator with a value.
    pub(in crate::dll) fn name_of(&self, value: i64) -> Option<&str> {
        self.names.iter().find(|(_, known)| *known == value).map(|(name, _)| name.as_str())
    }
}
