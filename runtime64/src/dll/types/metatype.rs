//! Metatypes: the metamethods that `dll.metatype` gives to a struct or union.

use mlua::{Table, Value as LuaValue};

use crate::dll::describe::describe;
use crate::error::{Error, ErrorKind};

/// The metamethods of a type, copied from the table once: later changes of the table have no effect.
#[derive(Debug)]
pub(in crate::dll) struct Metatype {
    methods: [Option<LuaValue>; EVENTS.len()],
}

/// An operation of Lua on a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dll) enum Event {
    Index,
    NewIndex,
    Call,
    New,
    Length,
    Equal,
    Less,
    LessOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Negate,
    IntegerDivide,
    BitAnd,
    BitOr,
    BitXor,
    BitNot,
    ShiftLeft,
    ShiftRight,
    Concatenate,
    ToString,
    Pairs,
    Ipairs,
    Close,
    Collect,
}

/// The events in order of declaration, with their metamethods.
const EVENTS: [(Event, &str); 28] = [
    (Event::Index, "__index"),
    (Event::NewIndex, "__newindex"),
    (Event::Call, "__call"),
    (Event::New, "__new"),
    (Event::Length, "__len"),
    (Event::Equal, "__eq"),
    (Event::Less, "__lt"),
    (Event::LessOrEqual, "__le"),
    (Event::Add, "__add"),
    (Event::Subtract, "__sub"),
    (Event::Multiply, "__mul"),
    (Event::Divide, "__div"),
    (Event::Modulo, "__mod"),
    (Event::Power, "__pow"),
    (Event::Negate, "__unm"),
    (Event::IntegerDivide, "__idiv"),
    (Event::BitAnd, "__band"),
    (Event::BitOr, "__bor"),
    (Event::BitXor, "__bxor"),
    (Event::BitNot, "__bnot"),
    (Event::ShiftLeft, "__shl"),
    (Event::ShiftRight, "__shr"),
    (Event::Concatenate, "__concat"),
    (Event::ToString, "__tostring"),
    (Event::Pairs, "__pairs"),
    (Event::Ipairs, "__ipairs"),
    (Event::Close, "__close"),
    (Event::Collect, "__gc"),
];

impl Event {
    /// All events.
    pub(in crate::dll) fn all() -> impl Iterator<Item = Event> {
        EVENTS.into_iter().map(|(event, _)| event)
    }

    /// The event with a number, its index in the list of all events.
    pub(in crate::dll) fn numbered(number: i64) -> Option<Event> {
        EVENTS.get(usize::try_from(number).ok()?).map(|(event, _)| *event)
    }

    /// The name of the metamethod.
    pub(in crate::dll) fn metamethod(self) -> &'static str {
        EVENTS[self as usize].1
    }
}

impl Event {
    /// Whether it is a unary operator.
    pub(in crate::dll) fn is_unary(self) -> bool {
        matches!(self, Event::Negate | Event::BitNot | Event::Length)
    }

    /// The operator, for messages.
    pub(in crate::dll) fn operator(self) -> &'static str {
        match self {
            Event::Add => "+",
            Event::Subtract | Event::Negate => "-",
            Event::Multiply => "*",
            Event::Divide => "/",
            Event::Modulo => "%",
            Event::Power => "^",
            Event::IntegerDivide => "//",
            Event::BitAnd => "&",
            Event::BitOr => "|",
            Event::BitXor | Event::BitNot => "~",
            Event::ShiftLeft => "<<",
            Event::ShiftRight => ">>",
            Event::Concatenate => "..",
            Event::Length => "#",
            Event::Equal => "==",
            Event::Less => "<",
            Event::LessOrEqual => "<=",
            other => other.metamethod(),
        }
    }
}

impl Metatype {
    /// Reads the metamethods from a table. `__index` and `__newindex` may be tables, all others must be callable.
    pub(in crate::dll) fn of(table: &Table) -> Result<Self, Error> {
        let mut methods = [const { None }; EVENTS.len()];
        for (event, name) in EVENTS {
            let method: LuaValue =
                table.raw_get(name).map_err(|error| Error::new(ErrorKind::Type, error.to_string()))?;
            let is_callable = matches!(method, LuaValue::Function(_) | LuaValue::UserData(_));
            let may_be_table = matches!(event, Event::Index | Event::NewIndex);
            match method {
                LuaValue::Nil => {}
                LuaValue::Table(_) if may_be_table => methods[event as usize] = Some(method),
                // A table may be callable through its own metatable.
                _ if is_callable || method.is_table() => methods[event as usize] = Some(method),
                other => {
                    let expected = if may_be_table { "a function or a table" } else { "a function" };
                    let message = format!("dll.metatype: {name}: expected {expected}, got {}", describe(&other));
                    return Err(Error::new(ErrorKind::Type, message));
                }
            }
        }
        Ok(Self { methods })
    }

    /// Whether unknown field names are looked up by a function, or by a table that may call one.
    pub(in crate::dll) fn has_index_function(&self) -> bool {
        let is_plain = |method: &LuaValue| method.as_table().is_some_and(|table| table.metatable().is_none());
        let is_function = |event| self.get(event).is_some_and(|method| !is_plain(method));
        is_function(Event::Index) || is_function(Event::NewIndex)
    }

    /// The metamethod for an event.
    #[inline]
    pub(in crate::dll) fn get(&self, event: Event) -> Option<&LuaValue> {
        self.methods[event as usize].as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_has_its_index() {
        for (index, (event, name)) in EVENTS.into_iter().enumerate() {
            assert_eq!(event as usize, index, "{name}");
            assert_eq!(event.metamethod(), name);
        }
    }
}
