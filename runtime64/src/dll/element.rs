//! Scalars in memory: from Lua to the bytes of a C object, and back.

use mlua::{Lua, Value as LuaValue};
use protocol::{Type, Value};

use super::convert::{Conversion, Memory, Strings};
use super::mismatch::Mismatch;
use super::pointer::{Owner, Pointer};
use super::signature::conversion;
use crate::c::{self, Abi};
use crate::error::ErrorKind;
use crate::remote::Allocation;

/// The bytes of a scalar; the first ones count, as many as its type has.
pub(super) type ScalarBytes = [u8; 8];

/// How an element of one scalar type is read and written; made once for each object or pointer type.
#[derive(Clone, Debug)]
pub(super) struct Element {
    conversion: Conversion,
    wire: Type,
    /// Its size, at most 8.
    pub(super) bytes: usize,
    is_const: bool,
}

impl Element {
    /// The element for a type, or nothing for types that are no scalars or have no counterpart in Lua.
    pub(super) fn of(ty: &c::Type, abi: Abi) -> Option<Self> {
        let conversion = match conversion(ty, abi)? {
            Conversion::Void => return None,
            // In memory a pointer to text is a pointer: nobody says how long the text stays.
            Conversion::Pointer { target, .. } => Conversion::Pointer { target, strings: Strings::None },
            other => other,
        };
        let wire = conversion.wire();
        let bytes = match wire {
            Type::Void => return None,
            Type::Bool | Type::Int8 | Type::Uint8 => 1,
            Type::Int16 | Type::Uint16 => 2,
            Type::Int32 | Type::Uint32 | Type::Float32 => 4,
            Type::Int64 | Type::Uint64 | Type::Float64 => 8,
            Type::Pointer | Type::CString => abi.pointer_bytes() as usize,
        };
        Some(Self { conversion, wire, bytes, is_const: ty.is_const() })
    }

    /// Whether it is one byte that stands for a character, so that a Lua string can fill an array of it.
    pub(super) fn is_character(&self) -> bool {
        matches!(self.wire, Type::Int8 | Type::Uint8)
    }

    /// Whether it may not be written.
    pub(super) fn is_const(&self) -> bool {
        self.is_const
    }

    /// What its bytes mean to Lua. `owner` is where an address belongs.
    #[inline]
    pub(super) fn read(&self, lua: &Lua, bytes: ScalarBytes, owner: &Owner) -> mlua::Result<LuaValue> {
        match self.pointer(bytes) {
            None => Ok(self.number(bytes)),
            Some((0, _)) => Ok(LuaValue::Nil),
            Some((address, target)) => {
                lua.create_userdata(Pointer::new(address, target.clone(), owner.clone())).map(LuaValue::UserData)
            }
        }
    }

    /// The address that its bytes hold and what lies there, if it is a pointer.
    #[inline]
    pub(super) fn pointer(&self, bytes: ScalarBytes) -> Option<(u64, &c::Type)> {
        match &self.conversion {
            Conversion::Pointer { target, .. } => {
                let bits = u64::from_le_bytes(bytes);
                Some((if self.bytes == 4 { u64::from(bits as u32) } else { bits }, target))
            }
            _ => None,
        }
    }

    /// The number or boolean that its bytes hold, if it is no pointer.
    #[inline]
    pub(super) fn number(&self, bytes: ScalarBytes) -> LuaValue {
        let bits = u64::from_le_bytes(bytes);
        // The casts keep the low bytes, which come first in memory.
        match self.wire {
            Type::Bool => LuaValue::Boolean(bits as u8 != 0),
            Type::Int8 => LuaValue::Integer((bits as i8).into()),
            Type::Uint8 => LuaValue::Integer((bits as u8).into()),
            Type::Int16 => LuaValue::Integer((bits as i16).into()),
            Type::Uint16 => LuaValue::Integer((bits as u16).into()),
            Type::Int32 => LuaValue::Integer((bits as i32).into()),
            Type::Uint32 => LuaValue::Integer((bits as u32).into()),
            Type::Int64 | Type::Uint64 => LuaValue::Integer(bits as i64),
            Type::Float32 => LuaValue::Number(f32::from_bits(bits as u32).into()),
            Type::Float64 => LuaValue::Number(f64::from_bits(bits)),
            Type::Void | Type::Pointer | Type::CString => LuaValue::Nil,
        }
    }

    /// The bytes of a value.
    #[inline]
    pub(super) fn write(&self, value: &LuaValue, owner: &Owner) -> Result<ScalarBytes, Mismatch> {
        let value = self.conversion.to_wire(value, owner, &mut Lasting)?;
        let bits = match value {
            Value::Bool(value) => value.into(),
            Value::Integer(value) => value as u64,
            Value::Float(value) if self.wire == Type::Float32 => (value as f32).to_bits().into(),
            Value::Float(value) => value.to_bits(),
            Value::Nil | Value::Bytes(_) => 0,
        };
        Ok(bits.to_le_bytes())
    }
}

/// What is put into memory must last: nothing is lent for it.
pub(super) struct Lasting;

impl Memory for Lasting {
    fn lend(&mut self, _: &[u8], _: usize) -> Result<Value, Mismatch> {
        let reason = "a Lua string is gone when Lua collects it, and memory may be read later; \
                      dll.new(\"char[?]\", #s + 1, s) makes a copy that stays";
        Err(Mismatch::new(ErrorKind::Type, reason))
    }

    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), Mismatch> {
        memory.read(offset, into).map_err(|error| Mismatch::from_remote(&error))
    }
}
