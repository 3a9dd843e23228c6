//! Arguments of variadic functions beyond the parameters: converted by C's promotions, as no declaration specifies
//! their types. `dll.new` makes a number of a specific type.

use std::sync::Arc;

use mlua::Value as LuaValue;
use protocol::{Type, Value};

use crate::dll::address_space::AddressSpace;
use crate::dll::cdata::{self, RequiredPointer, address_for};
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::wrong_type;
use crate::dll::library::Function;
use crate::dll::marshal::string_to_wire;
use crate::dll::memory::Access;
use crate::dll::text::Encoding;
use crate::dll::types::{Ctype, Form, Strings};

/// An argument and its type in messages. Text is encoded in the library's encoding.
pub(super) fn to_wire(
    value: &LuaValue,
    encoding: Encoding,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<(Value, Type), ConversionError> {
    match value {
        LuaValue::Nil => Ok((Value::Nil, Type::Pointer)),
        LuaValue::Boolean(value) => Ok((Value::Integer((*value).into()), Type::Int32)),
        LuaValue::Integer(value) => Ok((Value::Integer(*value), integer_type(*value))),
        LuaValue::Number(value) => Ok((Value::Float(*value), Type::Float64)),
        LuaValue::String(string) => {
            let text = string_to_wire(&string.as_bytes(), Strings::Text(encoding), access)?;
            Ok((text, Type::Pointer))
        }
        LuaValue::UserData(_) => object_to_wire(value, space, access),
        other => Err(wrong_type("a number, a string, a boolean, a pointer, an object or nil", other)),
    }
}

/// The type that `%d` and `%u` expect, where the value fits.
fn integer_type(value: i64) -> Type {
    match (i32::try_from(value), u32::try_from(value)) {
        (Ok(_), _) => Type::Int32,
        (_, Ok(_)) => Type::Uint32,
        _ => Type::Int64,
    }
}

/// Passes numbers in memory by value, promoted, and other objects by address.
fn object_to_wire(
    value: &LuaValue,
    space: &AddressSpace,
    access: &mut dyn Access,
) -> Result<(Value, Type), ConversionError> {
    let Some(cdata) = cdata::of(value) else {
        if let LuaValue::UserData(userdata) = value
            && let Ok(function) = userdata.borrow::<Function>()
        {
            return Ok((Value::Integer(function.address_in(space)? as i64), Type::Pointer));
        }
        return Err(wrong_type("a number, a string, a boolean, a pointer, an object or nil", value));
    };
    if let (Form::Number(number), Some(held)) = (&cdata.ctype.form, cdata::number_of(value, access)?) {
        let wire = number.wire();
        let value = match (number.to_wire(&held)?, wire) {
            (Value::Bool(value), _) => Value::Integer(value.into()),
            (value, _) => value,
        };
        return Ok((value, promoted(wire)));
    }
    let ctype: Arc<Ctype> = match &cdata.ctype.form {
        Form::Pointer(_) => Arc::clone(&cdata.ctype),
        _ => cdata.ctype.decayed().pointer_to(),
    };
    let address = address_for(value, &RequiredPointer { ctype: &ctype, space }, access)?;
    Ok((if address == 0 { Value::Nil } else { Value::Integer(address as i64) }, Type::Pointer))
}

/// C11 6.5.2.2: types narrower than int are promoted to int, and float to double.
fn promoted(ty: Type) -> Type {
    match ty {
        Type::Bool | Type::Int8 | Type::Uint8 | Type::Int16 | Type::Uint16 => Type::Int32,
        Type::Float32 => Type::Float64,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_the_types_that_formats_expect() {
        let cases = [
            (0, Type::Int32),
            (-1, Type::Int32),
            (i64::from(i32::MIN), Type::Int32),
            (i64::from(i32::MAX) + 1, Type::Uint32),
            (i64::from(u32::MAX), Type::Uint32),
            (i64::from(u32::MAX) + 1, Type::Int64),
            (i64::from(i32::MIN) - 1, Type::Int64),
        ];
        for (value, expected) in cases {
            assert_eq!(integer_type(value), expected, "{value}");
        }
    }
}
