//! Operators on C data: pointer arithmetic and comparison, metamethods of structs, and numbers in memory as values.

use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};

use super::{Cdata, CdataKind, integer};
use crate::dll::describe::describe;
use crate::dll::library;
use crate::dll::memory::{Location, Persistent};
use crate::dll::types::{Ctype, Event, Form, times};
use crate::error::{Error, ErrorKind};

/// The outcome of an operator: a metamethod to call, a result, or two operands for Lua's own operator.
type Outcome = (LuaValue, LuaValue, LuaValue, LuaValue);

/// Evaluates an operator, one of whose operands is C data.
pub(super) fn operate(lua: &Lua, (event, left, right): (i64, LuaValue, LuaValue)) -> mlua::Result<Outcome> {
    let event = Event::numbered(event).ok_or_else(|| mlua::Error::runtime("unknown event"))?;
    if event == Event::Equal {
        return Ok(equal(&left, &right));
    }
    if let Some(value) = pointers(lua, event, &left, &right)? {
        return Ok(result(value));
    }
    if let Some(method) = method_of(&left, event).or_else(|| method_of(&right, event)) {
        return Ok(metamethod(method));
    }
    match (plain(&left, event)?, plain(&right, event)?) {
        (Some(left), Some(right)) => Ok((LuaValue::Nil, LuaValue::Nil, left, right)),
        _ => Err(undefined(event, &left, &right)),
    }
}

fn metamethod(method: LuaValue) -> Outcome {
    (method, LuaValue::Nil, LuaValue::Nil, LuaValue::Nil)
}

fn result(value: LuaValue) -> Outcome {
    (LuaValue::Nil, value, LuaValue::Nil, LuaValue::Nil)
}

/// Whether two values are equal: pointers and objects with the same location, or numbers in memory with the same value.
fn equal(left: &LuaValue, right: &LuaValue) -> Outcome {
    for operand in [left, right] {
        if super::of(operand).is_some_and(|cdata| cdata.kind == CdataKind::Object)
            && let Some(method) = method_of(operand, Event::Equal)
        {
            return metamethod(method);
        }
    }
    let are_equal = match (super::of(left), super::of(right)) {
        (Some(left), Some(right)) => same(&left, &right),
        (Some(pointer), None) => is_function(&pointer, right),
        (None, Some(pointer)) => is_function(&pointer, left),
        (None, None) => false,
    };
    result(LuaValue::Boolean(are_equal))
}

/// Whether a pointer points to this function of a library.
fn is_function(pointer: &Cdata, value: &LuaValue) -> bool {
    let resolved = value.as_userdata().and_then(|userdata| library::resolved(userdata).ok().flatten());
    let there = pointer.leads_to(&"==").ok();
    resolved.zip(there).is_some_and(|((address, space), there)| there == Location::foreign(address, space))
}

fn same(left: &Cdata, right: &Cdata) -> bool {
    let value = |cdata: &Cdata| cdata.number(&mut Persistent).ok().flatten();
    if let (Some(left), Some(right)) = (value(left), value(right)) {
        return left == right;
    }
    let location = |cdata: &Cdata| cdata.leads_to(&"==").ok();
    matches!((location(left), location(right)), (Some(left), Some(right)) if left == right)
}

/// The metamethod of a value's type.
pub(super) fn method_of(value: &LuaValue, event: Event) -> Option<LuaValue> {
    super::of(value)?.ctype.metamethod(event)
}

/// An operand for Lua's own operators: a number, or a string to be concatenated.
fn plain(value: &LuaValue, event: Event) -> Result<Option<LuaValue>, Error> {
    Ok(match value {
        LuaValue::UserData(_) => {
            let held = super::number_of(value, &mut Persistent).map_err(|error| error.at(describe(value)))?;
            held.filter(|held| !held.is_boolean())
        }
        LuaValue::Integer(_) | LuaValue::Number(_) => Some(value.clone()),
        LuaValue::String(_) if event == Event::Concatenate => Some(value.clone()),
        _ => None,
    })
}

#[cold]
fn undefined(event: Event, left: &LuaValue, right: &LuaValue) -> mlua::Error {
    let operator = event.operator();
    let (left, right) = (describe(left), describe(right));
    let operands = if event.is_unary() { left } else { format!("{left} and {right}") };
    let message = format!("{operator} is not defined for {operands}; dll.metatype can define it for a struct");
    Error::new(ErrorKind::Type, message).into()
}

/// A pointer, or an array, which decays to a pointer to its first element.
struct Operand {
    element: Arc<Ctype>,
    location: Location,
}

impl Operand {
    fn of(value: &LuaValue) -> Result<Option<Self>, Error> {
        let Some(cdata) = super::of(value) else { return Ok(None) };
        let element = match &cdata.ctype.form {
            Form::Pointer(pointee) => pointee.ctype(cdata.ctype.abi),
            Form::Array(array) => Arc::clone(&array.element),
            _ => return Ok(None),
        };
        let location = cdata.leads_to(&cdata.ctype.ty)?;
        Ok(Some(Self { element, location }))
    }

    fn element_bytes(&self) -> Result<i64, Error> {
        let bytes = self.element.bytes().ok().and_then(|bytes| i64::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
        bytes.ok_or_else(|| {
            let reason = "its target has no size; dll.cast converts it to a pointer to a type with a size";
            Error::new(ErrorKind::Type, format!("{}: {reason}", self.element.ty.clone().pointer_to()))
        })
    }
}

/// Evaluates an operator of C on pointers; `None` for other operators, or if neither operand is a pointer.
fn pointers(lua: &Lua, event: Event, left: &LuaValue, right: &LuaValue) -> mlua::Result<Option<LuaValue>> {
    if !matches!(event, Event::Add | Event::Subtract | Event::Less | Event::LessOrEqual) {
        return Ok(None);
    }
    match (event, Operand::of(left)?, Operand::of(right)?) {
        (_, None, None) => Ok(None),
        // NULL is nil, and less than every other address.
        (Event::Less | Event::LessOrEqual, Some(pointer), None) if right.is_nil() => {
            Ok(Some(LuaValue::Boolean(event == Event::LessOrEqual && address(&pointer)? == 0)))
        }
        (Event::Less | Event::LessOrEqual, None, Some(pointer)) if left.is_nil() => {
            Ok(Some(LuaValue::Boolean(event == Event::LessOrEqual || address(&pointer)? > 0)))
        }
        (Event::Add | Event::Subtract, Some(pointer), None) if is_count(right) => {
            moved(lua, left, &pointer, right, event == Event::Subtract).map(Some)
        }
        (Event::Add, None, Some(pointer)) if is_count(left) => moved(lua, right, &pointer, left, false).map(Some),
        (Event::Subtract, Some(left), Some(right)) => Ok(Some(LuaValue::Integer(difference(&left, &right)?))),
        (Event::Less | Event::LessOrEqual, Some(left), Some(right)) => {
            comparable(&left, &right)?;
            let (left, right) = (address(&left)?, address(&right)?);
            let result = if event == Event::Less { left < right } else { left <= right };
            Ok(Some(LuaValue::Boolean(result)))
        }
        _ => Ok(None),
    }
}

fn is_count(value: &LuaValue) -> bool {
    matches!(value, LuaValue::Integer(_) | LuaValue::Number(_))
        || super::of(value).is_some_and(|cdata| matches!(cdata.ctype.form, Form::Number(_)))
}

fn address(operand: &Operand) -> Result<u64, Error> {
    if operand.location.is_closed() {
        let message = format!("the {} was closed and its memory released", operand.element.ty);
        return Err(Error::new(ErrorKind::Stale, message));
    }
    Ok(operand.location.address())
}

/// The pointer `count` elements further on, or back.
fn moved(lua: &Lua, from: &LuaValue, pointer: &Operand, count: &LuaValue, is_back: bool) -> mlua::Result<LuaValue> {
    let bytes = pointer.element_bytes()?;
    address(pointer)?;
    let refused =
        |kind, reason: String| Error::new(kind, format!("{}: {reason}", pointer.element.ty.clone().pointer_to()));
    let count = integer(count).map_err(|error| error.at(pointer.element.ty.clone().pointer_to()))?;
    let distance = times(bytes.unsigned_abs(), count.unsigned_abs()).map_err(|_| {
        refused(ErrorKind::Range, format!("an offset of {count} elements is outside the address space"))
    })?;
    let distance = if (count < 0) == is_back { distance as i64 } else { -(distance as i64) };
    let cdata = Cdata::pointer(pointer.element.pointer_to(), pointer.location.moved(distance));
    match from {
        LuaValue::UserData(from) => super::finalizer::derive(lua, from, cdata),
        _ => cdata.into_lua(lua),
    }
}

/// The number of elements between two pointers.
fn difference(left: &Operand, right: &Operand) -> Result<i64, Error> {
    comparable(left, right)?;
    let bytes = left.element_bytes()?;
    Ok((address(left)?.wrapping_sub(address(right)?) as i64) / bytes)
}

/// Checks that two pointers can be compared and subtracted: they point to the same type, in the memory of the same
/// worker.
fn comparable(left: &Operand, right: &Operand) -> Result<(), Error> {
    if !super::agree(&left.element.ty, &right.element.ty, left.element.abi) {
        let message = format!("pointers to {} and to {} cannot be compared", left.element.ty, right.element.ty);
        return Err(Error::new(ErrorKind::Type, message));
    }
    if left.location.is_null() || right.location.is_null() {
        return Ok(());
    }
    let what = left.element.ty.clone().pointer_to();
    left.location.space().check(right.location.space(), &what).map_err(|error| error.at("comparing pointers"))
}
