//! `dll.string`, `encode`, `copy`, `fill`, `read`, `write`, `hexdump`: memory as bytes.

use std::fmt;

use mlua::{Lua, LuaString, Table, Value as LuaValue};

use super::argument;
use super::hexdump::hexdump;
use crate::dll::address_space::AddressSpace;
use crate::dll::cdata::{self, integer};
use crate::dll::describe::{describe, wrong_type};
use crate::dll::failure::from_remote;
use crate::dll::memory::{Location, buffer};
use crate::dll::module::Module;
use crate::dll::text::{Encoding, Width};
use crate::dll::types::wide_character;
use crate::error::{Error, ErrorKind};

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let read_string =
        |lua: &Lua, (value, length, encoding): (LuaValue, LuaValue, LuaValue)| string(lua, &value, &length, &encoding);
    table.set("string", lua.create_function(read_string)?)?;
    table.set(
        "encode",
        lua.create_function(|lua, (value, encoding): (LuaValue, LuaValue)| encode(lua, &value, &encoding))?,
    )?;
    table.set(
        "copy",
        lua.create_function(|_, (to, from, length): (LuaValue, LuaValue, LuaValue)| Ok(copy(&to, &from, &length)?))?,
    )?;
    table.set(
        "fill",
        lua.create_function(|_, (to, length, value): (LuaValue, LuaValue, LuaValue)| Ok(fill(&to, &length, &value)?))?,
    )?;
    let shared = module.clone();
    table.set(
        "read",
        lua.create_function(move |lua, (from, count): (LuaValue, LuaValue)| {
            lua.create_string(read(&shared, "dll.read", &from, &count)?)
        })?,
    )?;
    let shared = module.clone();
    table.set(
        "write",
        lua.create_function(move |_, (to, bytes): (LuaValue, LuaValue)| {
            let bytes = bytes_of("dll.write", &bytes)?.as_bytes().to_vec();
            Ok(Span::needed_or_address(&shared, "dll.write", &to)?.write(&"dll.write", &bytes)?)
        })?,
    )?;
    let shared = module.clone();
    let dump = move |lua: &Lua, (from, count): (LuaValue, LuaValue)| {
        let doing = "dll.hexdump";
        if let LuaValue::String(string) = &from {
            return lua.create_string(hexdump(0, &string.as_bytes()));
        }
        let location = Span::needed_or_address(&shared, doing, &from)?;
        let bytes = location.read(&doing, counted(doing, &location, &count)?)?;
        lua.create_string(hexdump(location.location.address(), &bytes))
    };
    table.set("hexdump", lua.create_function(dump)?)
}

/// The bytes at a location up to the zero, or as many as given, decoded from an encoding if one is given. A Lua string
/// stands for its own bytes; nil, which is NULL, stays nil. Wide characters up to their zero are decoded by default.
fn string(lua: &Lua, value: &LuaValue, count: &LuaValue, encoding: &LuaValue) -> mlua::Result<LuaValue> {
    let doing = "dll.string";
    let count = if count.is_nil() { None } else { Some(length(doing, count)?) };
    let given = if encoding.is_nil() { None } else { Some(argument::encoding(doing, encoding)?) };
    let text = |bytes: &[u8], encoding: Encoding| lua.create_string(encoding.decode(bytes)).map(LuaValue::String);
    match (value, count) {
        (LuaValue::Nil, _) => Ok(LuaValue::Nil),
        (LuaValue::String(string), count) => {
            let bytes = string.as_bytes();
            let end = count.map_or(bytes.len(), |count| bytes.len().min(usize::try_from(count).unwrap_or(usize::MAX)));
            text(&bytes[..end], given.unwrap_or(Encoding::Utf8))
        }
        (LuaValue::UserData(_), Some(count)) => {
            text(&Span::needed(doing, value)?.read(&doing, count)?, given.unwrap_or(Encoding::Utf8))
        }
        (LuaValue::UserData(_), None) => {
            let location = Span::needed(doing, value)?;
            let encoding = given.or(location.wide.map(Encoding::Wide)).unwrap_or(Encoding::Utf8);
            text(&location.location.read_to_zero(&doing, location.bytes, encoding.unit())?, encoding)
        }
        (other, _) => Err(wrong_type("a pointer, an object or a string", other).at(doing).into()),
    }
}

/// Converts a Lua string to another encoding, without a terminating zero.
fn encode(lua: &Lua, value: &LuaValue, encoding: &LuaValue) -> mlua::Result<LuaString> {
    let doing = "dll.encode";
    let bytes = bytes_of(doing, value)?.as_bytes();
    let encoded = argument::encoding(doing, encoding)?.encode(&bytes).map_err(|error| error.at(doing))?;
    lua.create_string(encoded)
}

/// Copies bytes from a location or a string. A string without a length includes the terminating zero, as in C.
fn copy(to: &LuaValue, from: &LuaValue, count: &LuaValue) -> Result<(), Error> {
    let doing = "dll.copy";
    let to = Span::needed(doing, to)?;
    if let LuaValue::String(string) = from {
        let mut bytes = string.as_bytes().to_vec();
        bytes.push(0);
        let count = if count.is_nil() { bytes.len() as u64 } else { length(doing, count)? };
        let Some(bytes) = usize::try_from(count).ok().and_then(|count| bytes.get(..count)) else {
            let message = format!("{doing}: {count} bytes exceed the string, which has {}", bytes.len() - 1);
            return Err(Error::new(ErrorKind::Range, message));
        };
        return to.write(&doing, bytes);
    }
    let from = Span::needed(doing, from)?;
    if count.is_nil() {
        return Err(Error::new(ErrorKind::Type, format!("{doing}: the number of bytes is missing")));
    }
    let count = length(doing, count)?;
    to.check(&doing, count)?;
    let bytes = from.read(&doing, count)?;
    to.write(&doing, &bytes)
}

/// Sets all bytes to one value, 0 by default.
fn fill(to: &LuaValue, count: &LuaValue, value: &LuaValue) -> Result<(), Error> {
    let doing = "dll.fill";
    let to = Span::needed(doing, to)?;
    let count = length(doing, count)?;
    let value = match value {
        LuaValue::Nil => 0,
        other => integer(other).ok().and_then(|value| u8::try_from(value).ok()).ok_or_else(|| {
            let message = format!("{doing}: expected a byte (an integer from 0 to 255), got {}", describe(other));
            Error::new(ErrorKind::Range, message)
        })?,
    };
    to.fill(&doing, count, value)
}

fn read(module: &Module, doing: &str, from: &LuaValue, count: &LuaValue) -> Result<Vec<u8>, Error> {
    let location = Span::needed_or_address(module, doing, from)?;
    location.read(&doing, counted(doing, &location, count)?)
}

/// The given number of bytes, or all of an object.
fn counted(doing: &str, location: &Span, count: &LuaValue) -> Result<u64, Error> {
    match (count, location.bytes) {
        (LuaValue::Nil, Some(bytes)) => Ok(bytes),
        (LuaValue::Nil, None) => Err(Error::new(ErrorKind::Type, format!("{doing}: the number of bytes is missing"))),
        (count, _) => length(doing, count),
    }
}

fn bytes_of<'a>(doing: &str, value: &'a LuaValue) -> Result<&'a LuaString, Error> {
    match value {
        LuaValue::String(string) => Ok(string),
        other => Err(wrong_type("a string", other).at(doing)),
    }
}

/// The size of the blocks that are filled at once.
const BLOCK: u64 = 1 << 20;

/// A location, and the number of bytes there, where it is known.
struct Span {
    location: Location,
    bytes: Option<u64>,
    is_const: bool,
    /// The wide character type, if it contains wide text.
    wide: Option<Width>,
}

impl Span {
    /// The target of a pointer, or an object.
    fn needed(doing: &str, value: &LuaValue) -> Result<Self, Error> {
        let Some(cdata) = cdata::of(value) else {
            return Err(wrong_type("a pointer or an object", value).at(doing));
        };
        let is_const = match cdata.ctype.ty.pointee() {
            Some(pointee) => pointee.is_const(),
            None => cdata.ctype.is_const,
        };
        let wide = wide_character(&cdata.ctype);
        Ok(Self { location: cdata.leads_to(&doing)?, bytes: cdata.bytes_there(), is_const, wide })
    }

    /// Like [`needed`](Self::needed); also accepts an address as a number, in the module's worker.
    fn needed_or_address(module: &Module, doing: &str, value: &LuaValue) -> Result<Self, Error> {
        let LuaValue::Integer(address) = value else {
            return Self::needed(doing, value);
        };
        let worker = module.worker(module.kind());
        let session = worker.session().map_err(|error| from_remote(error, worker, doing))?;
        let location = Location::foreign(*address as u64, AddressSpace::of(worker, &session));
        Ok(Self { location, bytes: None, is_const: false, wide: None })
    }

    fn read(&self, doing: &dyn fmt::Display, count: u64) -> Result<Vec<u8>, Error> {
        self.check(doing, count)?;
        self.location.read_bytes(doing, count)
    }

    fn write(&self, doing: &dyn fmt::Display, bytes: &[u8]) -> Result<(), Error> {
        self.check_writable(doing, bytes.len() as u64)?;
        self.location.write(doing, 0, bytes)
    }

    fn fill(&self, doing: &dyn fmt::Display, count: u64, value: u8) -> Result<(), Error> {
        self.check_writable(doing, count)?;
        let mut block = buffer(doing, count.min(BLOCK))?;
        block.fill(value);
        let mut done = 0;
        while done < count {
            let length = (count - done).min(BLOCK) as usize;
            self.location.write(doing, done, &block[..length])?;
            done += length as u64;
        }
        Ok(())
    }

    fn check_writable(&self, doing: &dyn fmt::Display, count: u64) -> Result<(), Error> {
        if self.is_const {
            return Err(Error::new(ErrorKind::Type, format!("{doing}: the memory is const and cannot be written")));
        }
        self.check(doing, count)
    }

    /// Checks the bounds of an object, even if it is part of another.
    fn check(&self, doing: &dyn fmt::Display, count: u64) -> Result<(), Error> {
        match self.bytes {
            Some(bytes) if count > bytes && !self.location.is_closed() => {
                let message = format!("{doing}: {count} bytes exceed the object, which has {bytes} there");
                Err(Error::new(ErrorKind::Range, message))
            }
            _ => Ok(()),
        }
    }
}

/// A number of bytes.
fn length(doing: &str, value: &LuaValue) -> Result<u64, Error> {
    integer(value).ok().and_then(|length| u64::try_from(length).ok()).ok_or_else(|| {
        let message = format!("{doing}: expected a non-negative integer as the length, got {}", describe(value));
        Error::new(ErrorKind::Range, message)
    })
}
