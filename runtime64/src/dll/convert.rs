//! Values: from Lua to the wire and back, checked strictly.
//!
//! A number with a fraction is no integer, a numeric string is no number, and nothing is cut to fit.

use mlua::{Lua, Value as LuaValue};
use protocol::{Type, Value};

use super::mismatch::Mismatch;
use super::object::Object;
use super::pointer::{Owner, Pointer};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::Allocation;

/// How values of one C type are converted; made once for each parameter and result.
#[derive(Clone, Debug)]
pub(super) enum Conversion {
    /// No value.
    Void,
    /// `_Bool` and Lua's booleans.
    Bool,
    /// An integer with its bounds.
    Integer {
        /// The least value.
        minimum: i64,
        /// The greatest value.
        maximum: i64,
        /// Its type on the wire.
        wire: Type,
    },
    /// An unsigned 64-bit integer: any Lua integer, which has the same bits.
    Unsigned64,
    /// `float` or `double`.
    Float(Type),
    /// A pointer.
    Pointer {
        /// What it points to.
        target: c::Type,
        /// Which Lua strings can stand for it.
        strings: Strings,
    },
}

/// What a conversion may need of a worker.
pub(super) trait Memory {
    /// Puts the bytes of a string, and some zeros after them, where the worker can read them, and gives the value that
    /// stands for their address.
    fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, Mismatch>;

    /// Copies bytes of an object.
    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), Mismatch>;
}

/// Which Lua strings a pointer parameter takes, or whether a pointer result becomes a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strings {
    /// None: the target is writable, or no bytes.
    None,
    /// Text, which ends at its zero: `const char *`.
    Text,
    /// Any bytes: `const void *`, `const unsigned char *`.
    Bytes,
    /// Text as UTF-16: `const wchar_t *` on Windows.
    Utf16,
    /// Text as UTF-32: `const wchar_t *` on Linux.
    Utf32,
}

impl Conversion {
    /// The type on the wire, as a parameter.
    pub(super) fn wire(&self) -> Type {
        match self {
            Conversion::Void => Type::Void,
            Conversion::Bool => Type::Bool,
            Conversion::Integer { wire, .. } | Conversion::Float(wire) => *wire,
            Conversion::Unsigned64 => Type::Uint64,
            Conversion::Pointer { .. } => Type::Pointer,
        }
    }

    /// The type on the wire, as a result: `const char *` is copied at return.
    pub(super) fn wire_result(&self) -> Type {
        match self {
            Conversion::Pointer { strings: Strings::Text, .. } => Type::CString,
            other => other.wire(),
        }
    }

    /// From Lua to the wire.
    pub(super) fn to_wire(&self, value: &LuaValue, owner: &Owner, memory: &mut dyn Memory) -> Result<Value, Mismatch> {
        if let (LuaValue::UserData(userdata), false) = (value, matches!(self, Conversion::Pointer { .. }))
            && let Ok(object) = userdata.borrow::<Object>()
            && let Some(number) = object.number(memory)?
        {
            return self.to_wire(&number, owner, memory);
        }
        match self {
            Conversion::Void => Err(Mismatch::new(ErrorKind::Type, "no value can be void")),
            Conversion::Bool => match value {
                LuaValue::Boolean(value) => Ok(Value::Bool(*value)),
                other => Err(wrong_type("true or false", other)),
            },
            Conversion::Integer { minimum, maximum, .. } => {
                let integer = integer(value)?;
                if (*minimum..=*maximum).contains(&integer) {
                    return Ok(Value::Integer(integer));
                }
                let reason = format!("{integer} is out of range; {minimum} to {maximum} fit");
                Err(Mismatch::new(ErrorKind::Range, reason))
            }
            Conversion::Unsigned64 => match value {
                // The upper half of the range is beyond Lua's integers, which hold its bits.
                LuaValue::Number(number)
                    if number.fract() == 0.0 && (2f64.powi(63)..2f64.powi(64)).contains(number) =>
                {
                    Ok(Value::Integer(*number as u64 as i64))
                }
                other => integer(other).map(Value::Integer),
            },
            Conversion::Float(wire) => float(value, *wire).map(Value::Float),
            Conversion::Pointer { target, strings } => pointer_to_wire(value, target, *strings, owner, memory),
        }
    }

    /// From the wire to Lua. `owner` is where an address belongs.
    pub(super) fn to_lua(&self, lua: &Lua, value: Value, owner: &Owner) -> mlua::Result<LuaValue> {
        match (self, value) {
            (_, Value::Nil) => Ok(LuaValue::Nil),
            (Conversion::Bool, Value::Bool(value)) => Ok(LuaValue::Boolean(value)),
            (Conversion::Integer { .. } | Conversion::Unsigned64, Value::Integer(value)) => {
                Ok(LuaValue::Integer(value))
            }
            (Conversion::Float(_), Value::Float(value)) => Ok(LuaValue::Number(value)),
            (Conversion::Pointer { strings: Strings::Text, .. }, Value::Bytes(bytes)) => {
                lua.create_string(&bytes).map(LuaValue::String)
            }
            (Conversion::Pointer { target, .. }, Value::Integer(address)) => {
                let pointer = Pointer::new(address as u64, target.clone(), owner.clone());
                lua.create_userdata(pointer).map(LuaValue::UserData)
            }
            (_, other) => {
                let message = format!("the worker answered with {other:?}, which the function's type cannot be");
                Err(Error::new(ErrorKind::Protocol, message).into())
            }
        }
    }
}

/// A Lua number that is an integer. A float without a fraction is one.
pub(super) fn integer(value: &LuaValue) -> Result<i64, Mismatch> {
    match value {
        LuaValue::Integer(value) => Ok(*value),
        LuaValue::Number(number) => {
            // Both bounds are exact as floats; the upper one is the first that does not fit.
            let fits = number.fract() == 0.0 && (-(2f64.powi(63))..2f64.powi(63)).contains(number);
            if fits {
                return Ok(*number as i64);
            }
            let reason = if number.fract() != 0.0 && number.is_finite() { "has a fraction" } else { "is out of range" };
            let kind = if number.is_finite() && number.fract() != 0.0 { ErrorKind::Type } else { ErrorKind::Range };
            Err(Mismatch::new(kind, format!("{number:?} {reason}; an integer is needed")))
        }
        other => Err(wrong_type("an integer", other)),
    }
}

/// A number, rounded to what the type holds: C does the same, and the worker has nothing left to round.
fn float(value: &LuaValue, wire: Type) -> Result<f64, Mismatch> {
    let number = match value {
        LuaValue::Number(value) => *value,
        LuaValue::Integer(value) => *value as f64,
        other => return Err(wrong_type("a number", other)),
    };
    if wire != Type::Float32 {
        return Ok(number);
    }
    let single = number as f32;
    if single.is_infinite() && number.is_finite() {
        let reason = format!("{number:?} is out of range; a float holds up to {:e}", f32::MAX);
        return Err(Mismatch::new(ErrorKind::Range, reason));
    }
    Ok(single.into())
}

fn pointer_to_wire(
    value: &LuaValue,
    target: &c::Type,
    strings: Strings,
    owner: &Owner,
    memory: &mut dyn Memory,
) -> Result<Value, Mismatch> {
    match value {
        LuaValue::Nil => Ok(Value::Nil),
        LuaValue::String(string) => string_to_wire(&string.as_bytes(), strings, memory),
        LuaValue::UserData(userdata) => {
            if let Ok(pointer) = userdata.borrow::<Pointer>() {
                return pointer.address_for(target, owner).map(|address| Value::Integer(address as i64));
            }
            match userdata.borrow::<Object>() {
                Ok(object) => object.pointer_for(target, owner, memory),
                Err(_) => Err(wrong_type("a pointer, an object or nil", value)),
            }
        }
        other => Err(wrong_type("a pointer, an object or nil", other)),
    }
}

fn string_to_wire(bytes: &[u8], strings: Strings, memory: &mut dyn Memory) -> Result<Value, Mismatch> {
    match strings {
        Strings::None => {
            let reason = "a Lua string is never writable; the parameter needs a buffer, such as dll.new(\"char[?]\", size) \
                          (or declare it const if the library only reads it)";
            Err(Mismatch::new(ErrorKind::Type, reason))
        }
        Strings::Text => match bytes.iter().position(|byte| *byte == 0) {
            None => memory.lend(bytes, 1),
            Some(position) => {
                let reason = format!(
                    "the string has a zero byte at position {}, where C would end it (declare the parameter \
                     const void * for bytes)",
                    position + 1
                );
                Err(Mismatch::new(ErrorKind::Type, reason))
            }
        },
        Strings::Bytes => memory.lend(bytes, 1),
        Strings::Utf16 => {
            let encode = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
            memory.lend(&encode(wide_text(bytes)?), 2)
        }
        Strings::Utf32 => {
            let encode = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>();
            memory.lend(&encode(wide_text(bytes)?), 4)
        }
    }
}

/// Text that has a form in wide characters.
fn wide_text(bytes: &[u8]) -> Result<&str, Mismatch> {
    let mismatch = |reason: &str| Mismatch::new(ErrorKind::Type, reason);
    let text =
        std::str::from_utf8(bytes).map_err(|_| mismatch("the string is not valid UTF-8, so it has no wide form"))?;
    if text.contains('\0') {
        return Err(mismatch("the string has a zero in it, where C would end it"));
    }
    Ok(text)
}

pub(super) fn wrong_type(expected: &str, value: &LuaValue) -> Mismatch {
    Mismatch::new(ErrorKind::Type, format!("{expected} is needed, not {}", describe(value)))
}

/// A Lua value in an error message: short values themselves, others by their type.
pub(super) fn describe(value: &LuaValue) -> String {
    const LONGEST: usize = 40;
    match value {
        LuaValue::Nil => "nil".to_owned(),
        LuaValue::Boolean(value) => value.to_string(),
        LuaValue::Integer(value) => value.to_string(),
        LuaValue::Number(value) => format!("{value:?}"),
        LuaValue::String(string) => {
            let text = string.to_string_lossy();
            let short: String = text.chars().take(LONGEST).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("the string \"{}{more}\"", short.escape_debug())
        }
        other => format!("a {}", other.type_name()),
    }
}
